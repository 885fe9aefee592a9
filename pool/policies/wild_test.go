package policies

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// Those who copy a client of the wild make as many attempts as it: everybody is lost at 0
// and fails at once, and from 30 s to 120 s each client tries so often in a minute. The
// figures are of a simulation of their sources' formulas.
func TestWildPoliciesTryAsOften(t *testing.T) {
	for name, want := range map[string]float64{
		"partysocket": 6.0, "phoenix.js": 12.0, "pusher-js": 60, "nats.go": 29.3, "ably-js": 2.6, "grpc-go": 1.9,
		"socket.io": 12.0, "reconnecting-websocket": 6.0, "centrifuge-js": 5.7, "fixed": 60, "signalr": 1 / 1.5,
	} {
		p, err := Lookup(name)
		require.NoError(t, err)
		p.Backoff.Tries *= 100 / max(1, p.Backoff.Tries) // nats.go would give up, and signalr has but one try left
		if name == "signalr" {
			p.Backoff.Tries = 4
		}
		const clients, from, to = 1000, heal.Instant(30 * time.Second), heal.Instant(2 * time.Minute)
		tries := 0
		for client := range uint64(clients) {
			for _, at := range attempts(&p, client, to) {
				if at >= from {
					tries++
				}
			}
		}
		assert.InEpsilon(t, want, float64(tries)/clients/1.5, 0.05, name)
	}
}

// attempts are the moments at which a client that is lost at 0 dials until a moment, if
// each dial fails at once.
func attempts(p *heal.Policy, client uint64, until heal.Instant) (dials []heal.Instant) {
	r := heal.Rand{Seed: 7, Client: client}
	s := heal.State{Phase: heal.Stable, Gen: 1, Live: 1}
	now, ev := heal.Instant(0), heal.Event{Kind: heal.Lost, Gen: 1, Cause: heal.Reset}
	for now < until && s.Phase != heal.GaveUp {
		orders := heal.Step(now, ev, &s, p, r)
		if s.Phase == heal.Dialing {
			dials = append(dials, now)
			ev = heal.Event{Kind: heal.Failed, Gen: s.Gen, Cause: heal.Refused}
			continue
		}
		for _, o := range orders.All() {
			if o.Kind == heal.Arm {
				now, ev = o.At, heal.Event{Kind: heal.TimerFired, Timer: o.Timer}
			}
		}
	}
	return dials
}

// A scenario that changes how a preset's steps are written gets only what it writes.
func TestOneWayOfSteps(t *testing.T) {
	p, err := Parse("x.yaml", []byte("base: default\nbackoff: {table: [0s, 1s], jitter: none}"))
	require.NoError(t, err)
	assert.Equal(t, heal.Backoff{Table: []time.Duration{0, time.Second}, Next: time.Second}, p.Client.Backoff)

	p, err = Parse("x.yaml", []byte("base: phoenix.js\nbackoff: {base: 1s, cap: 2s, factor: 2}"))
	require.NoError(t, err)
	assert.Equal(t, heal.Backoff{Base: time.Second, Cap: 2 * time.Second, Factor: 2}, p.Client.Backoff)

	p, err = Parse("x.yaml", []byte("base: socket.io\nbackoff: {jitter: full}"))
	require.NoError(t, err)
	assert.Equal(t, heal.Backoff{Base: time.Second, Cap: 5 * time.Second, Factor: 2, Jitter: heal.Full, CapLast: true}, p.Client.Backoff)

	for text, want := range map[string]string{
		"base: default\nbackoff: {table: 1s}":                               "x.yaml:2: backoff.table: expected a list of durations, like [0s, 2s, 10s], got a single value",
		"base: default\nbackoff: {table: [1s, soon]}":                       "x.yaml:2: backoff.table: expected a list of durations, like [0s, 2s, 10s], got [1s, soon]",
		"base: default\nbackoff: {table: [1s, [2s]]}":                       "x.yaml:2: backoff.table: expected a list of durations, like [0s, 2s, 10s], got a list in it",
		"base: default\nbackoff: {table: []}":                               "x.yaml:2: backoff.table: expected a list of durations, like [0s, 2s, 10s], got []",
		"base: default\nbackoff: {tries: -1}":                               "x.yaml:2: backoff.tries: expected a whole number from 0 to 10000, got \"-1\"",
		"base: default\nbackoff: {jitter: scaled}":                          "x.yaml:2: backoff.low: expected less than high, both from 0 to 10, got 0 to 0",
		"base: default\nbackoff: {table: [1s], factor: 2}":                  "x.yaml:2: backoff.table: expected no base, cap and factor beside it, got [1s]",
		"base: default\nbackoff: {table: [0s, -1s], jitter: none}":          "x.yaml:2: backoff.table.1: expected a duration of at least 0s, at most 24h, got -1s",
		"base: default\nbackoff: {jitter: scaled, low: 2, high: 1}":         "x.yaml:2: backoff.low: expected less than high, both from 0 to 10, got 2 to 1",
		"base: default\nbackoff: {jitter: none, base_most: 1ms, base: 20s}": "x.yaml:2: backoff.base_most: expected a duration of at least 20s, at most 24h, got 1ms",
	} {
		_, err := Parse("x.yaml", []byte(text))
		assert.EqualError(t, err, want, text)
	}
}
