package heal

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// check holds one step against every invariant that a single step can break. seen is the
// connection that was used before it.
func (w *world) check(ev Event, before State, orders []Action, seen *link) {
	w.t.Helper()
	s, quiet := w.s, len(orders) == 0 && w.s == before

	switch ev.Kind {
	case Opened, Failed, Proved, Lost, Checked, Disproved:
		w.must(quiet || ev.Gen == before.Gen || ev.Gen == before.Live, 1, "generation %d was answered in %+v", ev.Gen, before)
	case TimerFired:
		w.must(quiet || ev.Timer == before.Timer, 1, "timer %d was answered, in force is %d", ev.Timer, before.Timer)
	}

	dial := one(orders, Dial)
	if dial != nil {
		w.must(dial.Gen == s.Gen && dial.Endpoint == s.Endpoint, 2, "dialled %+v, the state is %+v", dial, s)
		w.must(s.Gen == before.Gen+1, 2, "a dial took the generation from %d to %d", before.Gen, s.Gen)
	} else {
		w.must(s.Gen == before.Gen, 2, "no dial took the generation from %d to %d", before.Gen, s.Gen)
	}
	dialling := s.Phase == Dialing || s.Phase == Moving && w.dialing != 0
	w.must(dialling == (w.dialing == s.Gen && s.Gen != 0), 2, "%v while %d is dialled", s.Phase, w.dialing)
	w.must(slices.Equal(w.undrained(), belongs(&s)), 2, "%+v while %v are open", s, w.undrained())
	if s.Phase.Usable() {
		w.must(w.links[s.Live].proved, 2, "%v on connection %d, which has not proved itself", s.Phase, s.Live)
	}

	if w.mustWatch() {
		w.must(w.armed && w.timer == s.Timer, 3, "%v with no timer in force", s.Phase)
	}

	w.checkHealed(ev, before, seen)

	if s.Steps == before.Steps+1 && s.Phase == Waiting && !w.p.unusual(w.endIn(ev)) && !before.is(told) {
		w.checkDelay(s.Steps-1, before.Delay, s.Delay)
	}
	w.checkRound(ev, before)
	if ev.Kind == TimerFired && before.Phase == Suspect && !quiet && one(orders, Kill) != nil && s.Cause != Unpinged {
		w.checkDetection(ev, before, seen)
	}

	if s.Phase == GaveUp && before.Phase != GaveUp {
		w.must(w.mayGiveUp(ev), 9, "gave up on %+v", ev)
		for _, o := range orders {
			w.must(o.Kind == Kill, 9, "gave up and ordered %+v", orders)
		}
	}
	if before.Phase == GaveUp && ev.Kind != Start && ev.Kind != Close {
		w.must(quiet, 9, "had given up, and did %+v", orders)
	}
	if ev.Kind == Close {
		w.must(s.Phase == Retired && len(w.undrained()) == 0 && w.dialing == 0, 10, "closed and %v", s.Phase)
	}
	if before.Phase == Retired {
		w.must(quiet, 10, "retired, and did %+v", orders)
	}
	if s.Phase != before.Phase {
		e := edge{before.Phase, ev.Kind, s.Phase}
		w.must(edges[e] || rare[e], 11, "%v by %v to %v", e.from, e.by, e.to)
	}

	w.checkAdmission(ev, before, dial)
	w.checkMove(ev, before, orders)
	w.checkCredentials(ev, before, orders, dial)
	if ev.Kind == Scatter && before.Phase == Waiting {
		w.must(s.Phase == Waiting && s.Mark >= before.Mark && s.Delay >= before.Delay, 21, "scattered from %v to %v", before.Mark, s.Mark)
	}
}

// belongs are the connections that a client should have, those that drain apart.
func belongs(s *State) []uint32 {
	switch s.Phase {
	case Proving, Ready, Stable, Suspect, Checking, Moving:
		return []uint32{s.Live}
	case Joining:
		return []uint32{s.Live, s.Gen}
	}
	return nil
}

// mustWatch tells whether the client waits for something that may never come by itself.
func (w *world) mustWatch() bool {
	switch w.s.Phase {
	case Idle, GaveUp, Retired:
		return false
	case Stable:
		return w.p.PingEvery > 0 || w.p.ExpectPing > 0 || w.p.CheckEvery > 0 || w.p.Lifetime > 0 || w.s.is(wanted)
	}
	return true
}

// checkHealed: attempts are forgotten by healing alone, or a start.
func (w *world) checkHealed(ev Event, before State, seen *link) {
	w.t.Helper()
	s := w.s
	lived := seen != nil && seen.proved && w.now >= seen.opened.Add(max(w.p.StableAfter, before.Delay))
	forgotten := s.Attempt < before.Attempt && before.Attempt < math.MaxUint16 || s.Steps < before.Steps
	if w.p.ResetOn == OnStable && forgotten {
		w.must(ev.Kind == Start || before.Phase.Usable() && before.Phase != Stable && lived, 4,
			"attempts were forgotten from %+v to %+v", before, s)
	}
	if s.is(healed) && !before.is(healed) {
		w.must(lived, 4, "stable after %v", w.now.Sub(seen.opened))
	}
	young := s.Phase.Usable() && !s.is(healed)
	w.must(!young || w.p.ResetOn == OnOpen || s.Attempt > 0, 4, "a connection that has not healed is none of %d attempts", s.Attempt)
}

