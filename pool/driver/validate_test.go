package driver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

func TestOpenNamesEverythingThatCannotWork(t *testing.T) {
	_, err := Open(Options{
		Clients:     -1,
		Endpoints:   []Endpoint{{URL: "http://a"}, {URL: "ws://"}, {URL: "ws://u:p@a"}, {URL: "a"}, {URL: "ws://a", Weight: -1}},
		Guarantee:   AtLeastOnce,
		QueueFrames: -1,
		QueueBytes:  -1,
		MaxMessage:  -1,
		MaxFrame:    -1,
		Shards:      -1,
	})
	require.Error(t, err)
	lines := strings.Split(err.Error(), "\n")
	for _, line := range lines {
		assert.True(t, strings.HasPrefix(line, "fleet: "), line)
	}
	for _, want := range []string{
		"Clients: expected at least 0, got -1", "Endpoints[0].URL", "Endpoints[1].URL", "Endpoints[2].URL", "Endpoints[3].URL", "endpoints.4.weight",
		"handshake_timeout", "prove_timeout", "Ack: ", "QueueFrames", "QueueBytes", "MaxMessage", "MaxFrame", "Shards",
	} {
		assert.Contains(t, err.Error(), want)
	}
	_, err = Open(Options{Policy: patient()})
	assert.EqualError(t, err, "fleet: Endpoints: "+crowd.ErrNoEndpoints.Error())
}

func TestOpenLeavesTheCallersOptionsAlone(t *testing.T) {
	o := Options{Clients: 1, Policy: patient(), Endpoints: []Endpoint{{URL: "ws://a", Priority: 2}}}
	p, err := Open(o)
	require.NoError(t, err)
	require.NoError(t, p.Close(t.Context()))
	assert.Empty(t, o.Policy.Endpoints)
	assert.True(t, o.Epoch.IsZero())
	assert.Equal(t, []heal.Endpoint{{Priority: 2}}, p.options.Policy.Endpoints)
}
