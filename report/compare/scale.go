package compare

import (
	"fmt"
	"math"
	"slices"

	"github.com/wsheal/wsheal/report"
)

// scale is how a metric's values become costs, and the costs of a pair one number.
type scale struct {
	cost  func(float64) float64 // more is worse
	ratio bool                  // by the logarithm of the ratio; false: by the difference
}

// descriptive are the metrics of which neither more nor less is better: they describe the
// load, the fault or the server. A trailing dot stands for all below it.
var descriptive = []string{
	"messages.intended", "messages.acked", "recovery.lost", "recovery.floor", "recovery.floor_noticed", "recovery.waited",
	"storm.moves", "balance.before", "outage.", "clients.reset", "harness.",
	"push.received", "push.median", "push.most",
}

// better are the metrics of which more is better, with what stands for their lack.
var better = map[string]func(float64) float64{
	"avail.time": lacking, "avail.msg": lacking, "avail.msg_1s": lacking,
	"recovery.healed": lacking, "clients.usable": lacking,
	"messages.rate": inverse, "recovery.efficiency": inverse, "dip.slope": inverse,
	"push.rate": inverse, "push.fewest": inverse,
}

// counted are the metrics that have no ratio: whole numbers that may well be 0, and what
// lies on both sides of 0.
var counted = []string{
	"messages.lost", "messages.dup", "messages.resent", "messages.broken", "messages.unsent", "messages.in_flight",
	"messages.reordered", "messages.dropped", "messages.waited", "recovery.unhealed", "connections.left_over",
	"push.unheard", "storm.hopeless", "storm.collateral", "storm.metastable", "storm.sync", "latency.shift", "latency.control_shift",
}

func lacking(v float64) float64 { return 1 - v }
func inverse(v float64) float64 { return 1 / v }
func itself(v float64) float64  { return v }

// scaleOf says how a metric is compared. The error says which metrics can be.
func scaleOf(name string) (scale, error) {
	if _, known := report.Lookup(name); !known {
		return scale{}, fmt.Errorf("unknown metric %q, expected one that `wsheal metrics` lists", name)
	}
	if DirectionOf(name) == Neither {
		return scale{}, fmt.Errorf("metric %s cannot be compared: neither more nor less of it is better", name)
	}
	s := scale{cost: itself, ratio: !slices.Contains(counted, name)}
	if cost := better[name]; cost != nil {
		s.cost = cost
	}
	return s, nil
}

// pair is what two runs say of a change, in the scale's terms: 0 is none, more is worse.
// The values are metrics; +Inf is one without a finite value.
func (s scale) pair(old, now float64) span {
	a, b := s.cost(old), s.cost(now)
	switch {
	case math.IsInf(a, 1) && math.IsInf(b, 1):
		return span{math.Inf(-1), math.Inf(1)}
	case a == b:
		return span{}
	}
	x := b - a
	if s.ratio {
		// Costs below 0 are rounding of what is none: an availability of 1.
		x = math.Log(max(b, 0)) - math.Log(max(a, 0))
		if math.IsNaN(x) { // log 0 - log 0
			x = 0
		}
	}
	return span{x, x}
}
