package engine

import (
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

// values are the metrics of the baseline phase by their names.
func (b *baseline) values(response func(phase string, q float64) (int64, bool), phase string) map[string]float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]float64{}
	if n := len(b.usable); n > 0 {
		slices.Sort(b.usable)
		out["clients.usable"] = b.usable[n/2]
	}
	for name, q := range map[string]float64{"p50": 0.50, "p90": 0.90, "p99": 0.99, "p99_9": 0.999, "max": 1} {
		if ns, ok := response(phase, q); ok {
			out["latency."+name] = float64(ns) / 1e9
			out["latency."+phase+"."+name] = float64(ns) / 1e9
		}
	}
	return out
}

// steady judges the steady state at the end of the baseline, before anything is broken.
func (r *run) steady(p scenarios.Phase) bool {
	values := r.baseline.values(r.rec.response, p.Name)
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
