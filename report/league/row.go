package league

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/compare"
)

// confidence is the least level of an interval.
const confidence = 0.95

// unknown is a number that there is none of.
var unknown = compare.Number(math.NaN())

// Figure is a median over rounds. Without an interval Low and High are not known, and Level
// is 0.
type Figure struct {
	Mid   compare.Number `json:"mid"`
	Low   compare.Number `json:"low"`
	High  compare.Number `json:"high"`
	Level float64        `json:"level"` // of the interval, exact: at least 95 %
}

func (f Figure) known() bool  { return !math.IsNaN(float64(f.Mid)) }
func (f Figure) finite() bool { return f.known() && !math.IsInf(float64(f.Mid), 0) }

// figureOf is the median of values, which may be infinite, with the interval of the sign test:
// from the k-th smallest to the k-th largest, k the most that leaves enough between.
func figureOf(values []float64) Figure {
	f := Figure{Mid: unknown, Low: unknown, High: unknown}
	n := len(values)
	if n == 0 {
		return f
	}
	sorted := slices.Sorted(slices.Values(values))
	f.Mid = compare.Number(middle(sorted))
	// tail is the chance that at most k-1 of n fall below the median.
	tail, term := 0., math.Exp2(-float64(n))
	for k := 1; 2*k <= n; k++ {
		if tail += term; 1-2*tail < confidence {
			break
		}
		f.Low, f.High, f.Level = compare.Number(sorted[k-1]), compare.Number(sorted[n-k]), 1-2*tail
		term *= float64(n-k+1) / float64(k)
	}
	return f
}

// middle is the median of what is sorted; between a number and infinity lies infinity.
func middle(sorted []float64) float64 {
	n := len(sorted)
	a, b := sorted[(n-1)/2], sorted[n/2]
	return a/2 + b/2
}

// rowOf is a policy by its runs in one scenario.
func rowOf(policy string, runs []Entry) Row {
	r := Row{Policy: policy, After: unknown}
	var good []Entry
	for _, e := range runs {
		if !e.proves() {
			r.LeftOut++
			r.Why = cmp.Or(r.Why, fmt.Sprintf("%s: %s", e.Run.Verdict, cmp.Or(e.Run.Why, "no reason given")))
			continue
		}
		good = append(good, e)
		if e.Run.Verdict == report.Pass {
			r.Passed++
		}
		if e.After > 0 && !(float64(r.After) <= e.After) {
			r.After = compare.Number(e.After)
		}
	}
	r.Runs = len(good)
	switch {
	case r.Runs == 0 && r.LeftOut == 0:
		r.Why = "no run of it is there"
		r.Verdict = report.Inconclusive
	case r.Runs == 0:
		r.Verdict = runs[0].Run.Verdict
	case r.Passed == r.Runs:
		r.Verdict = report.Pass
	default:
		r.Verdict = report.Fail
	}
	over := func(of func(Entry) (float64, bool)) Figure {
		var values []float64
		for _, e := range good {
			if v, ok := of(e); ok {
				values = append(values, v)
			}
		}
		return figureOf(values)
	}
	metric := func(name string) Figure {
		return over(func(e Entry) (float64, bool) { v, ok := e.Run.Measured[name]; return v, ok })
	}
	r.T50, r.T99, r.T100 = metric("recovery.cleared.t50"), metric("recovery.cleared.t99"), metric("recovery.cleared.t100")
	r.Peak, r.Amp, r.Sync = metric("storm.peak_1s"), metric("storm.amp"), metric("storm.sync")
	r.Lost, r.Unhealed = metric("messages.lost"), metric("recovery.unhealed")
	r.Sigma = over(func(e Entry) (float64, bool) {
		peak, ok := e.Run.Measured["storm.peak_1s"]
		return peak * e.Run.Measured["recovery.lost"] / e.Mu, ok && e.Mu > 0
	})
	r.Efficiency = over(func(e Entry) (float64, bool) {
		t99, ok := e.Run.Measured["recovery.cleared.t99"]
		return e.floor() / t99, ok && e.floor() > 0 && t99 > 0
	})
	return r
}

// front marks the rows that no other one beats in recovery and storm.
func front(rows []Row) {
	takesPart := func(r Row) bool { return !r.Told && r.T99.finite() && r.Peak.finite() }
	for i := range rows {
		a := &rows[i]
		a.Front = takesPart(*a) && !slices.ContainsFunc(rows, func(b Row) bool {
			return takesPart(b) && b.T99.Mid <= a.T99.Mid && b.Peak.Mid <= a.Peak.Mid && (b.T99.Mid < a.T99.Mid || b.Peak.Mid < a.Peak.Mid)
		})
	}
}

// frontier is the least T that a peak of sigma times mu allows: T = F·max(1, 1/sigma).
func frontier(floor, sigma float64) float64 { return floor * max(1, 1/sigma) }
