package scenarios

import (
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

// Every kind of fault that chaos has can be written in a scenario.
func TestEveryKindHasItsPlaceInTheFormat(t *testing.T) {
	for _, k := range chaos.Kinds() {
		s, err := Parse("kind.yaml", []byte("scenario: kind\ntargets: {blue: {embedded: {tls: "+strconv.FormatBool(chaos.NeedsTLS(k.New()))+"}, zone: a, host: blue.test}}\nclients: {count: 1}\nfaults:\n  - "+k.Example+"\n"), Options{})
		require.NoError(t, err, k.Name)
		assert.Equal(t, k.Name, s.Faults[0].Effect.Kind())
	}
}

// What a type of attribute accepts fits into the Go field, and is written as it can be
// read back.
func TestTypesOfAttributes(t *testing.T) {
	var all struct {
		Duration time.Duration
		Share    float64
		Rate     float64
		Size     int64
		Integer  int
		Boolean  bool
		Text     string
		Choice   chaos.Direction
	}
	for _, c := range []struct {
		to          any
		words, text string
		want        any
	}{
		{&all.Duration, "duration", "1m30s", 90 * time.Second},
		{&all.Share, "share", "30%", 0.3},
		{&all.Rate, "rate", "5/s", 5.0},
		{&all.Size, "size", "2048", int64(2048)},
		{&all.Integer, "integer", "7", 7},
		{&all.Boolean, "boolean", "true", true},
		{&all.Text, "text", "hello", "hello"},
		{&all.Choice, "both | up | down", "up", chaos.Up},
	} {
		field := reflect.ValueOf(c.to).Elem()
		require.NoError(t, attributeType(c.words).check(c.text))
		require.NoError(t, assign(field, c.words, c.text))
		assert.Equal(t, c.want, field.Interface(), c.words)
		assert.Equal(t, c.text, written(field, c.words))
	}
}
