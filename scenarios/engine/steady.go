package engine

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

// baseline collects what the steady state is judged by.
type baseline struct {
	mu     sync.Mutex
	usable []float64 // share of the clients
}

func (b *baseline) add(share float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.usable = append(b.usable, share)
}

// quantiles by the last part of a metric's name.
var quantiles = map[string]float64{"p50": 0.50, "p90": 0.90, "p99": 0.99, "p99_9": 0.999, "max": 1}

// median is the share of the clients that was usable; 0 where nothing was seen.
func (b *baseline) median() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.usable) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(b.usable))
	return sorted[len(sorted)/2]
}

// values are the metrics of the baseline phase by their names.
func (b *baseline) values(response func(q float64) (int64, bool), phase string) map[string]float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]float64{}
	if n := len(b.usable); n > 0 {
		slices.Sort(b.usable)
		out["clients.usable"] = b.usable[n/2]
	}
	for name, q := range quantiles {
		if ns, ok := response(q); ok {
			v := float64(ns) / 1e9
			if ns < 0 {
				v = math.Inf(1)
			}
			out["latency."+name], out["latency."+phase+"."+name] = v, v
		}
	}
	return out
}

// settleLimit is how long the last answers of the baseline may take before they count as
// slower than any.
const settleLimit = time.Second

// steady judges the steady state at the end of the baseline, before anything is broken.
func (r *run) steady(ctx context.Context, p scenarios.Phase) bool {
	i := slices.IndexFunc(r.rec.phases, func(have report.Planned) bool { return have.Name == p.Name })
	r.await(ctx, settleLimit, func() bool { return r.rec.unanswered(i) == 0 })
	values := r.baseline.values(r.rec.response(i), p.Name)
	verdict := report.Steady{Met: true}
	var why []string
	for _, g := range r.scenario.Steady {
		res := g.Judge(values)
		check := report.Check{Text: g.Text, Value: res.Value, Met: res.Verdict == "pass", Why: res.Why}
		verdict.Checks = append(verdict.Checks, check)
		if !check.Met {
			verdict.Met = false
			why = append(why, check.Text+": "+check.Why)
		}
	}
	now := r.now()
	r.rec.write(report.Record{T: int64(now), Steady: &verdict})
	r.env.Track.SetSteady(verdict.Met, time.Duration(now), strings.Join(why, "; "))
	return verdict.Met
}
