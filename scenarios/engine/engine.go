package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

const (
	drainLimit   = 5 * time.Second        // for answers that are still out when the load ends
	closeLimit   = 3 * time.Second        // for the fleet to close, and for each child to end
	statsTimeout = 500 * time.Millisecond // for all of what is asked once a second
	flushEvery   = 200 * time.Millisecond // what a run that is killed may lose of its journal
)

// run is one scenario being run.
type run struct {
	env      Env
	scenario *scenarios.Scenario
	epoch    time.Time // zero of every instant of the run
	base     int64     // the same moment on CLOCK_MONOTONIC

	targets []Target // as scenario.Targets
	access  []access // to them
	proxy   Proxy    // nil where no fault needs one
	others  map[chaos.Backend]chaos.Injector
	names   Names                 // nil where no target has one
	homes   map[netip.Addr]string // where targets with names are, by the addresses that those have
	dial    dialFunc              // to targets, through the proxy where one stands in the way
	front   map[string]string     // addresses of the proxy, by those of the targets
	fleet   Healer                // nil: the clients are not ours
	clients Process               // that has them; nil: they are ours
	view    *wireView             // nil: no proxy that could tell
	rec     *recorder
	health  *health
	journal *report.Writer
	abort   context.CancelCauseFunc // ends the run for a reason of the harness's own

	baseline baseline

	mu        sync.Mutex      // protects following
	commanded map[string]bool // faults that the proxy was told of
	witnesses map[string]*witness
	edges     map[string]edges // by fault
	logErr    error            // the first of writing the latency log
}

func (r *run) now() heal.Instant { return heal.Instant(time.Since(r.epoch)) }

// Run runs one scenario and writes its journal. It returns nil whenever the journal says
// how the run ended, also when ctx interrupted it or the harness was unfit; a SetupError
// when the run could not begin; any other error is the harness's own. Faults are cleared
// and children ended on every path.
func Run(ctx context.Context, s *scenarios.Scenario, env Env) (err error) {
	r := &run{env: env, scenario: s, journal: report.NewWriter(env.Journal), commanded: map[string]bool{}, witnesses: map[string]*witness{}, edges: map[string]edges{}}
	defer func() { err = r.redacted(errors.Join(err, r.stopChildren())) }()
	r.epoch, r.base = time.Now(), env.Clock()
	if why := unfitFor(s, env.FDLimit); why != "" {
		return r.refuse(report.Unfit{Limit: "descriptors", Why: why})
	}
	if r.dial, err = r.start(ctx); err != nil {
		return err
	}
	// Starting the children took a while; the plan counts from here.
	r.epoch, r.base = time.Now(), env.Clock()
	r.rec = newRecorder(r)
	r.rec.write(report.Record{Run: r.header()}) // first of all: a fleet that is shared takes notice of its endpoints as soon as it is open
	if r.view = newWireView(r); r.view != nil {
		if err := r.view.look(ctx); err != nil { // before anybody dials
			return err
		}
	}
	if r.scenario.Foreign() {
		if r.view == nil {
			return &SetupError{errors.New("clients.command needs wsheal's own fault proxy, which tells of connections one by one")}
		}
		if err := r.startForeign(ctx); err != nil {
			return err
		}
	} else {
		if r.fleet, err = r.openHealer(); err != nil {
			return err
		}
		defer r.closePool()
	}
	r.env.Begun(r.epoch)
	return r.play(ctx)
}

// redacted is an error without the scenario's secrets, which what a target said may have.
func (r *run) redacted(err error) error {
	if err == nil {
		return nil
	}
	if text := r.scenario.Redact(err.Error()); text != err.Error() {
		return &redactedError{err, text}
	}
	return err
}

// redactedError is an error whose text was changed.
type redactedError struct {
	error
	text string
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.error }

