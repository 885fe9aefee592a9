package policies

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// Two roads, one policy: what Format writes Parse reads.
func TestFormatParses(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 0))
		d := func(least time.Duration) time.Duration {
			return least + time.Duration(r.Int64N(int64([]time.Duration{1000, time.Millisecond, time.Minute, 20 * time.Hour}[r.IntN(4)])))
		}
		p := heal.Policy{
			Name: "p", HandshakeTimeout: d(1), ProveTimeout: d(1), PingEvery: d(0), PingTimeout: d(1),
			First:       heal.First{Rule: heal.FirstRule(r.IntN(3))},
			Backoff:     heal.Backoff{Base: d(1), Factor: 1 + r.Float64()*float64(r.IntN(2)*1000), Jitter: heal.Jitter(r.IntN(4))},
			StableAfter: d(0), ResetOn: heal.ResetOn(r.IntN(2)), Heed: r.IntN(2) == 0,
		}
		if p.First.Rule == heal.Spread {
			p.First.Within = d(1)
		}
		if r.IntN(3) > 0 || p.Backoff.Jitter == heal.Decorrelated {
			p.Backoff.Cap = p.Backoff.Base + time.Duration(1+r.IntN(1000))
		}
		require.NoError(t, p.Validate())
		got, err := Parse("x.yaml", Format(p))
		require.NoError(t, err, "%s", Format(p))
		require.Equal(t, p, got)
	}
}

func TestFormat(t *testing.T) {
	assert.Equal(t, `name: default
handshake_timeout: 5s
prove_timeout: 5s
ping: {every: 10s, timeout: 3s}
first: {spread: 5s}
backoff: {base: 1s, cap: 30s, factor: 2, jitter: equal}
stable_after: 5s
reset_on: stable
heed_server: true
`, string(Format(lookup(t, "default"))))
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
		require.NoError(t, p.Validate())
		again, err := Parse("x.yaml", Format(p))
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}
