package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// engine is the process whose own timeliness is measured.
const engine = "engine"

// harness judges the tool itself: whether it did what it should when it should. Lateness
// counts while the fleet is calm (see Fitness).
type harness struct {
	measuring bool
	rows      map[string]*HarnessRow
	ticks     []int64 // p99 of each interval from the baseline's start on: one a second
	stalls    stalls
	timers    *hdrhistogram.Histogram
	timerMax  int64
	fitness   Fitness
	targets   map[string]Target
	unfit     []Unfit
}

func newHarness() *harness {
	return &harness{
		rows: map[string]*HarnessRow{}, targets: map[string]Target{},
		timers: hdrhistogram.New(1000, int64(10*time.Minute), 2),
	}
}

// Add takes a record; calm says whether the fleet was so from a moment until now.
func (h *harness) Add(rec Record, calm func(from int64) bool) {
	switch {
	case rec.Phase != nil:
		h.measuring = h.measuring || rec.Phase.Name != warmup
	case rec.Harness != nil:
		h.process(rec.T, rec.Harness)
	case rec.Target != nil:
		if _, known := h.targets[rec.Target.Name]; known || len(h.targets) < namesMost {
			h.targets[rec.Target.Name] = *rec.Target
		}
	case rec.Unfit != nil:
		if len(h.unfit) < namesMost {
			h.unfit = append(h.unfit, *rec.Unfit)
		}
	case rec.Load != nil && calm(rec.Load.From):
		h.fitness.Sends += rec.Load.OnUsable
		h.fitness.LateSends += rec.Load.LateOver
		h.fitness.LateP99 = max(h.fitness.LateP99, rec.Load.LateP99)
	case rec.Step != nil && rec.Step.Event == "timer" && calm(rec.T):
		late := max(0, rec.Step.Late)
		h.fitness.Timers++
		if late > lateLimit {
			h.fitness.LateTimers++
		}
		h.timerMax = max(h.timerMax, late)
		// Brought inside the range, which is all that can be wrong with a value.
		_ = h.timers.RecordValue(min(late, h.timers.HighestTrackableValue()))
	}
}

func (h *harness) process(t int64, rec *Harness) {
	if rec.Process == engine {
		h.stalls.Add(t, rec)
	}
	name := rec.Process
	if h.rows[name] == nil && len(h.rows) >= namesMost {
		name = otherName
	}
	row := h.rows[name]
	if row == nil {
		row = &HarnessRow{Process: name}
		h.rows[name] = row
	}
	row.CPU, row.RSS, row.FDs = max(row.CPU, rec.CPU), max(row.RSS, rec.RSS), max(row.FDs, rec.FDs)
	row.FDLimit = max(row.FDLimit, rec.FDLimit)
	if rec.FDLimit > 0 {
		if share := float64(rec.FDs) / float64(rec.FDLimit); share > h.fitness.FDs {
			h.fitness.FDs, h.fitness.FDProcess = share, rec.Process
		}
	}
	if rec.Process == engine && h.measuring {
		row.TickP99, row.GCPause, row.Steal = max(row.TickP99, rec.TickP99), max(row.GCPause, rec.GCPauseMax), max(row.Steal, rec.Steal)
		h.ticks = append(h.ticks, rec.TickP99)
	}
}

// Close returns the rows by process, the targets' last words by name, and the fitness.
// From and to are the span in which a stall counts.
func (h *harness) Close(from, to int64) ([]HarnessRow, []Target, Fitness) {
	f := h.fitness
	f.Healing = to - from
	f.Stall, f.Stalls = h.stalls.within(from, to)
	if f.Timers > 0 {
		f.TimerP99 = min(h.timers.ValueAtQuantile(99), h.timerMax)
	}
	if f.Ticks = len(h.ticks); f.Ticks > 0 {
		sorted := slices.Sorted(slices.Values(h.ticks))
		f.TickP99 = sorted[rank(0.5, int64(len(sorted)))-1]
	}
	rows := make([]HarnessRow, 0, len(h.rows))
	for _, row := range h.rows {
		if row.FDLimit > 0 {
			f.Processes++
		}
		if row.Process == engine {
			row.LateP99, row.TimerP99 = f.LateP99, f.TimerP99
		}
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b HarnessRow) int { return cmp.Compare(a.Process, b.Process) })
	targets := make([]Target, 0, len(h.targets))
	for _, t := range h.targets {
		targets = append(targets, t)
	}
	slices.SortFunc(targets, func(a, b Target) int { return cmp.Compare(a.Name, b.Name) })
	return rows, targets, f
}
