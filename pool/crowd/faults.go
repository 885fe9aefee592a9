package crowd

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// longest is the longest duration that a policy may name: more is a slip of units.
const longest = 24 * time.Hour

// Faults returns everything that is wrong with the policy, each a heal.Fault; none when
// it is valid.
func (p *Policy) Faults() []error {
	c := check{}
	c.must(p.Balance <= LeastConnections, "shared.balance", "power-of-two, round-robin or least-connections", p.Balance)

	c.share("shared.storm.share", p.StormShare)
	c.count("shared.storm.least", p.StormLeast)
	c.duration("shared.storm.window", p.StormWindow)
	c.duration("shared.storm.spread", p.StormSpread)

	c.count("shared.admission.dials", p.Dials)
	c.count("shared.admission.endpoint_dials", p.EndpointDials)
	c.above("shared.admission.latency_factor", p.LatencyFactor, 1)

	c.above("shared.budget.tokens", p.Budget, 0)
	c.above("shared.budget.cost", p.BudgetCost, 0)
	c.duration("shared.budget.floor", p.Floor)

	c.count("shared.ejection.after", p.EjectAfter)
	c.duration("shared.ejection.for", p.EjectFor)
	c.duration("shared.ejection.cap", p.EjectCap)
	d := p.complete()
	c.must(p.EjectCap < 0 || d.EjectFor <= d.EjectCap, "shared.ejection.cap", fmt.Sprintf("at least the first ejection, %v", d.EjectFor), d.EjectCap)
	c.share("shared.ejection.share", p.EjectShare)
	c.count("shared.ejection.probes", p.Probes)
	c.duration("shared.ejection.probe_lease", p.ProbeLease)
	c.share("shared.ejection.panic_below", p.PanicBelow)
	c.duration("shared.warm_up", p.WarmUp)
	c.duration("shared.failback", p.FailbackHold)

	if !(p.RebalanceAt < 0) {
		c.above("shared.rebalance.at", p.RebalanceAt, 1)
	}
	c.duration("shared.rebalance.after", p.RebalanceAfter)
	c.share("shared.rebalance.rate", p.RebalanceRate)
	return c.faults
}

// complete returns the policy with every zero replaced by what it stands for.
func (p *Policy) complete() Policy {
	d := *p
	d.StormShare = cmp.Or(d.StormShare, 0.2)
	d.StormLeast = cmp.Or(d.StormLeast, 8)
	d.StormWindow = cmp.Or(d.StormWindow, time.Second)
	d.StormSpread = cmp.Or(d.StormSpread, 5*time.Second)
	d.Dials = cmp.Or(d.Dials, 256)
	d.EndpointDials = cmp.Or(d.EndpointDials, 64)
	d.LatencyFactor = cmp.Or(d.LatencyFactor, 2)
	d.Budget = cmp.Or(d.Budget, 500)
	d.BudgetCost = cmp.Or(d.BudgetCost, 5)
	d.Floor = cmp.Or(d.Floor, 10*time.Second)
	d.EjectAfter = cmp.Or(d.EjectAfter, 5)
	d.EjectFor = cmp.Or(d.EjectFor, 30*time.Second)
	d.EjectCap = cmp.Or(d.EjectCap, 300*time.Second)
	d.EjectShare = cmp.Or(d.EjectShare, 0.5)
	d.Probes = cmp.Or(d.Probes, 1)
	d.ProbeLease = cmp.Or(d.ProbeLease, 30*time.Second)
	d.WarmUp = cmp.Or(d.WarmUp, 30*time.Second)
	d.PanicBelow = cmp.Or(d.PanicBelow, 0.5)
	d.FailbackHold = cmp.Or(d.FailbackHold, time.Minute)
	d.RebalanceAt = cmp.Or(d.RebalanceAt, 1.25)
	d.RebalanceAfter = cmp.Or(d.RebalanceAfter, time.Minute)
	d.RebalanceRate = cmp.Or(d.RebalanceRate, 0.01)
	return d
}

// Faults returns everything that is wrong with the policy, each a heal.Fault; none when
// it is valid.
func (p *SizePolicy) Faults() []error {
	c := check{}
	c.must(p.Min >= 0, "size.min", "a number of at least 0", p.Min)
	c.must(p.Max >= max(p.Min, 1), "size.max", fmt.Sprintf("a number of at least %d", max(p.Min, 1)), p.Max)
	c.count("size.load", p.Load)
	c.share("size.grow_at", p.GrowAt)
	c.share("size.shrink_at", p.ShrinkAt)
	d := p.complete()
	c.must(!(d.ShrinkAt >= d.GrowAt), "size.shrink_at", fmt.Sprintf("less than where it grows, %v", d.GrowAt), d.ShrinkAt)
	c.duration("size.idle_after", p.IdleAfter)
	c.share("size.shrink_step", p.ShrinkStep)
	return c.faults
}

// complete returns the policy with every zero replaced by what it stands for.
func (p *SizePolicy) complete() SizePolicy {
	d := *p
	d.Load = cmp.Or(d.Load, 16)
	d.GrowAt = cmp.Or(d.GrowAt, 0.8)
	d.ShrinkAt = cmp.Or(d.ShrinkAt, 0.3)
	d.IdleAfter = cmp.Or(d.IdleAfter, time.Minute)
	d.ShrinkStep = cmp.Or(d.ShrinkStep, 0.25)
	return d
}

// check collects faults. Zero is never one: it stands for a default.
type check struct{ faults []error }

func (c *check) must(ok bool, field, want string, got any) {
	if !ok {
		c.faults = append(c.faults, heal.Fault{Field: field, Want: want, Got: fmt.Sprint(got)})
	}
}

func (c *check) share(field string, x float64) {
	c.must(0 <= x && x <= 1, field, "a share of at most 1, or 0 for the default", x)
}

func (c *check) above(field string, x, least float64) {
	c.must(x == 0 || x > least && !math.IsInf(x, 1), field, fmt.Sprintf("a number above %v, or 0 for the default", least), x)
}

func (c *check) count(field string, n int) {
	c.must(n >= 0, field, "a number above 0, or 0 for the default", n)
}

func (c *check) duration(field string, d time.Duration) {
	c.must(0 <= d && d <= longest, field, "a duration above 0, at most 24h, or 0 for the default", d)
}
