package scenarios

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const foreignText = `scenario: theirs
targets: {blue: {url: "ws://127.0.0.1:9001/chat"}}
clients: {count: 30, command: [node, clients.js, "{url}", "--n={count}"]}
faults: [{name: cut, inject: reset, share: 50%}]
`

func TestClientsOfOthers(t *testing.T) {
	s, err := Parse("theirs.yaml", []byte(foreignText), Options{})
	require.NoError(t, err)
	assert.True(t, s.Foreign())
	assert.True(t, s.Proxied(), "somebody must see them")
	assert.Equal(t, "none", s.Load.Pattern, "what they send is theirs")
	assert.Zero(t, s.Load.Rate)
	assert.Equal(t, OwnPolicy, s.Clients.Policy.Name)
	assert.Equal(t, []string{"node", "clients.js", "ws://127.0.0.1:7/chat", "--n=30"}, s.Clients.Arguments("ws://127.0.0.1:7/chat", "30"))

	again, err := Parse("again.yaml", s.YAML(), Options{})
	require.NoError(t, err, "%s", s.YAML())
	assert.Equal(t, s, again)
}

func TestClientsOfOthersAreNotToldWhatIsTheirs(t *testing.T) {
	for set, want := range map[string]string{
		"clients.policy=default":     "clients.policy: expected none where command has the clients",
		"clients.sharing=shared":     "clients.sharing: expected none where command has the clients",
		"clients.ramp=1s":            "clients.ramp: expected none where command has the clients",
		"clients.command=[]":         "clients.command: expected a program and its arguments, got nothing",
		"gates=[messages.lost == 0]": "expected clients of the pool (no clients.command), as the wire does not show it of others",
		"gates=[detect.p50 < 1s]":    "expected clients of the pool (no clients.command), as the wire does not show it of others",
		"steady_state=[clients.usable == 100%, latency.p99 < 50ms]": "expected clients of the pool (no clients.command), as the wire does not show it of others",
		"load.pattern=echo":                           "load.pattern: expected none where clients.command has the clients",
		"targets.blue={url: wss://127.0.0.1:9001/}":   "clients.command: expected a target without TLS",
		"faults.0={name: cut, inject: slow_consumer}": "needs clients of the pool, and clients.command has others",
	} {
		_, err := Parse("theirs.yaml", []byte(foreignText), Options{Set: []string{set}})
		assert.ErrorContains(t, err, want, set)
	}
}