// refuse ends a run that the harness is unfit for before it begins.
func (r *run) refuse(u report.Unfit) error {
	r.rec = newRecorder(r)
	r.rec.write(report.Record{Run: r.header()})
	r.env.Begun(r.epoch)
	r.rec.write(report.Record{Unfit: &u})
	r.rec.write(report.Record{End: &report.End{Reason: "unfit", Why: u.Why}})
	return r.journal.Flush()
}

// play is the plan in order, as one straight line: everything beside it (load, faults,
// samples) runs in goroutines that it starts and waits for.
func (r *run) play(ctx context.Context) error {
	inner, cancel := context.WithCancelCause(ctx)
	r.abort = cancel
	var side sync.WaitGroup // samplers and child watchers, until the end
	side.Go(func() { r.sample(inner) })
	side.Go(func() { r.health.watchTicks(inner) })
	r.watchChildren(inner, cancel, &side)
	if r.view != nil {
		side.Go(func() { r.view.watch(inner) })
	}

	var work sync.WaitGroup // load and faults, until the end of the plan
	working, stopWork := context.WithCancel(inner)
	work.Go(func() { r.ramp(working) })
	work.Go(func() { // without messages where the clients are not ours
		if err := drive(working, r.rec.schedule, r.now, r.fleet, r.rec); err != nil {
			cancel(err)
		}
	})

	end := report.End{Reason: "complete"}
	breakThings := sync.OnceFunc(func() {
		for _, f := range r.scenario.Faults {
			work.Go(func() { r.injection(working, f) })
		}
		work.Go(func() { r.guard(working, cancel) })
	})
	for _, p := range r.scenario.Phases {
		if p.Name != "warmup" && p.Name != "baseline" {
			breakThings()
		}
		r.phase(p.Name)
		if !sleepUntil(inner, heal.Instant(p.To), r.now) {
			break
		}
		if p.Name == "baseline" && !r.steady(inner, p) {
			end = report.End{Reason: "unsteady", Why: "steady state was not reached by the end of the baseline, so nothing was broken"}
			break
		}
	}
	switch {
	case ctx.Err() != nil:
		end = report.End{Reason: "interrupted"}
	case inner.Err() != nil:
		end = ended(r.redacted(context.Cause(inner)))
	}
	stopWork()
	work.Wait()
	r.await(inner, drainLimit, func() bool { return r.rec.outstanding() <= 0 })
	r.phase("end")
	r.testify(ctx)
	cancel(nil)
	side.Wait()
	r.observeWorld(context.WithoutCancel(ctx))
	if r.view != nil {
		r.view.finish(context.WithoutCancel(ctx))
	}
	// What a run that ends early still waits for goes on coming in. The last interval is
	// counted when nothing more is, or the journal and the latency log would not agree.
	r.rec.stopped.Store(true)
	r.interval()
	if heard := r.rec.heard(int64(r.now())); heard != nil {
		r.rec.write(report.Record{T: int64(r.now()), Pushed: heard})
	}
	r.rec.write(report.Record{T: int64(r.now()), End: &end})
	return errors.Join(r.logErr, r.journal.Flush())
}

// in says whether the plan is in the named phase.
func (r *run) in(name string) bool {
	now := time.Duration(r.now())
	for _, p := range r.scenario.Phases {
		if p.Name == name && p.From <= now && now < p.To {
			return true
		}
	}
	return false
}

func (r *run) phase(name string) {
	now := int64(r.now())
	r.rec.write(report.Record{T: now, Phase: &report.Phase{Name: name}})
	r.env.Track.SetPhase(name, time.Duration(now))
	r.flush()
}

// ramp starts the clients, paced evenly, whatever the policy.
func (r *run) ramp(ctx context.Context) {
	n := r.scenario.Clients.Count
	if r.fleet == nil {
		return // they begin by themselves
	}
	for i := range n {
		at := heal.Instant(int64(r.scenario.Clients.Ramp) * int64(i) / int64(n))
		if at > r.now() && !sleepUntil(ctx, at, r.now) {
			return
		}
		r.fleet.Start(i)
	}
}

