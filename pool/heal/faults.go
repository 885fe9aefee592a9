package heal

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// MaxEndpoints is how many endpoints a policy may have.
const MaxEndpoints = 256

// longest is the longest duration that a policy may name: more is a slip of units.
const longest = 24 * time.Hour

// mostScale is the most that jitter may make of a step.
const mostScale = 10.0

// Shortest is how often a policy may have something done on a connection that is well, at
// most: more often burns CPU and nothing else.
const Shortest = time.Millisecond

// Fault is one field of a policy that cannot work.
type Fault struct {
	Field string // as policies are written: "backoff.cap"
	Want  string // what is expected there
	Got   string // what is there
}

// Error is the fault on one line.
func (f Fault) Error() string { return f.Field + ": expected " + f.Want + ", got " + f.Got }

// Faults returns everything that is wrong with the policy; none when it is valid.
func (p *Policy) Faults() []Fault {
	c := check{}
	c.positive("handshake_timeout", p.HandshakeTimeout)
	c.positive("prove_timeout", p.ProveTimeout)
	c.orNone("ping.every", p.PingEvery)
	if p.PingEvery > 0 {
		c.positive("ping.timeout", p.PingTimeout)
	} else {
		c.atLeast("ping.timeout", p.PingTimeout, 0)
	}

	c.must(p.PingTimeoutMin == 0 || 0 < p.PingTimeoutMin && p.PingTimeoutMin <= p.PingTimeout, "ping.timeout_min", "a duration from 0 to ping.timeout", p.PingTimeoutMin)
	c.atLeast("expect_ping", p.ExpectPing, 0)
	c.atLeast("write_stall", p.WriteStall, 0)
	c.orNone("check.every", p.CheckEvery)
	c.must(p.Lifetime == 0 || p.StableAfter < p.Lifetime-p.Lifetime/10 && p.Lifetime <= longest,
		"lifetime", "0, or a duration of which nine tenths are more than stable_after, at most 24h", p.Lifetime)
	c.atLeast("drain_timeout", p.DrainTimeout, 0)

	switch f := p.First; f.Rule {
	case Spread:
		c.positive("first.spread", f.Within)
	case AtOnce, ByBackoff:
		c.must(f.Within == 0, "first.spread", "no window with the rule "+f.Rule.String(), f.Within)
	default:
		c.must(false, "first", "at-once, backoff or a spread", f.Rule)
	}

	c.backoff(&p.Backoff)

	c.atLeast("stable_after", p.StableAfter, 0)
	c.must(p.ResetOn <= OnOpen, "reset_on", "stable or open", p.ResetOn)

	for i, r := range p.Rules {
		field := fmt.Sprintf("rules.%d.", i)
		c.must(None < r.Cause && int(r.Cause) < len(causeNames), field+"cause", "why something ends", r.Cause)
		c.must(r.From <= r.To, field+"codes", "a range of codes, the lower one first", fmt.Sprintf("%d-%d", r.From, r.To))
		c.must(ByTable < r.Verdict && r.Verdict <= Pointless, field+"then", "retry, planned, throttled, elsewhere, reauth or give-up", r.Verdict)
	}
	c.must(len(p.Endpoints) <= MaxEndpoints, "endpoints", fmt.Sprintf("at most %d", MaxEndpoints), len(p.Endpoints))
	for i, e := range p.Endpoints {
		c.must(e.Weight >= 0, fmt.Sprintf("endpoints.%d.weight", i), "a weight of at least 0", e.Weight)
	}
	return c.faults
}

// backoff finds what is wrong with the growth of delays.
func (c *check) backoff(b *Backoff) {
	if len(b.Table) > 0 {
		c.must(b.Base == 0 && b.Cap == 0 && b.Factor == 0, "backoff.table", "no base, cap and factor beside it", b.Table)
		c.must(len(b.Table) <= math.MaxUint8, "backoff.table", fmt.Sprintf("at most %d steps", math.MaxUint8), len(b.Table))
		c.must(b.Jitter == NoJitter || b.Jitter == Full || b.Jitter == Equal || b.Jitter == Scaled,
			"backoff.jitter", "none, full, equal or scaled, with a table", b.Jitter)
		c.must(b.BaseMost == 0, "backoff.base_most", "none with a table", b.BaseMost)
		for i, d := range b.Table {
			c.atLeast(fmt.Sprintf("backoff.table.%d", i), d, 0)
		}
		c.must(slices.Max(b.Table) > 0 || slices.Min(b.Table) < 0, "backoff.table", "a step above 0", b.Table)
	} else {
		c.positive("backoff.base", b.Base)
		switch {
		case b.Jitter == Decorrelated, b.Jitter == Uniform:
			c.must(b.Base < b.Cap && b.Cap <= longest, "backoff.cap", "more than the base, for "+b.Jitter.String()+" jitter draws between them", b.Cap)
		case b.Cap != 0:
			c.atLeast("backoff.cap", b.Cap, b.Base)
		}
		c.must(b.Factor == 0 || b.Factor >= 1 && !math.IsInf(b.Factor, 1), "backoff.factor", "a number of at least 1, or 0 for 1", b.Factor)
		if b.BaseMost != 0 {
			c.atLeast("backoff.base_most", b.BaseMost, b.Base)
		}
	}
	c.must(b.Jitter <= Added, "backoff.jitter", "none, full, equal, decorrelated, uniform, scaled or added", b.Jitter)
	if b.Jitter == Scaled {
		c.must(0 <= b.Low && b.Low < b.High && b.High <= mostScale, "backoff.low", fmt.Sprintf("less than high, both from 0 to %v", mostScale), fmt.Sprintf("%v to %v", b.Low, b.High))
	} else {
		c.must(b.Low == 0 && b.High == 0, "backoff.low", "low and high with scaled jitter only", fmt.Sprintf("%v to %v", b.Low, b.High))
	}
	if b.Next != 0 {
		c.positive("backoff.next", b.Next)
	}
	c.must(b.Tries <= MaxTries, "backoff.tries", fmt.Sprintf("at most %d", MaxTries), b.Tries)
}

// Validate returns all Faults as one error, or nil.
func (p *Policy) Validate() error {
	var errs []error
	for _, f := range p.Faults() {
		errs = append(errs, fmt.Errorf("policy %s: %w", p.Name, f))
	}
	return errors.Join(errs...)
}

// check collects faults.
type check struct{ faults []Fault }

func (c *check) must(ok bool, field, want string, got any) {
	if !ok {
		c.faults = append(c.faults, Fault{field, want, fmt.Sprint(got)})
	}
}

func (c *check) positive(field string, d time.Duration) {
	c.must(0 < d && d <= longest, field, "a duration above 0, at most 24h", d)
}

func (c *check) orNone(field string, d time.Duration) {
	c.must(d == 0 || Shortest <= d && d <= longest, field, "0, or a duration of at least 1ms, at most 24h", d)
}

func (c *check) atLeast(field string, d, least time.Duration) {
	c.must(least <= d && d <= longest, field, fmt.Sprintf("a duration of at least %v, at most 24h", least), d)
}
