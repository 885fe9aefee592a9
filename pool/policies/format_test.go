package policies

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// Two roads, one policy: what Format writes Parse reads.
func TestFormatParses(t *testing.T) {
	for seed := range uint64(2000) {
		p := random(rand.New(rand.NewPCG(seed, 0)))
		require.NoError(t, p.Client.Validate())
		require.Empty(t, p.Shared.Faults())
		got, err := Parse("x.yaml", Format(p))
		require.NoError(t, err, "%s", Format(p))
		require.Equal(t, p, got, "%s", Format(p))
	}
}

func random(r *rand.Rand) Policy {
	d := func(least time.Duration) time.Duration {
		return least + time.Duration(r.Int64N(int64([]time.Duration{1000, time.Millisecond, time.Minute, 20 * time.Hour}[r.IntN(4)])))
	}
	p := heal.Policy{
		Name: "p", HandshakeTimeout: d(1), ProveTimeout: d(1), PingEvery: d(heal.Shortest) * time.Duration(r.IntN(2)), PingTimeout: d(1),
		ExpectPing: d(0), WriteStall: d(1), CheckEvery: d(heal.Shortest) * time.Duration(r.IntN(2)), DrainTimeout: d(0),
		First:       heal.First{Rule: heal.FirstRule(r.IntN(3))},
		Backoff:     heal.Backoff{Base: d(1), Factor: 1 + r.Float64()*float64(r.IntN(2)*1000), Jitter: heal.Jitter(r.IntN(5))},
		StableAfter: d(0), ResetOn: heal.ResetOn(r.IntN(2)), Heed: r.IntN(2) == 0,
	}
	if r.IntN(2) == 0 {
		p.StableAfter %= 10 * time.Hour
		p.Lifetime = 2*p.StableAfter + time.Millisecond + d(1)/8
	}
	p.PingTimeoutMin = time.Duration(r.Int64N(int64(p.PingTimeout) + 1))
	if p.First.Rule == heal.Spread {
		p.First.Within = d(1)
	}
	if r.IntN(3) > 0 || p.Backoff.Jitter == heal.Decorrelated || p.Backoff.Jitter == heal.Uniform {
		p.Backoff.Cap = p.Backoff.Base + time.Duration(1+r.IntN(1000))
	}
	b := &p.Backoff
	b.CapLast, b.Plain, b.Tries = r.IntN(4) == 0, uint8(r.IntN(3)), uint16(r.IntN(3))
	b.Next = d(0)
	switch r.IntN(5) {
	case 0:
		b.Base, b.Cap, b.Factor, b.Jitter = 0, 0, 0, heal.Equal
		b.Table = []time.Duration{0, d(1), d(0)}[r.IntN(2):]
	case 1:
		b.Jitter, b.Low, b.High = heal.Scaled, r.Float64(), 1+r.Float64()
	case 2:
		b.Jitter = heal.Added
	case 3:
		b.BaseMost = b.Base + d(0)/100
	}
	for range r.IntN(3) {
		rule := heal.Rule{Cause: heal.Cause(1 + r.IntN(len(causes))), Verdict: heal.Verdict(1 + r.IntN(len(verdicts)))}
		switch rule.Cause {
		case heal.Status:
			rule.From = uint16(100 + r.IntN(400))
			rule.To = rule.From + uint16(r.IntN(2)*r.IntN(100))
		case heal.CloseFrame:
			rule.From = uint16(1000 + r.IntN(3000))
			rule.To = rule.From + uint16(r.IntN(2)*r.IntN(1000))
		}
		p.Rules = append(p.Rules, rule)
	}
	return Policy{p, randomShared(r, d)}
}

