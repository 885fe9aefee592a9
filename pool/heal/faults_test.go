package heal

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestFaults(t *testing.T) {
	const second, day = time.Second, 24 * time.Hour
	tests := []struct {
		field string
		set   func(p *Policy)
	}{
		{"handshake_timeout", func(p *Policy) { p.HandshakeTimeout = 0 }},
		{"handshake_timeout", func(p *Policy) { p.HandshakeTimeout = day + 1 }},
		{"prove_timeout", func(p *Policy) { p.ProveTimeout = -1 }},
		{"ping.every", func(p *Policy) { p.PingEvery = -1 }},
		{"ping.timeout", func(p *Policy) { p.PingTimeout = 0 }},
		{"ping.timeout", func(p *Policy) { p.PingEvery, p.PingTimeout = 0, -1 }},
		{"first.spread", func(p *Policy) { p.First.Within = 0 }},
		{"first.spread", func(p *Policy) { p.First.Rule = ByBackoff }},
		{"first", func(p *Policy) { p.First.Rule = 9 }},
		{"backoff.base", func(p *Policy) { p.Backoff.Base = 0 }},
		{"backoff.cap", func(p *Policy) { p.Backoff.Cap = p.Backoff.Base - 1 }},
		{"backoff.cap", func(p *Policy) { p.Backoff.Jitter, p.Backoff.Cap = Decorrelated, p.Backoff.Base }},
		{"backoff.cap", func(p *Policy) { p.Backoff.Jitter, p.Backoff.Cap = Decorrelated, 2*day }},
		{"backoff.cap", func(p *Policy) { p.Backoff.Jitter, p.Backoff.Cap = Uniform, p.Backoff.Base }},
		{"ping.timeout_min", func(p *Policy) { p.PingTimeoutMin = -1 }},
		{"ping.timeout_min", func(p *Policy) { p.PingTimeoutMin = p.PingTimeout + 1 }},
		{"expect_ping", func(p *Policy) { p.ExpectPing = -1 }},
		{"write_stall", func(p *Policy) { p.WriteStall = -1 }},
		{"write_stall", func(p *Policy) { p.WriteStall = day + 1 }},
		{"check.every", func(p *Policy) { p.CheckEvery = -1 }},
		{"lifetime", func(p *Policy) { p.Lifetime = -1 }},
		{"lifetime", func(p *Policy) { p.Lifetime = p.StableAfter * 10 / 9 }},
		{"lifetime", func(p *Policy) { p.Lifetime = day + 1 }},
		{"drain_timeout", func(p *Policy) { p.DrainTimeout = -1 }},
		{"rules.0.cause", func(p *Policy) { p.Rules = []Rule{{Verdict: Retry}} }},
		{"rules.0.cause", func(p *Policy) { p.Rules = []Rule{{Cause: 99, Verdict: Retry}} }},
		{"rules.1.codes", func(p *Policy) { p.Rules = []Rule{{TLS, 0, 0, Retry}, {Status, 500, 499, Retry}} }},
		{"rules.0.then", func(p *Policy) { p.Rules = []Rule{{Cause: TLS}} }},
		{"rules.0.then", func(p *Policy) { p.Rules = []Rule{{Cause: TLS, Verdict: 9}} }},
		{"backoff.factor", func(p *Policy) { p.Backoff.Factor = 0.5 }},
		{"backoff.factor", func(p *Policy) { p.Backoff.Factor = math.NaN() }},
		{"backoff.factor", func(p *Policy) { p.Backoff.Factor = math.Inf(1) }},
		{"backoff.jitter", func(p *Policy) { p.Backoff.Jitter = 9 }},
		{"backoff.low", func(p *Policy) { p.Backoff.Jitter, p.Backoff.Low, p.Backoff.High = Scaled, 1, 1 }},
		{"backoff.low", func(p *Policy) { p.Backoff.Jitter, p.Backoff.High = Scaled, 11 }},
		{"backoff.low", func(p *Policy) { p.Backoff.Jitter, p.Backoff.Low, p.Backoff.High = Scaled, math.NaN(), 1 }},
		{"backoff.low", func(p *Policy) { p.Backoff.High = 1 }},
		{"backoff.base_most", func(p *Policy) { p.Backoff.BaseMost = p.Backoff.Base - 1 }},
		{"backoff.base_most", func(p *Policy) { p.Backoff = Backoff{Table: []time.Duration{second}, BaseMost: second} }},
		{"backoff.table", func(p *Policy) { p.Backoff.Table = []time.Duration{second} }},
		{"backoff.table", func(p *Policy) { p.Backoff = Backoff{Table: []time.Duration{0, 0}} }},
		{"backoff.table", func(p *Policy) { p.Backoff = Backoff{Table: slices.Repeat([]time.Duration{second}, 256)} }},
		{"backoff.table.1", func(p *Policy) { p.Backoff = Backoff{Table: []time.Duration{second, -1}} }},
		{"backoff.jitter", func(p *Policy) { p.Backoff = Backoff{Table: []time.Duration{second}, Jitter: Added} }},
		{"backoff.tries", func(p *Policy) { p.Backoff.Tries = MaxTries + 1 }},
		{"stable_after", func(p *Policy) { p.StableAfter = -second }},
		{"reset_on", func(p *Policy) { p.ResetOn = 2 }},
		{"endpoints", func(p *Policy) { p.Endpoints = make([]Endpoint, MaxEndpoints+1) }},
		{"endpoints.1.weight", func(p *Policy) { p.Endpoints = []Endpoint{{}, {Weight: -1}} }},
	}
	for _, tt := range tests {
		p := policyLike("default")
		tt.set(&p)
		faults := p.Faults()
		if assert.Len(t, faults, 1, tt.field) {
			assert.Equal(t, tt.field, faults[0].Field)
		}
	}
	all := everything()
	all.Rules = []Rule{{TLS, 0, 0, Retry}, {Status, 500, 500, Pointless}, {CloseFrame, 4000, 4999, Reauth}}
	all.PingTimeoutMin = all.PingTimeout
	assert.Empty(t, all.Faults())
	for _, name := range policyNames {
		p := policyLike(name)
		assert.Empty(t, p.Faults(), name)
	}
}

func TestValidateTellsAll(t *testing.T) {
	p := Policy{Name: "empty"}
	assert.EqualError(t, p.Validate(), `policy empty: handshake_timeout: expected a duration above 0, at most 24h, got 0s
policy empty: prove_timeout: expected a duration above 0, at most 24h, got 0s
policy empty: backoff.base: expected a duration above 0, at most 24h, got 0s`)
}
