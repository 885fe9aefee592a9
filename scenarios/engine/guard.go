package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

const (
	lookEvery     = 50 * time.Millisecond  // at the gates that end a run
	quantileEvery = 500 * time.Millisecond // at those on latency, for which histograms are merged
)

// brokenGate ends a run: a gate that says "or abort" is broken.
type brokenGate struct{ gate, why string }

func (b *brokenGate) Error() string { return "gate " + b.gate + ": " + b.why }

// guard decides whether a gate that ends the run is broken. It says so only of what nothing
// that comes later could mend, so that the report of the whole run would say it, too; save
// clients.usable and latency, which are broken when they are broken now. It is handed what
// there is to see, and has no clock.
type guard struct {
	gates   []report.Gate
	clients int
	tried   []tries // samples since the first fault's command, oldest first, over the last second
}

// tries is how many attempts had been made by a moment.
type tries struct {
	at time.Duration
	n  int64
}

// glance is what there is to see at a moment.
type glance struct {
	at       time.Duration
	usable   int
	baseline float64 // median share of the clients that was usable in it; 0: there was none
	attempts int64
	dup      int64
	last     edges // of the fault that was commanded last
	answered func(phase, quantile string) (seconds float64, n int64)
}

// edges are the moments of a fault's life; 0: not yet.
type edges struct{ commanded, confirmed, over time.Duration }

func newGuard(s *scenarios.Scenario) *guard {
	g := &guard{clients: s.Clients.Count}
	for _, gate := range s.Gates {
		if gate.Abort {
			g.gates = append(g.gates, gate)
		}
	}
	return g
}

// look returns the first gate that is broken; nil while none is.
func (g *guard) look(x glance) *brokenGate {
	if x.last.commanded > 0 {
		g.tried = append(g.tried, tries{x.at, x.attempts})
		for x.at-g.tried[0].at > time.Second {
			g.tried = g.tried[1:]
		}
	}
	for _, gate := range g.gates {
		if was, broken := g.broken(gate, x); broken {
			return &brokenGate{gate.Text, fmt.Sprintf("%s at %s, which ended the run", was, report.FormatDuration(int64(x.at)))}
		}
	}
	return nil
}

// broken says whether a gate is, and what was found.
func (g *guard) broken(gate report.Gate, x glance) (was string, broken bool) {
	m, _ := report.Lookup(gate.Metric)
	found := func(v float64) (string, bool) {
		held := gate.Judge(map[string]float64{gate.Metric: v}).Verdict == string(report.Pass)
		return "it was " + report.FormatValue(v, m.Unit), !held
	}
	parts := strings.Split(gate.Metric, ".")
	switch {
	case gate.Metric == "clients.usable":
		return found(float64(x.usable) / float64(g.clients))
	case gate.Metric == "messages.dup":
		return found(float64(x.dup))
	case gate.Metric == "storm.peak_100ms":
		return g.peak(found, 100*time.Millisecond)
	case gate.Metric == "storm.peak_1s":
		return g.peak(found, time.Second)
	case parts[0] == "recovery":
		return g.overdue(gate, parts[len(parts)-1], x)
	case parts[0] == "latency" && x.answered != nil:
		if v, n := x.answered(parts[1], parts[2]); n >= m.Min && n > 0 {
			return found(v)
		}
	}
	return "", false
}

// peak is the most attempts in any window that begins and ends at a sample, as a share of
// all clients: the report's peak, of any window and of those that were lost, is no less.
func (g *guard) peak(found func(float64) (string, bool), window time.Duration) (string, bool) {
	most, from := int64(0), 0
	for _, end := range g.tried {
		for end.at-g.tried[from].at > window {
			from++
		}
		most = max(most, end.n-g.tried[from].n)
	}
	was, broken := found(float64(most) / float64(g.clients))
	return was + " or more", broken
}

// overdue says whether the fleet is not back although a mark's limit is over.
func (g *guard) overdue(gate report.Gate, mark string, x glance) (string, bool) {
	zero := x.last.confirmed
	switch {
	case strings.HasPrefix(gate.Metric, "recovery.commanded."):
		zero = x.last.commanded
	case strings.HasPrefix(gate.Metric, "recovery.cleared."):
		zero = x.last.over
	}
	level := map[string]float64{"t50": 0.5, "t90": 0.9, "t99": 0.99, "t100": 1}[mark] * x.baseline
	share := float64(x.usable) / float64(g.clients)
	if zero == 0 || x.baseline == 0 || share >= level || (x.at-zero).Seconds() <= gate.Limit {
		return "", false
	}
	return fmt.Sprintf("%s of the clients were usable %s after it began to count", report.FormatShare(share), report.FormatDuration(int64(x.at-zero))), true
}

// guard watches the gates that end the run, from chaos on, until ctx ends.
func (r *run) guard(ctx context.Context, end context.CancelCauseFunc) {
	g := newGuard(r.scenario)
	if len(g.gates) == 0 {
		return
	}
	base := r.baseline.median()
	for next := r.now(); ; next = next.Add(lookEvery) {
		if !sleepUntil(ctx, next, r.now) {
			return
		}
		x := glance{at: time.Duration(r.now()), usable: int(r.rec.usable.Load()), baseline: base, attempts: r.rec.attempted.Load(), last: r.lastFault()}
		for i := range r.rec.counts {
			x.dup += r.rec.counts[i].dup.Load()
		}
		if x.at%quantileEvery < lookEvery {
			x.answered = r.rec.answered
		}
		if broken := g.look(x); broken != nil {
			end(broken)
			return
		}
	}
}

// lastFault is the life so far of the fault that was commanded last.
func (r *run) lastFault() (last edges) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.scenario.Faults {
		e := r.edges[f.Name]
		if e.commanded == 0 || e.commanded < last.commanded {
			continue
		}
		if last = e; f.For == 0 {
			last.over = e.confirmed
		}
	}
	return last
}

// passed notes an edge of a fault.
func (r *run) passed(fault, edge string, at heal.Instant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.edges[fault]
	switch edge {
	case "commanded":
		e.commanded = time.Duration(at)
	case "confirmed":
		e.confirmed = time.Duration(at)
	case "cleared":
		e.over = time.Duration(at)
	}
	r.edges[fault] = e
}

// ended is the end of a run whose context was ended for a reason of its own.
func ended(cause error) report.End {
	if broken, ok := errors.AsType[*brokenGate](cause); ok {
		return report.End{Reason: "aborted", Why: broken.why, Gate: broken.gate}
	}
	return report.End{Reason: "error", Why: onOneLine(cause.Error())}
}

// onOneLine is a text as a reason has it: what a process wrote last came on lines of their own.
func onOneLine(text string) string {
	first, rest, more := strings.Cut(text, "\n")
	if !more {
		return text
	}
	lines := strings.Split(rest, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return first + " " + strings.Join(lines, " / ")
}
