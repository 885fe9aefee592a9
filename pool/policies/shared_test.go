package policies

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// TestSharedOfDefault: it spells out what crowd.Policy documents as its zero values' meaning.
func TestSharedOfDefault(t *testing.T) {
	source, _ := Source("default")
	p, err := Parse("default.yaml", []byte(source))
	require.NoError(t, err)
	assert.Equal(t, crowd.Policy{
		Balance:    crowd.PowerOfTwo,
		StormShare: 0.2, StormLeast: 8, StormWindow: time.Second, StormSpread: 5 * time.Second,
		Dials: 256, EndpointDials: 64, LatencyFactor: 2,
		Budget: 500, BudgetCost: 5, Floor: 10 * time.Second,
		EjectAfter: 5, EjectFor: 30 * time.Second, EjectCap: 300 * time.Second, EjectShare: 0.5,
		Probes: 1, ProbeLease: 30 * time.Second, WarmUp: 30 * time.Second, PanicBelow: 0.5, FailbackHold: time.Minute,
		RebalanceAt: 1.25, RebalanceAfter: time.Minute, RebalanceRate: 0.01,
	}, p.Shared)
}

// TestEveryFieldIsExplained in the default policy, and every field of the policies can be
// written.
func TestEveryFieldIsExplained(t *testing.T) {
	source, _ := Source("default")
	d := parse("default.yaml", []byte(source), nil)
	for _, f := range fields {
		switch f.path {
		case "first": // written as first.spread
		case "backoff.table", "backoff.base_most", "backoff.low", "backoff.high": // there is no value that is none
			assert.Regexp(t, `(?m)^  # .*\b`+strings.TrimPrefix(f.path, "backoff.")+`: `, source)
		default:
			assert.Contains(t, d.lines, f.path)
		}
	}
	assert.Contains(t, d.lines, "rules")

	// Written as a file of its own, each value differs from zero, so each field of the two
	// structs has a place in the text.
	p, err := Parse("x.yaml", []byte(strings.NewReplacer(
		"expect_ping: 0s", "expect_ping: 1s", "every: 0s", "every: 1s", "lifetime: 0s", "lifetime: 1h",
		"reset_on: stable", "reset_on: open", "power-of-two\n", "round-robin\n",
		"rules: []", "rules: [{cause: tls, then: retry}]",
	).Replace(source)))
	require.NoError(t, err)
	for _, v := range []reflect.Value{reflect.ValueOf(p.Client), reflect.ValueOf(p.Shared)} {
		for i := range v.NumField() {
			switch name := v.Type().Field(i).Name; name {
			case "Refreshable", "Shared", "Endpoints": // the driver's
			default:
				assert.False(t, v.Field(i).IsZero(), "%s.%s", v.Type(), name)
			}
		}
	}
}

func TestSharedTellsAllMistakes(t *testing.T) {
	_, err := Parse("p.yaml", []byte(`
base: default
shared:
  balance: random
  storm: {share: 0%, least: 0, window: 0s, spread: soon, limit: 3}
  admission: {dials: -1, endpoint_dials: 2.5, latency_factor: 1}
  budget: {tokens: 0, cost: .inf, floor: 25h}
  ejection: 5
  warm_up: {}
  rebalance: {at: 1, rate: 120%}
  failover: 1s
`))
	assert.EqualError(t, err, `p.yaml:4: shared.balance: expected power-of-two, round-robin or least-connections, got "random"
p.yaml:5: shared.storm.share: expected a share above 0, like 20%, got "0%"
p.yaml:5: shared.storm.least: expected a whole number from 1 to 1000000, got "0"
p.yaml:5: shared.storm.window: expected a duration above 0, at most 24h, got "0s"
p.yaml:5: shared.storm.spread: expected a duration above 0, at most 24h, got "soon"
p.yaml:5: shared.storm.limit: expected one of share, least, window, spread
p.yaml:6: shared.admission.dials: expected a whole number from 1 to 1000000, got "-1"
p.yaml:6: shared.admission.endpoint_dials: expected a whole number from 1 to 1000000, got "2.5"
p.yaml:6: shared.admission.latency_factor: expected a number above 1, got "1"
p.yaml:7: shared.budget.tokens: expected a number above 0, got "0"
p.yaml:7: shared.budget.cost: expected a number above 0, got ".inf"
p.yaml:7: shared.budget.floor: expected a duration above 0, at most 24h, got "25h"
p.yaml:8: shared.ejection: expected {after, for, cap, share, probes, probe_lease, panic_below}, got a single value
p.yaml:9: shared.warm_up: expected a duration above 0, at most 24h, got a mapping
p.yaml:10: shared.rebalance.at: expected a number above 1, or never, got "1"
p.yaml:10: shared.rebalance.rate: expected a share above 0, like 20%, got "120%"
p.yaml:11: shared.failover: expected one of balance, storm, admission, budget, ejection, warm_up, failback, rebalance`)
}

// TestSharedFaults: values that are well written and do not go together.
func TestSharedFaults(t *testing.T) {
	_, err := Parse("p.yaml", []byte("base: default\nshared:\n  ejection:\n    for: 10m"))
	assert.EqualError(t, err, "p.yaml:3: shared.ejection.cap: expected at least the first ejection, 10m0s, got 5m0s")
}

func TestSharedChangesItsBase(t *testing.T) {
	p, err := Parse("p.yaml", []byte("base: default\nshared: {storm: {spread: 20s}, rebalance: {at: never}}"))
	require.NoError(t, err)
	want, err := Parse("p.yaml", []byte("base: default"))
	require.NoError(t, err)
	want.Shared.StormSpread, want.Shared.RebalanceAt = 20*time.Second, -1
	assert.Equal(t, want, p)
}

// TestOlderFiles: a whole policy that was written before there were the newer fields
// means what it meant.
func TestOlderFiles(t *testing.T) {
	p, err := Parse("p.yaml", []byte(`
handshake_timeout: 5s
prove_timeout: 5s
ping: {every: 10s, timeout: 3s}
first: backoff
backoff: {base: 1s, cap: 30s, factor: 2, jitter: equal}
stable_after: 5s
reset_on: stable
heed_server: true
`))
	require.NoError(t, err)
	assert.Equal(t, Policy{Client: heal.Policy{
		Name: "p", HandshakeTimeout: 5 * time.Second, ProveTimeout: 5 * time.Second,
		PingEvery: 10 * time.Second, PingTimeout: 3 * time.Second, WriteStall: 10 * time.Second,
		First:       heal.First{Rule: heal.ByBackoff},
		Backoff:     heal.Backoff{Base: time.Second, Cap: 30 * time.Second, Factor: 2, Jitter: heal.Equal},
		StableAfter: 5 * time.Second, Heed: true,
	}}, p)
}

// TestTimeoutMinFollows: whoever shortens the timeout alone is understood.
func TestTimeoutMinFollows(t *testing.T) {
	for yaml, want := range map[string]time.Duration{
		"ping: {timeout: 500ms}":                  500 * time.Millisecond,
		"ping: {timeout: 8s}":                     2 * time.Second,
		"ping: {timeout: 1s, timeout_min: 100ms}": 100 * time.Millisecond,
		"ping: {timeout: 500ms, timeout_min: 0s}": 0,
	} {
		p, err := Parse("p.yaml", []byte("base: default\n"+yaml))
		require.NoError(t, err, yaml)
		assert.Equal(t, want, p.Client.PingTimeoutMin, yaml)
	}
}
