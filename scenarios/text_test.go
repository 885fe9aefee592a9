package scenarios

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAByteOrderMarkIsNoPartOfTheScenario(t *testing.T) {
	want, err := Parse("least.yaml", []byte(least), Options{})
	require.NoError(t, err)
	got, err := Parse("least.yaml", []byte("\ufeff"+least), Options{})
	require.NoError(t, err)
	assert.Equal(t, want, got)
	got, err = Parse("least.yaml", []byte("\ufeff"+least[1:]), Options{})
	require.NoError(t, err, "right before the first key")
	assert.Equal(t, want, got)
}

func TestAScenarioIsUTF8Text(t *testing.T) {
	for data, want := range map[string]string{
		least + "about: caf\xe9\n":     "x.yaml:5: expected UTF-8 text",
		"\xff\xfes\x00c\x00e\x00":      "x.yaml:1: expected UTF-8 text", // UTF-16
		"scenario: \xc3\x28\nabout: [": "x.yaml:1: expected UTF-8 text",
		"scenario: a\n# \xed\xa0\x80":  "x.yaml:2: expected UTF-8 text", // half of a surrogate pair
	} {
		_, err := Parse("x.yaml", []byte(data), Options{})
		assert.EqualError(t, err, want, "%q", data)
	}
	_, err := Parse("x.yaml", []byte(least), Options{Set: []string{"about=caf\xe9"}})
	assert.ErrorContains(t, err, ": expected a value in YAML: expected UTF-8 text")
}
