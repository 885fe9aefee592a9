package report

import (
	"cmp"
	"slices"
	"strings"
)

// cohorts and kinds of the latency table, in its order.
var (
	cohorts = []string{"all", "control", "faulted"}
	kinds   = []string{"response", "service", "gap"}
)

// latency merges the intervals of latency.hlog, once all is known that the journal says:
// by phase, over all phases but warmup, in the settled part, and while faults were in
// force. Histograms are merged, percentiles never averaged.
type latency struct {
	settled int64 // from here on the run is settled; 0: never
	faults  []Intended
	sums    map[seriesName]*series
	shifts  *shifts
	line    *Timeline
	seconds map[string]*second // by kind
}

func newLatency(settled int64, faults []Intended, commanded []*FaultResult, line *Timeline) *latency {
	return &latency{
		settled: settled, faults: faults, line: line,
		sums: map[seriesName]*series{}, shifts: newShifts(commanded), seconds: map[string]*second{},
	}
}

// seriesMost bounds the series of a log, each of which takes 192 KB: kinds, phases and
// cohorts make a few dozen.
const seriesMost = 256

// Add merges one interval, or says why it cannot.
func (l *latency) Add(iv Interval) (why string) {
	parts := strings.Split(iv.Tag, ".")
	if len(parts) != 3 || !slices.Contains(kinds, parts[0]) {
		return "expected kind.phase.cohort"
	}
	kind, phase, cohort := parts[0], parts[1], "faulted"
	members, ok := membersOf(parts[2], l.faults)
	if !ok {
		return "expected kind.phase.cohort"
	}
	if parts[2] == "control" {
		cohort = "control"
	}
	phases := []string{phase}
	if phase != warmup {
		phases = append(phases, "all")
		if l.settled > 0 && iv.From >= l.settled {
			phases = append(phases, settled)
		}
	}
	if l.sums[seriesName{kind, phase, cohort}] == nil && len(l.sums) >= seriesMost {
		return "one series more than any run has"
	}
	for _, p := range phases {
		grow(l.sums, seriesName{kind, p, cohort}).merge(iv.Hist, iv.Max)
		grow(l.sums, seriesName{kind, p, "all"}).merge(iv.Hist, iv.Max)
	}
	if kind == "response" {
		l.shifts.Add(iv, phase, cohort, members)
	}
	l.point(kind, iv)
	return ""
}

// second is the answers of one kind in one step of the timeline, and the heat map that
// the steps become.
type second struct {
	at     int
	series *series
	heat   heat
}

// point merges an interval into its step of the timeline.
func (l *latency) point(kind string, iv Interval) {
	at, ok := middle(iv.From, iv.To, l.line.AckedStep)
	if !ok || at >= len(l.line.P99) {
		return
	}
	x := l.seconds[kind]
	if x == nil {
		x = &second{series: newSeries()}
		l.seconds[kind] = x
	}
	if at != x.at {
		l.finish(kind, x)
		x.at = at
	}
	x.series.merge(iv.Hist, iv.Max)
}

// finish takes what is said of the step that was being merged.
func (l *latency) finish(kind string, x *second) {
	if x.series.n() == 0 {
		return
	}
	if kind == "response" {
		l.line.P99[x.at] = max(l.line.P99[x.at], x.series.quantile(0.99, 0))
	}
	x.heat.add(x.at, x.series)
	x.series.reset()
}

// heats are the heat maps of what was merged, to be asked after Close.
func (l *latency) heats() []Heat {
	var out []Heat
	for _, kind := range kinds {
		if x := l.seconds[kind]; x != nil {
			if h := x.heat.Close(kind, l.line.AckedStep); h != nil {
				out = append(out, *h)
			}
		}
	}
	return out
}

// missed are the messages that were never answered, by phase, with those of "all" and
// "settled": of those due, and of those that had been sent.
type missed struct{ due, sent map[string]int64 }

// Close returns the table, given the messages lost. A phase in which everything was lost
// has a row, too.
func (l *latency) Close(lost missed) []LatencyRow {
	for kind, x := range l.seconds {
		l.finish(kind, x)
	}
	for phase, n := range lost.due {
		if n > 0 {
			grow(l.sums, seriesName{"response", phase, "all"})
		}
	}
	rows := []LatencyRow{}
	for name, x := range l.sums {
		row := LatencyRow{Phase: name.phase, Cohort: name.cohort, Kind: name.kind, N: x.n()}
		switch {
		case name.cohort != "all":
		case name.kind == "response":
			row.Lost = lost.due[name.phase]
		case name.kind == "service":
			row.Lost = lost.sent[name.phase]
		}
		row.P50, row.P90 = x.quantile(0.5, row.Lost), x.quantile(0.9, row.Lost)
		row.P99, row.P999 = x.quantile(0.99, row.Lost), x.quantile(0.999, row.Lost)
		row.Max, row.Prompt = x.quantile(1, row.Lost), x.within(prompt)
		if name.kind == "response" {
			row.Curve = x.curve(row.Lost)
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b LatencyRow) int {
		return cmp.Or(
			cmp.Compare(phaseRank(a.Phase), phaseRank(b.Phase)), cmp.Compare(a.Phase, b.Phase),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Cohort, b.Cohort))
	})
	return rows
}

// phaseRank orders phases as they follow each other.
func phaseRank(phase string) int {
	return slices.Index([]string{"all", warmup, baseline, "chaos", "recovery", settled, verify}, phase)
}
