package scenarios

import (
	"fmt"
	"strings"
	"time"

	"github.com/wsheal/wsheal/report"
)

// gates reads a list of gates and refuses those that unfit has something against.
func (r *resolver) gates(name string, unfit func(report.Gate) string) []report.Gate {
	var all []report.Gate
	n := r.node.get(name)
	if n == nil {
		return nil
	}
	for i, item := range n.items {
		if r.bad[item] {
			continue
		}
		g, err := report.ParseGate(item.text)
		if err != nil {
			continue // said by the check
		}
		if why := unfit(g); why != "" {
			r.add(item, join(name, item.label(i)), "%s cannot be judged: expected %s", g.Text, why)
		}
		all = append(all, g)
	}
	return all
}

// steadyUnfit says what is expected of a condition that is checked when the baseline
// ends.
func (r *resolver) steadyUnfit(g report.Gate) string {
	phase := latencyPhase(g.Metric)
	latency := strings.HasPrefix(g.Metric, "latency.") && !isShift(g.Metric) && (phase == "" || phase == "baseline")
	switch {
	case r.s.Phase("baseline").To == 0 && !r.into("phases").wrong("baseline"):
		return "a baseline phase longer than 0"
	case g.Metric != "clients.usable" && !latency:
		return "a metric that the baseline has, clients.usable or latency"
	}
	return r.loadless(g)
}

// gateUnfit says what is expected of a gate that could never be decided: such a run
// would end inconclusive whatever the server does.
func (r *resolver) gateUnfit(g report.Gate) string {
	family, _, _ := strings.Cut(g.Metric, ".")
	phase := latencyPhase(g.Metric)
	switch {
	case (family == "recovery" || family == "storm" || family == "detect" || isShift(g.Metric)) && len(r.s.Faults) == 0 && !r.wrong("faults"):
		return "a fault to heal from"
	case g.Metric == "latency.control_shift" && r.s.Clients.Count > 0 && r.s.ControlBitmap() == "":
		return "clients that no fault touches"
	case isPhase(phase) && r.s.Phase(phase).To == 0 && !r.into("phases").wrong(phase):
		return fmt.Sprintf("a %s phase longer than 0", phase)
	}
	if why := r.loadless(g); why != "" {
		return why
	}
	return r.tooShort(g)
}

// tooShort compares a gate on recovery times with the time that is left for it: the
// recovery phase, less where a fault ends late.
func (r *resolver) tooShort(g report.Gate) string {
	m, _ := report.Lookup(g.Metric)
	recovery := r.s.Phase("recovery")
	if !strings.HasPrefix(g.Metric, "recovery.") || m.Unit != "s" || g.Metric == "recovery.floor" ||
		g.Op == ">" || g.Op == ">=" || g.Op == "!=" || r.into("phases").wrong("recovery") {
		return ""
	}
	left := recovery.To - recovery.From
	for _, f := range r.s.Faults {
		zero := f.At
		if strings.HasPrefix(g.Metric, "recovery.cleared.") {
			zero += f.For
		}
		left = min(left, r.s.End()-zero)
	}
	limit := time.Duration(g.Limit * float64(time.Second))
	if need := limit + r.s.Hold; need > left {
		return fmt.Sprintf("at least %s of recovery (its limit and the hold), got %s", formatDuration(need), formatDuration(max(left, 0)))
	}
	return ""
}

// loadless says what a gate on messages lacks.
func (r *resolver) loadless(g report.Gate) string {
	family, _, _ := strings.Cut(g.Metric, ".")
	if r.s.Load.Pattern == "none" && (family == "latency" || family == "messages" || g.Metric == "avail.msg") {
		return "a load with messages to measure"
	}
	return ""
}

// latencyPhase is the phase in a metric's name, as in latency.chaos.p99; "" when there
// is none.
func latencyPhase(metric string) string {
	rest, ok := strings.CutPrefix(metric, "latency.")
	phase, _, more := strings.Cut(rest, ".")
	if !ok || !more {
		return ""
	}
	return phase
}

func isShift(metric string) bool {
	return metric == "latency.shift" || metric == "latency.control_shift"
}
