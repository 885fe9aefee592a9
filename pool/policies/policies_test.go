package policies

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

func TestLibrary(t *testing.T) {
	want := map[string]heal.Policy{
		"default": {
			Name: "default", HandshakeTimeout: 5 * time.Second, ProveTimeout: 5 * time.Second,
			PingEvery: 10 * time.Second, PingTimeout: 3 * time.Second, PingTimeoutMin: 2 * time.Second, WriteStall: 10 * time.Second,
			DrainTimeout: 5 * time.Second,
			First:        heal.First{Rule: heal.Spread, Within: 5 * time.Second},
			Backoff:      heal.Backoff{Base: 5 * time.Second, Cap: 30 * time.Second, Factor: 1.25, Jitter: heal.Equal, Next: time.Second},
			StableAfter:  5 * time.Second, ResetOn: heal.OnStable, Heed: true,
		},
		"full-jitter": {
			Name: "full-jitter", HandshakeTimeout: 5 * time.Second, ProveTimeout: 5 * time.Second,
			PingEvery: 10 * time.Second, PingTimeout: 3 * time.Second, PingTimeoutMin: 2 * time.Second, WriteStall: 10 * time.Second,
			First:       heal.First{Rule: heal.ByBackoff},
			Backoff:     heal.Backoff{Base: 500 * time.Millisecond, Cap: 20 * time.Second, Factor: 2, Jitter: heal.Full},
			StableAfter: 5 * time.Second, ResetOn: heal.OnStable, Heed: true,
		},
		"naive": {
			Name: "naive", HandshakeTimeout: 5 * time.Second, ProveTimeout: 5 * time.Second,
			PingEvery: 10 * time.Second, PingTimeout: 3 * time.Second, PingTimeoutMin: 2 * time.Second, WriteStall: 10 * time.Second,
			First:       heal.First{Rule: heal.AtOnce},
			Backoff:     heal.Backoff{Base: time.Second, Cap: time.Second, Factor: 1, Jitter: heal.NoJitter},
			StableAfter: 5 * time.Second, ResetOn: heal.OnOpen, Heed: false,
		},
	}
	for name, want := range want {
		p, err := Lookup(name)
		require.NoError(t, err)
		assert.Equal(t, want, p)
	}
	assert.Equal(t, []string{
		"ably-js", "centrifuge-js", "decorrelated", "default", "equal-jitter", "exponential", "fixed", "full-jitter",
		"grpc-go", "naive", "nats.go", "partysocket", "phoenix.js", "pusher-js", "reconnecting-websocket",
		"server-hinted", "signalr", "socket.io", "uniform-window",
	}, Names())
	for _, name := range Names() {
		p, err := Lookup(name)
		require.NoError(t, err)
		assert.Equal(t, name, p.Name)
		assert.Regexp(t, `^[A-Z].+\.$`, About(name), "a sentence about %s", name)
		source, _ := Source(name)
		assert.Regexp(t, `(?s)^# .{80,}\n\nname: `, source, "where %s is from", name)
	}
}

func TestUnknownName(t *testing.T) {
	_, err := Lookup("fulljitter")
	assert.EqualError(t, err, "policy fulljitter: expected one of "+strings.Join(Names(), ", "))
	for _, name := range []string{"", "..", "../library/default", "default.yaml"} {
		_, ok := Source(name)
		assert.False(t, ok, name)
		assert.Empty(t, About(name))
	}
}