// await waits until done says so, at most for the limit.
func (r *run) await(ctx context.Context, limit time.Duration, done func() bool) {
	end := r.now().Add(limit)
	for !done() && r.now() < end {
		if !sleepUntil(ctx, r.now().Add(time.Millisecond), r.now) {
			return
		}
	}
}

// sample writes what is read at intervals, and keeps what a killed run loses small.
func (r *run) sample(ctx context.Context) {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	r.observeWorld(ctx)
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if r.in("baseline") {
			r.baseline.add(float64(r.rec.usable.Load()) / float64(r.scenario.Clients.Count))
		}
		if n%int(time.Second/flushEvery) == 0 {
			r.observeWorld(ctx)
			r.interval()
		}
		r.flush()
	}
}

func (r *run) observeWorld(ctx context.Context) {
	for _, h := range r.health.sample(time.Now()) {
		r.rec.write(report.Record{T: int64(r.now()), Harness: &h})
	}
	// Who does not answer in time, a paused target for one, is asked again in a second.
	ctx, cancel := context.WithTimeout(ctx, statsTimeout)
	defer cancel()
	for _, t := range r.targets {
		if s, ok, err := t.Stats(ctx); ok && err == nil {
			r.rec.write(report.Record{T: int64(r.now()), Target: &s})
		}
	}
	if r.proxy == nil {
		return
	}
	if traffic, err := r.proxy.Traffic(ctx); err == nil {
		for _, t := range r.scenario.Targets {
			if w, ok := traffic[t.Name]; ok {
				if w.Errors > 0 {
					r.rec.unfit("connections", fmt.Sprintf("the fault proxy in front of %s could not accept %d times: it ran out of descriptors or memory", t.Name, w.Errors))
				}
				r.rec.write(report.Record{T: int64(r.now()), Wire: &report.Wire{
					Target: t.Name, Accepted: w.Accepted, Upgraded: w.Upgraded, Live: w.Live, Refused: w.Refused,
					BytesUp: w.BytesUp, BytesDown: w.BytesDown, Errors: w.Errors,
				}})
			}
		}
	}
}

// watchChildren ends the run when a process that it depends on ends by itself.
func (r *run) watchChildren(ctx context.Context, cancel context.CancelCauseFunc, wg *sync.WaitGroup) {
	watch := func(p Process) {
		if p.Done() == nil {
			return
		}
		wg.Go(func() {
			select {
			case <-p.Done():
				cancel(fmt.Errorf("ended by itself: %w", p.Err()))
			case <-ctx.Done():
			}
		})
	}
	for _, t := range r.targets {
		watch(t)
	}
	if r.proxy != nil {
		watch(r.proxy)
	}
	if r.clients != nil {
		watch(r.clients)
	}
}

// interval ends an interval of the load here. The first error of the latency log is the
// run's.
func (r *run) interval() {
	if err := r.rec.interval(int64(r.now())); err != nil {
		r.mu.Lock()
		r.logErr = cmp.Or(r.logErr, err)
		r.mu.Unlock()
		r.abort(err)
	}
}

// flush hands the journal on. A run that cannot be recorded has no use: it ends. The error
// stays with the writer, and the last Flush returns it.
func (r *run) flush() {
	if err := r.journal.Flush(); err != nil {
		r.abort(err)
	}
}

func (r *run) closePool() {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	_ = r.fleet.Close(ctx) // past its limit it closes by force, which is all that is left to do
}

// stopChildren ends the children side by side, each within closeLimit.
func (r *run) stopChildren() error {
	children := []Process{}
	if r.clients != nil {
		children = append(children, r.clients)
	}
	for _, t := range r.targets {
		children = append(children, t)
	}
	if r.proxy != nil {
		children = append(children, r.proxy)
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	errs := make([]error, len(children))
	var wg sync.WaitGroup
	for i, c := range children {
		wg.Go(func() { errs[i] = c.Stop(ctx) })
	}
	wg.Wait()
	if r.names != nil {
		errs = append(errs, r.names.Close())
	}
	return errors.Join(errs...)
}
