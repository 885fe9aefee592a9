package engine

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/wsheal/wsheal/report"
)

// tick is the period of the ticker whose lateness shows starved CPU.
const tick = 10 * time.Millisecond

// health samples every process of the run. Lateness of a plain ticker stands for the
// CPU that the harness did not get when it wanted it, whoever had it.
type health struct {
	env       Env
	processes map[string]func() (Usage, error)
	order     []string
	before    map[string]Usage
	last      time.Time

	mu    sync.Mutex
	ticks *hdrhistogram.Histogram // ns
	gc    debug.GCStats
}

func newHealth(env Env) *health {
	return &health{
		env: env, processes: map[string]func() (Usage, error){}, before: map[string]Usage{},
		ticks: hdrhistogram.New(1000, int64(time.Minute), 2),
	}
}

func (h *health) add(name string, usage func() (Usage, error)) {
	h.processes[name] = usage
	h.order = append(h.order, name)
	h.before[name], _ = usage()
}

// watchTicks runs the ticker until ctx ends.
func (h *health) watchTicks(ctx context.Context) {
	next := time.Now().Add(tick)
	timer := time.NewTimer(tick)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := time.Now()
		h.mu.Lock()
		record(h.ticks, int64(now.Sub(next)))
		h.mu.Unlock()
		if next = next.Add(tick); next.Before(now) {
			next = now.Add(tick)
		}
		timer.Reset(time.Until(next))
	}
}

// sample returns one record per process: what it used since the last call.
func (h *health) sample(now time.Time) []report.Harness {
	span := now.Sub(h.last).Seconds()
	first := h.last.IsZero()
	// CPU time comes in steps of 10 ms: over less than this, a rate says nothing.
	brief := !first && span < 0.5
	if !brief {
		h.last = now
	}
	var out []report.Harness
	for _, name := range h.order {
		u, err := h.processes[name]()
		if err != nil {
			continue // it has ended, or this system does not tell
		}
		rec := report.Harness{Process: name, Cores: runtime.NumCPU(), RSS: u.RSS, FDs: u.FDs, FDLimit: u.FDLimit}
		if !first && !brief {
			rec.CPU = max(0, u.CPU-h.before[name].CPU) / span
		}
		if !brief {
			h.before[name] = u
		}
		if name == "engine" {
			h.own(&rec)
		}
		out = append(out, rec)
	}
	return out
}

// own adds what only the engine can say of itself.
func (h *health) own(rec *report.Harness) {
	h.mu.Lock()
	rec.TickP99, rec.TickMax = h.ticks.ValueAtQuantile(99), h.ticks.Max()
	h.ticks.Reset()
	h.mu.Unlock()
	seen := h.gc.NumGC
	debug.ReadGCStats(&h.gc)
	for i := range min(int(h.gc.NumGC-seen), len(h.gc.Pause)) {
		rec.GCPauseMax = max(rec.GCPauseMax, int64(h.gc.Pause[i]))
	}
	if h.env.Machine != nil {
		rec.Steal = h.env.Machine()
	}
}

// record counts a value beyond the histogram's range at the edge of it.
func record(h *hdrhistogram.Histogram, v int64) {
	// The clamped value is inside the range that the histogram was made for.
	_ = h.RecordValue(min(max(v, 0), h.HighestTrackableValue()))
}