// mayGiveUp tells whether anything that happened says that going on is pointless, or the
// tries that the policy grants are used up.
func (w *world) mayGiveUp(ev Event) bool {
	if tries := w.p.Backoff.Tries; tries > 0 && w.s.Attempt >= tries {
		return true
	}
	v, _ := w.p.asks(w.endIn(ev))
	return v == Pointless || v == Reauth && w.told.fresh
}

// endIn is the end that was taken in with an event: a timer may be one, too.
func (w *world) endIn(ev Event) Event {
	if ev.Kind == TimerFired {
		return Event{Kind: Lost, Cause: w.s.Cause}
	}
	return ev
}

// checkDelay holds an ordinary backoff delay against its step.
func (w *world) checkDelay(k uint8, previous, d time.Duration) {
	w.t.Helper()
	b := w.p.Backoff
	limit, factor := max(b.Cap, b.Base, b.BaseMost), max(b.Factor, 1)
	base := b.Base
	if b.BaseMost > b.Base {
		base += time.Duration(w.r.Float(DrawBackoff, 0) * float64(b.BaseMost-b.Base))
	}
	c := limit
	if grown := float64(base) * math.Pow(factor, float64(k)); grown < float64(limit) && (k < 255 || factor == 1) {
		c = time.Duration(grown)
	} else if b.CapLast {
		c = 1 << 62 // more than the cap takes
	}
	if n := len(b.Table); n > 0 {
		limit, c = slices.Max(b.Table), b.Table[min(int(k), n-1)]
	}
	if b.CapLast && d == limit && b.Jitter != NoJitter {
		w.must(float64(c)*max(b.High, 1) >= float64(limit), 5, "step %d of %+v drew its cap", k, b)
		return
	}
	ok := false
	switch {
	case b.Jitter == NoJitter || k < b.Plain:
		ok = d == min(c, limit)
	case b.Jitter == Full:
		ok = 0 <= d && d < c
	case b.Jitter == Equal:
		ok = c/2 <= d && d < c
	case b.Jitter == Decorrelated:
		if k == 0 {
			previous = b.Base
		}
		ok = b.Base <= d && d < min(limit, 3*previous)
	case b.Jitter == Uniform:
		ok = b.Base <= d && d < limit
	case b.Jitter == Scaled:
		ok = (b.Low*float64(c) <= float64(d+1) || b.CapLast) && float64(d) < b.High*float64(c)
	case b.Jitter == Added:
		ok = b.Base <= d && (d < b.Base+c || d == limit) && d <= limit
	}
	ok = ok && (!b.CapLast || d <= limit)
	w.must(ok, 5, "step %d of %+v drew %v, %+v", k, b, d, w.s)
}

// checkRound: an attempt that was not the last of its round is followed by the next one of
// it, which is no step; any other by a step.
func (w *world) checkRound(ev Event, before State) {
	w.t.Helper()
	s, next := w.s, w.p.Backoff.Next
	ended := before.Phase == Dialing || before.Phase == Proving // and not healed
	if next == 0 || !ended || s.Phase != Waiting || w.p.unusual(w.endIn(ev)) || before.is(told) {
		return
	}
	priorities := map[int]bool{}
	for _, e := range w.p.Endpoints {
		priorities[e.Priority] = true
	}
	round := len(priorities)
	if round == 0 {
		round = 1
		if w.p.Shared && !ev.Only {
			round = 2
		}
	}
	if int(before.Attempt)%round == 0 {
		w.must(s.Steps == min(before.Steps, 254)+1, 5, "a round is over, and no step follows: %+v", s)
		return
	}
	w.must(s.Steps == before.Steps && next/2 <= s.Delay && s.Delay < next, 5, "within a round, and drew %v, %+v", s.Delay, s)
}

