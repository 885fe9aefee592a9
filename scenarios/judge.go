package scenarios

import (
	"fmt"
	"slices"
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
	switch {
	case r.s.Phase("baseline").To == 0 && !r.into("phases").wrong("baseline"):
		return "a baseline phase longer than 0"
	case g.Abort:
		return "it without \"or abort\": a run that is not steady ends anyway"
	}
	for _, name := range g.Metrics() {
		metric, of := report.Scope(name)
		phase := latencyPhase(metric)
		latency := strings.HasPrefix(metric, "latency.") && !isShift(metric) && (phase == "" || phase == "baseline")
		if of != "" || metric != "clients.usable" && !latency {
			return "a metric that the baseline has, clients.usable or latency"
		}
		if why := r.loadless(metric); why != "" {
			return why
		}
	}
	return ""
}

// gateUnfit says what is expected of a gate that could never be decided: such a run
// would end inconclusive whatever the server does.
func (r *resolver) gateUnfit(g report.Gate) string {
	for _, name := range g.Metrics() {
		metric, of := report.Scope(name)
		if why := r.unmeasured(metric); why != "" {
			return why
		}
		if why := r.untold(of); why != "" {
			return why
		}
	}
	return r.tooShort(g)
}

// unmeasured says what a metric lacks to have a value, whatever happens in the run.
func (r *resolver) unmeasured(metric string) string {
	phase := latencyPhase(metric)
	switch {
	case ofFaults(metric) && len(r.s.Faults) == 0 && !r.wrong("faults"):
		return "a fault to heal from"
	case metric == "latency.control_shift" && r.s.Clients.Count > 0 && r.s.ControlBitmap() == "":
		return "clients that no fault touches"
	case isPhase(phase) && r.phaseless(phase):
		return fmt.Sprintf("a %s phase longer than 0", phase)
	case (family(metric) == "dip" || isMark(metric)) && r.phaseless("baseline"):
		return "a baseline phase longer than 0, to hold it against"
	case r.s.Foreign() && report.Unseen(metric) != "":
		return report.Unseen(metric)
	case family(metric) == "admission" && r.s.Clients.Sharing == Alone && !r.into("clients").wrong("sharing"):
		return "clients that share, who ask before they dial"
	case family(metric) == "balance" && len(r.s.Clients.Endpoints) == 1:
		return "two endpoints or more"
	case family(metric) == "connections" && (r.phaseless("baseline") || slices.ContainsFunc(r.s.Targets, func(t Target) bool { return t.Embedded == nil })):
		return "targets that count them, all embedded, and a baseline phase longer than 0"
	case slices.Contains(ofCapacity, metric) && !r.capacityKnown():
		return "a capacity that is known: handshake workers and cost of every target, all embedded"
	case slices.Contains(ofOneFault, metric) && len(r.s.Faults) > 1:
		return "one fault: of several nobody knows how many clients each took"
	}
	return r.loadless(metric)
}

// untold says what is expected where a metric is told of a fault or a phase, of which
// ParseGate knows only that it may be.
func (r *resolver) untold(of string) string {
	switch {
	case of == "" || r.wrong("faults"):
		return ""
	case isPhase(of):
		if r.phaseless(of) {
			return fmt.Sprintf("a %s phase longer than 0", of)
		}
		return ""
	}
	var names []string
	for _, f := range r.s.Faults {
		if f.Name == of {
			return ""
		}
		names = append(names, f.Name)
	}
	if len(names) == 0 {
		return "a fault of that name, and there is none at all"
	}
	return "one of the faults " + strings.Join(names, ", ") + " after @"
}

// phaseless says whether a phase is left out, by no mistake that was told already.
func (r *resolver) phaseless(name string) bool {
	return r.s.Phase(name).To == 0 && !r.into("phases").wrong(name)
}

// tooShort compares a gate on recovery times with the time that is left for it: the
// recovery phase, less where a fault ends late.
func (r *resolver) tooShort(g report.Gate) string {
	m, _ := report.Lookup(g.Metric)
	if m.Unit != "s" || g.Op == ">" || g.Op == ">=" || g.Op == "!=" || !awaited(g.Metric) || r.into("phases").wrong("recovery") {
		return ""
	}
	recovery := r.s.Phase("recovery")
	left := recovery.To - recovery.From
	cleared := strings.HasPrefix(g.Metric, "recovery.cleared.") || g.Metric == "dip.back" || g.Metric == "recovery.caught_up"
	for _, f := range r.s.Faults {
		if g.Of != "" && f.Name != g.Of {
			continue
		}
		zero := f.At
		if cleared {
			zero += f.For
		}
		left = min(left, r.s.End()-zero)
	}
	if need := leastLimit(g) + r.s.Hold; need > left {
		return fmt.Sprintf("at least %s of recovery (its limit and the hold), got %s", formatDuration(need), formatDuration(max(left, 0)))
	}
	return ""
}

// leastLimit is the limit of a gate on a duration, or what it is at least where it rests on
// other metrics.
func leastLimit(g report.Gate) time.Duration {
	limit := g.Limit
	for _, t := range g.Terms {
		if t.Metric == "" {
			limit = max(limit, t.Factor)
		}
	}
	return time.Duration(limit * float64(time.Second))
}

// loadless says what a metric of messages lacks.
func (r *resolver) loadless(metric string) string {
	if r.s.Foreign() {
		return report.Unseen(metric)
	}
	if r.into("load").wrong("pattern") {
		return ""
	}
	return report.Lacks(r.s.Load.Pattern, metric)
}

// capacityKnown says whether the run knows how many handshakes its targets complete.
func (r *resolver) capacityKnown() bool {
	return !slices.ContainsFunc(r.s.Targets, func(t Target) bool {
		return t.Embedded == nil || t.Embedded.Handshake.Workers == 0 || t.Embedded.Handshake.Cost == 0
	})
}

var (
	// ofCapacity are the metrics that rest on the targets' handshake capacity.
	ofCapacity = []string{"recovery.floor", "recovery.floor_noticed", "recovery.efficiency", "storm.load"}
	// ofOneFault are those that have no value where there are several.
	ofOneFault = []string{"recovery.floor", "recovery.floor_noticed", "recovery.efficiency"}
)

func family(metric string) string {
	name, _, _ := strings.Cut(metric, ".")
	return name
}

// ofFaults says whether a metric has a value only where something was broken.
func ofFaults(metric string) bool {
	return slices.Contains([]string{"recovery", "storm", "detect", "outage", "admission", "dip", "balance"}, family(metric)) ||
		isShift(metric) || metric == "harness.stall"
}

// isMark says whether a metric is a mark of the fleet's recovery, from whichever zero.
func isMark(metric string) bool {
	last := metric[strings.LastIndexByte(metric, '.')+1:]
	return family(metric) == "recovery" && slices.Contains([]string{"t50", "t90", "t99", "t100"}, last)
}

// awaited says whether a metric is a time in which something comes back, so that a run has
// to last that long to tell.
func awaited(metric string) bool {
	switch metric {
	case "recovery.floor", "recovery.floor_noticed", "recovery.waited":
		return false
	}
	return family(metric) == "recovery" || metric == "dip.back"
}

// latencyPhase is the phase in a metric's name, as in latency.chaos.p99; "" when there
// is none.
func latencyPhase(metric string) string {
	parts := strings.Split(metric, ".")
	if len(parts) != 3 || parts[0] != "latency" && parts[0] != "service" {
		return ""
	}
	return parts[1]
}

func isShift(metric string) bool {
	return metric == "latency.shift" || metric == "latency.control_shift"
}