func randomShared(r *rand.Rand, d func(time.Duration) time.Duration) (c crowd.Policy) {
	maybe := func(set func()) {
		if r.IntN(2) == 0 {
			set()
		}
	}
	portion := func() float64 { // sometimes whole percents, sometimes not
		if r.IntN(2) == 0 {
			return float64(1+r.IntN(100)) / 100
		}
		return 1 - r.Float64()
	}
	c.Balance = crowd.Balance(r.IntN(3))
	for _, share := range []*float64{&c.StormShare, &c.EjectShare, &c.PanicBelow, &c.RebalanceRate} {
		maybe(func() { *share = portion() })
	}
	for _, n := range []*int{&c.StormLeast, &c.Dials, &c.EndpointDials, &c.EjectAfter, &c.Probes} {
		maybe(func() { *n = 1 + r.IntN(1000) })
	}
	for _, f := range []*float64{&c.LatencyFactor, &c.Budget, &c.BudgetCost, &c.RebalanceAt} {
		maybe(func() { *f = 1.001 + 100*r.Float64() })
	}
	maybe(func() { c.RebalanceAt = -1 })
	for _, at := range []*time.Duration{&c.StormWindow, &c.StormSpread, &c.Floor, &c.EjectFor, &c.ProbeLease, &c.WarmUp, &c.FailbackHold, &c.RebalanceAfter} {
		maybe(func() { *at = d(1) })
	}
	if c.EjectFor > 0 || r.IntN(2) == 0 { // the first ejection is no longer than the longest
		c.EjectCap = min(max(c.EjectFor, 30*time.Second)+d(1), 24*time.Hour)
	}
	return c
}

func TestFormat(t *testing.T) {
	source, _ := Source("default")
	p, err := Parse("default.yaml", []byte(source))
	require.NoError(t, err)
	p.Client.Rules = []heal.Rule{{Cause: heal.CloseFrame, From: 4000, To: 4099, Verdict: heal.Pointless}, {Cause: heal.Status, From: 403, To: 403, Verdict: heal.Elsewhere}, {Cause: heal.DNS, Verdict: heal.Retry}}
	p.Shared.RebalanceAt = -1
	assert.Equal(t, `name: default
handshake_timeout: 5s
prove_timeout: 5s
ping: {every: 10s, timeout: 3s, timeout_min: 2s}
expect_ping: 0s
write_stall: 10s
check: {every: 0s}
lifetime: 0s
drain_timeout: 5s
first: {spread: 5s}
backoff: {base: 5s, cap: 30s, factor: 1.25, jitter: equal, next: 1s}
stable_after: 5s
reset_on: stable
heed_server: true
rules:
  - {cause: close, codes: 4000-4099, then: give-up}
  - {cause: status, codes: 403, then: elsewhere}
  - {cause: dns, then: retry}
shared:
  balance: power-of-two
  storm: {share: 20%, least: 8, window: 1s, spread: 5s}
  admission: {dials: 256, endpoint_dials: 64, latency_factor: 2}
  budget: {tokens: 500, cost: 5, floor: 10s}
  ejection: {after: 5, for: 30s, cap: 5m0s, share: 50%, probes: 1, probe_lease: 30s, panic_below: 50%}
  warm_up: 30s
  failback: 1m0s
  rebalance: {at: never, after: 1m0s, rate: 1%}
`, string(Format(p)))
}

// FuzzParse: whatever comes in, there is an answer, and a policy that is accepted is
// valid and survives being written and read again.
func FuzzParse(f *testing.F) {
	for _, name := range Names() {
		source, _ := Source(name)
		f.Add([]byte(source))
	}
	for _, seed := range []string{
		"base: naive\nfirst: {spread: 2s}", "{base: default, ping: {every: 0s}}", "base: &a default\nfirst: *a",
		"? base\n: default", "<<: {base: default}", "- default", "base: !!str default", "base: |\n  default",
		"base: default\nrules: [{cause: close, codes: 4000-4099, then: give-up}, {cause: x}]", "base: naive\nshared: {storm: {share: 1e-9}, rebalance: {at: never}}",
		"base: default\nbackoff: {factor: .inf}", "base: default\nbackoff:\n  factor: 1e400", "a: [", "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("x.yaml", data)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.NoError(t, p.Client.Validate())
		again, err := Parse("x.yaml", Format(p))
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}