// checkDetection holds the kill of a silent connection against its last byte and its ping.
func (w *world) checkDetection(ev Event, before State, seen *link) {
	w.t.Helper()
	at, last := seen.pinged, seen.evidence.Inbound
	w.must(last < at, 8, "killed, though a byte came at %v and the ping at %v", last, at)
	silence := before.Silence(&w.p, w.r)
	w.must(w.p.PingEvery/2 <= silence && silence < w.p.PingEvery, 7, "silence %v", silence)
	quiet := at.Sub(max(last, seen.opened).Add(silence))
	w.must(quiet >= 0, 7, "pinged %v too soon", -quiet)
	others := w.p.CheckEvery > 0 || w.p.Lifetime > 0 || before.Gen != before.Live
	if w.punctual && !others && w.p.PingTimeout <= w.p.PingEvery/2 {
		w.must(quiet == 0, 7, "pinged %v too late", quiet)
	}

	pong := w.p.PongTimeout(&before)
	w.must(w.p.PingTimeoutMin <= pong && pong <= w.p.PingTimeout, 17, "a ping may take %v", pong)
	handed, cause, wait := seen.evidence.Handed, HalfOpen, pong
	switch {
	case w.blind:
		handed = at
	case handed < at:
		handed, cause, wait = max(at, seen.evidence.Outbound), WriteStall, w.p.StallAfter()
	default:
		handed = max(handed, seen.evidence.Drained)
		if ev.Path == PathFrozen {
			cause = Frozen
		}
	}
	w.must(w.s.Cause == cause, 17, "%v, not %v", w.s.Cause, cause)
	late := w.now.Sub(handed.Add(wait))
	w.must(late >= 0, 17, "killed %v too soon", -late)
	w.must(late == 0 || !w.punctual || cause == WriteStall && late <= pong, 17, "killed %v too late", late)
}

// checkAdmission: in a pool a dial is the answer to an admission, and goes where that says.
func (w *world) checkAdmission(ev Event, before State, dial *Action) {
	w.t.Helper()
	if !w.p.Shared {
		w.must(ev.Kind != Admitted || dial == nil, 15, "alone, and admitted")
		return
	}
	if dial != nil {
		w.must(ev.Kind == Admitted && dial.Endpoint == ev.Endpoint, 15, "dialled %+v on %+v", dial, ev)
		w.must(before.Phase == Asking || before.Phase == Moving, 15, "dialled when %v", before.Phase)
	}
	waits := w.s.Phase == Asking || w.s.Phase == Moving && w.dialing == 0
	w.must(!waits || w.asked, 15, "%v, and has not asked", w.s.Phase)
}

// checkMove: the connection that is to be replaced stays until the new one has proved
// itself, and what becomes of the move is none of the client's attempts.
func (w *world) checkMove(ev Event, before State, orders []Action) {
	w.t.Helper()
	s := w.s
	if drain := one(orders, Drain); drain != nil {
		w.must(before.Phase == Joining && ev.Kind == Proved && ev.Gen == before.Gen, 16, "drained by %+v", ev)
		w.must(drain.Gen == before.Live && drain.Code == 1000 && s.Live == before.Gen && s.Phase == Ready, 16, "drained %+v", drain)
	}
	moving := before.Phase == Moving || before.Phase == Joining
	if !moving {
		return
	}
	ended := ev.Gen == before.Live && (ev.Kind == Lost || ev.Kind == Disproved) || s.Cause == Unpinged && ev.Kind == TimerFired
	if !ended && ev.Kind != Close {
		w.must(s.Phase.Usable(), 16, "a move made the client %v by %v", s.Phase, ev.Kind)
	}
	if !ended && s.Live == before.Live && ev.Kind != Close {
		settled := s.is(healed) && !before.is(healed)
		same := s.Attempt == before.Attempt && s.Steps == before.Steps && s.Delay == before.Delay && s.Home == before.Home
		w.must(settled || same, 16, "a move that failed made %+v of %+v", s, before)
	}
}

// checkCredentials: those that were rejected are replaced for the next dial, once.
func (w *world) checkCredentials(ev Event, before State, orders []Action, dial *Action) {
	w.t.Helper()
	own := ev.Gen == before.Gen || ev.Gen == before.Live
	if own && before.Phase != Retired && before.Phase != GaveUp && w.s != before {
		v, _ := w.p.asks(ev)
		killed := func(a Action) bool { return a.Kind == Kill && a.Gen == before.Gen }
		if ev.Gen != before.Gen && slices.ContainsFunc(orders, killed) {
			w.told.fresh = false // the replacement was ended before anybody answered it
		}
		switch {
		case v == Reauth:
			w.told = model{stale: true, fresh: false}
		case (ev.Kind == Failed || ev.Kind == Lost) && ev.Cause == Credentials && w.told.fresh:
			w.told = model{stale: true}
		case ev.Kind == Proved && ev.Gen == before.Gen && (before.Phase == Proving || before.Phase == Joining):
			w.told.fresh = false
		}
	}
	if dial != nil {
		w.must(dial.Fresh == w.told.stale, 18, "dialled with fresh credentials: %v, but rejected: %v", dial.Fresh, w.told.stale)
		if dial.Fresh {
			w.told = model{fresh: true}
		}
	}
}

func (w *world) must(ok bool, invariant int, format string, args ...any) {
	w.t.Helper()
	if !ok {
		w.t.Fatalf("invariant %d: %s", invariant, fmt.Sprintf(format, args...))
	}
}

// one returns the only order of a kind; nil: there is none.
func one(orders []Action, kind ActionKind) *Action {
	i := slices.IndexFunc(orders, func(a Action) bool { return a.Kind == kind })
	if i < 0 {
		return nil
	}
	return &orders[i]
}
