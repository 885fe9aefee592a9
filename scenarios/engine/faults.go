package engine

import (
	"context"
	"slices"
	"time"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/live"
	"github.com/wsheal/wsheal/scenarios"
)

// controlTimeout bounds every call to the injector: a backend that hangs makes the run
// inconclusive, it does not hang it.
const controlTimeout = 5 * time.Second

// injection carries one fault through its life: commanded, confirmed, cleared. However
// the run ends, it clears what it commanded.
func (r *run) injection(ctx context.Context, f scenarios.Fault) {
	canaries := r.watch(ctx, f)
	defer canaries.end(r, ctx)
	if !sleepUntil(ctx, heal.Instant(f.At), r.now) {
		return
	}
	canaries.begin(ctx)
	r.command(f.Name)
	r.edge(report.Fault{Name: f.Name, Edge: "commanded"}, r.now())
	err := r.control(ctx, func(ctx context.Context) error { return r.injector(f.By).Inject(ctx, f.Fault) })
	began := r.now()
	if err != nil {
		r.edge(report.Fault{Name: f.Name, Edge: "failed", Error: err.Error()}, r.now())
		r.clear(ctx, f) // it may be in force although the answer was lost
		return
	}
	if ev, err := r.evidence(ctx, f); err == nil && ev.Armed > 0 {
		r.edge(report.Fault{Name: f.Name, Edge: "confirmed"}, r.instant(ev.Armed))
	}
	if f.For > 0 {
		r.interval()
		end := heal.Instant(f.At + f.For)
		if f.Ramp == f.For { // the last of its cohort have their turn at its very end, however late it came into force
			end = began.Add(f.For)
		}
		sleepUntil(ctx, end, r.now)
		r.interval()
		canaries.clearing()
	}
	r.clear(ctx, f)
}

func (r *run) command(fault string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.commanded[fault] = true
}

func (r *run) witness(fault string) *witness {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.witnesses[fault]
}

func (r *run) wasCommanded(fault string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.commanded[fault]
}

func (r *run) clear(ctx context.Context, f scenarios.Fault) {
	ctx = context.WithoutCancel(ctx)
	if err := r.control(ctx, func(ctx context.Context) error { return r.injector(f.By).Clear(ctx, f.Name) }); err != nil {
		r.edge(report.Fault{Name: f.Name, Edge: "failed", Error: "clear: " + err.Error()}, r.now())
		return
	}
	if ev, err := r.evidence(ctx, f); err == nil && ev.Cleared > 0 {
		r.edge(report.Fault{Name: f.Name, Edge: "cleared"}, r.instant(ev.Cleared))
	}
}

// testify writes what each fault turned out to have done.
func (r *run) testify(ctx context.Context) {
	for _, f := range r.scenario.Faults {
		rec := report.Fault{Name: f.Name, Edge: "evidence"}
		if !r.wasCommanded(f.Name) {
			rec.State, rec.Why = string(chaos.NoEffect), "it was never commanded"
		} else if ev, err := r.evidence(ctx, f); err != nil {
			rec.State, rec.Why = string(chaos.Unverifiable), err.Error()
		} else {
			state, why := r.witness(f.Name).judge(ev.Judge(f.Fault, true))
			rec.State, rec.Why = string(state), why+fidelity(f, state)
			rec.First, rec.Last = int64(r.instant(ev.First)), int64(r.instant(ev.Last))
			rec.Targeted, rec.Hit, rec.ControlHit = ev.Targeted, ev.Hit, ev.ControlHit
			rec.Resets, rec.HeldChunks, rec.HeldBytes, rec.Leaked = ev.Resets, ev.HeldChunks, ev.HeldBytes, ev.Leaked
			rec.Delayed, rec.DelayNS, rec.Counts = ev.Delayed, ev.DelayNS, ev.Counts
		}
		r.rec.write(report.Record{T: int64(r.now()), Fault: &rec})
	}
}

// fidelity is what a confirmed fault was not: silence that a proxy makes is above TCP,
// whose own timers it leaves content.
func fidelity(f scenarios.Fault, state chaos.State) string {
	proxied := func(f chaos.Fault) bool { return f.By == chaos.ByProxy || f.By == chaos.ByToxiproxy }
	above := proxied(f.Fault) || slices.ContainsFunc(f.Parts, proxied)
	if state != chaos.Confirmed || !above || !slices.Contains(f.Sights(), chaos.SeesHalfOpen) {
		return ""
	}
	return "; the proxy acknowledged meanwhile, so TCP keepalive could not fire"
}

func (r *run) evidence(ctx context.Context, f scenarios.Fault) (ev chaos.Evidence, err error) {
	err = r.control(context.WithoutCancel(ctx), func(ctx context.Context) error {
		ev, err = r.injector(f.By).Evidence(ctx, f.Name)
		return err
	})
	return ev, err
}

func (r *run) control(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	return call(ctx)
}

var trackEdge = map[string]live.Edge{
	"commanded": live.Commanded, "confirmed": live.Confirmed, "cleared": live.Cleared, "failed": live.Failed,
}

func (r *run) edge(f report.Fault, at heal.Instant) {
	f.Error = r.scenario.Redact(f.Error)
	r.passed(f.Name, f.Edge, at)
	r.rec.write(report.Record{T: int64(at), Fault: &f})
	r.env.Track.SetFault(f.Name, trackEdge[f.Edge], time.Duration(at), f.Error)
	r.flush()
}

// instant places a moment of CLOCK_MONOTONIC on the run's own axis; 0 stays 0: never.
func (r *run) instant(monotonic int64) heal.Instant {
	if monotonic == 0 {
		return 0
	}
	return heal.Instant(monotonic - r.base)
}

// sleepUntil returns false when ctx ended first.
func sleepUntil(ctx context.Context, t heal.Instant, now func() heal.Instant) bool {
	timer := time.NewTimer(t.Sub(now()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
