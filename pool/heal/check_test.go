package heal

import (
	"fmt"
	"slices"
	"time"
)

// check holds one step against every invariant that a single step can break.
func (w *world) check(ev Event, before State, orders []Action) {
	w.t.Helper()
	s, quiet := w.s, len(orders) == 0 && w.s == before

	switch ev.Kind {
	case Opened, Failed, Proved, Lost:
		w.must(quiet || ev.Gen == before.Gen, 1, "generation %d was answered in %d", ev.Gen, before.Gen)
	case TimerFired:
		w.must(quiet || ev.Timer == before.Timer, 1, "timer %d was answered, in force is %d", ev.Timer, before.Timer)
	}

	dials := uint32(0)
	for _, o := range orders {
		if o.Kind == Dial {
			dials++
			w.must(o.Gen == s.Gen && o.Endpoint == s.Endpoint, 2, "dialled %+v, the state is %+v", o, s)
		}
	}
	w.must(dials <= 1 && s.Gen == before.Gen+dials, 2, "%d dials took the generation from %d to %d", dials, before.Gen, s.Gen)
	w.must((s.Phase == Dialing) == (w.dialing == s.Gen && s.Gen != 0), 2, "%v while %d is dialled", s.Phase, w.dialing)
	w.must(s.Phase.open() == (w.open == s.Gen && s.Gen != 0), 2, "%v while %d is open", s.Phase, w.open)

	waits := slices.Contains([]Phase{Waiting, Dialing, Proving, Ready, Suspect}, s.Phase)
	if waits || s.Phase == Stable && w.p.PingEvery > 0 {
		w.must(w.armed && w.timer == s.Timer, 3, "%v with no timer in force", s.Phase)
	}

	lived := w.proved && w.now >= w.opened.Add(max(w.p.StableAfter, before.Delay))
	if w.p.ResetOn == OnStable && (s.Attempt < before.Attempt || s.Steps < before.Steps) {
		w.must(ev.Kind == Start || before.Phase == Ready && lived, 4, "attempts were forgotten from %+v to %+v", before, s)
	}
	if s.Phase == Stable && before.Phase == Ready {
		w.must(lived, 4, "stable after %v", w.now.Sub(w.opened))
	}

	if s.Steps == before.Steps+1 && !(w.p.Heed && (throttles(ev) || spreads(ev))) {
		w.checkDelay(s.Steps-1, before.Delay, s.Delay)
	}
	if s.Cause == HalfOpen && before.Phase == Suspect && ev.Kind == TimerFired && !quiet && s.Phase != Suspect && !s.Phase.open() {
		w.checkDetection(before)
	}

	if s.Phase == GaveUp && before.Phase != GaveUp {
		w.must(w.p.Heed && hopeless(ev), 9, "gave up on %+v", ev)
		w.must(len(orders) == 0, 9, "gave up and ordered %+v", orders)
	}
	if before.Phase == GaveUp && ev.Kind != Start && ev.Kind != Close {
		w.must(quiet, 9, "had given up, and did %+v", orders)
	}
	if ev.Kind == Close {
		w.must(s.Phase == Retired, 10, "closed and %v", s.Phase)
	}
	if before.Phase == Retired {
		w.must(quiet, 10, "retired, and did %+v", orders)
	}
	if s.Phase != before.Phase {
		w.must(s.Phase == Retired || slices.Contains(edges[before.Phase], s.Phase), 11, "%v to %v", before.Phase, s.Phase)
	}
}

// edges are those of doc.go's diagram; to Retired lead edges from everywhere. Where a
// delay may be 0, dialing stands beside waiting.
var edges = map[Phase][]Phase{
	Idle:    {Dialing},
	Waiting: {Dialing},
	Dialing: {Proving, Waiting, GaveUp},
	Proving: {Ready, Waiting, Dialing, GaveUp},
	Ready:   {Stable, Suspect, Waiting, Dialing, GaveUp},
	Stable:  {Suspect, Waiting, Dialing, GaveUp},
	Suspect: {Ready, Stable, Waiting, Dialing, GaveUp},
	GaveUp:  {Dialing},
}

// checkDelay holds an ordinary backoff delay against its step, which it computes by
// repeated multiplication.
func (w *world) checkDelay(k uint8, previous, d time.Duration) {
	w.t.Helper()
	b := w.p.Backoff
	limit, factor := max(b.Cap, b.Base), max(b.Factor, 1)
	step := float64(b.Base)
	for i := uint8(0); i < k && step < float64(limit); i++ {
		step *= factor
	}
	c := min(time.Duration(step), limit)
	ok := false
	switch b.Jitter {
	case NoJitter:
		ok = d == c
	case Full:
		ok = 0 <= d && d < c
	case Equal:
		ok = c/2 <= d && d < c
	case Decorrelated:
		if k == 0 {
			previous = b.Base
		}
		ok = b.Base <= d && d < min(limit, 3*previous)
	}
	w.must(ok, 5, "step %d of %+v drew %v", k, b, d)
}

// checkDetection holds the kill of a silent connection against its last byte.
func (w *world) checkDetection(before State) {
	w.t.Helper()
	w.must(w.last < before.Mark, 8, "killed, though a byte came at %v and the ping at %v", w.last, before.Mark)
	silence := w.p.SilenceOf(w.r, before.Pings-1)
	w.must(w.p.PingEvery/2 <= silence && silence < w.p.PingEvery, 7, "silence %v", silence)
	late := w.now.Sub(w.last.Add(silence + w.p.PingTimeout))
	w.must(late >= 0, 7, "killed %v too soon", -late)
	if w.punctual {
		exact := w.p.PingTimeout <= w.p.PingEvery/2
		w.must(late == 0 || !exact && late <= w.p.PingTimeout, 7, "killed %v too late", late)
	}
}

// What doc.go says of codes, written a second time.

func throttles(ev Event) bool {
	return ev.Cause == Status && (ev.Code == 429 || ev.Code == 503) || ev.Cause == CloseFrame && ev.Code == 1013
}

func spreads(ev Event) bool {
	return ev.Cause == CloseFrame && (ev.Code == 1000 || ev.Code == 1001 || ev.Code == 1012)
}

func hopeless(ev Event) bool {
	return ev.Cause == TLS || ev.Cause == Status && slices.Contains([]uint16{400, 401, 403, 404, 426}, ev.Code)
}

func (w *world) must(ok bool, invariant int, format string, args ...any) {
	w.t.Helper()
	if !ok {
		w.t.Fatalf("invariant %d: %s", invariant, fmt.Sprintf(format, args...))
	}
}
