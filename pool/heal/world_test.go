package heal

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// world is one client with a driver and a clock of its own, as a test sees them. It
// does what Step orders and, after each step, checks every invariant of doc.go that a
// single step can break, by its number.
type world struct {
	t testing.TB
	p Policy
	r Rand
	s State

	now       Instant
	timer     uint32  // number of the timer that the driver has armed
	due       Instant // when it is due
	armed     bool
	punctual  bool    // every timer since the connection opened was served on time
	dialing   uint32  // generation being dialled; 0: none
	open      uint32  // generation that is open; 0: none
	opened    Instant // when it opened
	last      Instant // its last inbound byte; 0: none yet
	proved    bool    // a round trip came back on it
	notBefore Instant // what the server asked for
}

func newWorld(t testing.TB, p Policy) *world {
	require.NoError(t, p.Validate())
	return &world{t: t, p: p, r: Rand{Seed: 42, Client: 7}}
}

// Policies as the embedded ones are, so that transcripts do not change with those.
func policyLike(name string) Policy {
	p := Policy{
		Name: name, HandshakeTimeout: 5 * time.Second, ProveTimeout: 5 * time.Second,
		PingEvery: 10 * time.Second, PingTimeout: 3 * time.Second,
		StableAfter: 5 * time.Second, Heed: true,
	}
	switch name {
	case "default":
		p.First = First{Spread, 5 * time.Second}
		p.Backoff = Backoff{time.Second, 30 * time.Second, 2, Equal}
	case "naive":
		p.Backoff = Backoff{Base: time.Second}
		p.ResetOn, p.Heed = OnOpen, false
	case "full-jitter":
		p.First.Rule = ByBackoff
		p.Backoff = Backoff{500 * time.Millisecond, 20 * time.Second, 2, Full}
	case "decorrelated":
		p.Backoff = Backoff{time.Second, 20 * time.Second, 1, Decorrelated}
	case "no-pings":
		p.First = First{Spread, time.Second}
		p.Backoff = Backoff{time.Second, time.Minute, 1.5, Full}
		p.PingEvery, p.PingTimeout = 0, 0
	case "hasty":
		p.First = First{Spread, time.Second}
		p.Backoff = Backoff{time.Millisecond, 10 * time.Second, 3, NoJitter}
		p.PingEvery, p.PingTimeout, p.StableAfter = time.Second, 2*time.Second, 0
	default:
		panic(name)
	}
	return p
}

var policyNames = []string{"default", "naive", "full-jitter", "decorrelated", "no-pings", "hasty"}

// step hands one event to Step, checks the answer and does what was ordered.
func (w *world) step(ev Event) []Action {
	w.t.Helper()
	before, again := w.s, w.s
	a := Step(w.now, ev, &w.s, &w.p, w.r)
	b := Step(w.now, ev, &again, &w.p, w.r)
	w.must(a == b && again == w.s, 13, "the same step gave %+v and %+v", a, b)

	w.learn(ev, before)
	orders := slices.Clone(a.All())
	for _, o := range orders {
		w.obey(o)
	}
	w.check(ev, before, orders)
	return orders
}

// learn takes in what the driver knew before it reported the event.
func (w *world) learn(ev Event, before State) {
	if ev.Kind == TimerFired && w.armed && ev.Timer == w.timer {
		w.armed = false
	}
	ended := false
	switch {
	case ev.Kind == Opened && w.dialing != 0 && ev.Gen == w.dialing:
		w.dialing, w.open, w.opened, w.last = 0, ev.Gen, w.now, 0
		w.proved, w.punctual = false, true
	case ev.Kind == Proved && w.open != 0 && ev.Gen == w.open:
		w.proved, w.last = true, w.now
	case ev.Kind == Failed && w.dialing != 0 && ev.Gen == w.dialing:
		w.dialing, ended = 0, true
	case ev.Kind == Lost && w.open != 0 && ev.Gen == w.open:
		w.open, ended = 0, true
	}
	if ended && before.Phase != Retired && w.p.Heed && throttles(ev) {
		w.notBefore = w.now.Add(min(ev.RetryAfter, 5*time.Minute))
	}
}

// obey does one order.
func (w *world) obey(o Action) {
	w.t.Helper()
	switch o.Kind {
	case Arm:
		w.must(o.At >= w.now, 14, "armed for %v at %v", o.At, w.now)
		w.timer, w.due, w.armed = o.Timer, o.At, true
	case Dial:
		w.must(w.dialing == 0 && w.open == 0, 2, "dial %d while %d is dialled and %d open", o.Gen, w.dialing, w.open)
		w.must(w.now >= w.notBefore, 6, "dial at %v, the server asked for %v", w.now, w.notBefore)
		w.dialing, w.notBefore = o.Gen, 0
	case Ping:
		w.must(o.Gen == w.open, 2, "ping on %d, open is %d", o.Gen, w.open)
	case Kill, Shut:
		w.must(o.Gen != 0 && (o.Gen == w.open || o.Gen == w.dialing), 2, "%v of %d", o.Kind, o.Gen)
		w.open, w.dialing = 0, 0
	}
}

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
func (w *world) checkDelay(k uint32, previous, d time.Duration) {
	w.t.Helper()
	b := w.p.Backoff
	limit, factor := max(b.Cap, b.Base), max(b.Factor, 1)
	step := float64(b.Base)
	for i := uint32(0); i < k && step < float64(limit); i++ {
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
	w.must(w.last < before.Pinged, 8, "killed, though a byte came at %v and the ping at %v", w.last, before.Pinged)
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

// What happens in a world.

func (w *world) start() []Action  { w.t.Helper(); return w.step(Event{Kind: Start}) }
func (w *world) close() []Action  { w.t.Helper(); return w.step(Event{Kind: Close}) }
func (w *world) opens() []Action  { w.t.Helper(); return w.step(Event{Kind: Opened, Gen: w.s.Gen}) }
func (w *world) proves() []Action { w.t.Helper(); return w.step(Event{Kind: Proved, Gen: w.s.Gen}) }

func (w *world) fails(c Cause, code uint16, after time.Duration) []Action {
	w.t.Helper()
	return w.step(Event{Kind: Failed, Gen: w.s.Gen, Cause: c, Code: code, RetryAfter: after})
}

func (w *world) loses(c Cause, code uint16) []Action {
	w.t.Helper()
	return w.step(Event{Kind: Lost, Gen: w.s.Gen, Cause: c, Code: code})
}

// fire serves the timer in force, when it is due or, if that is over, now.
func (w *world) fire() []Action {
	w.t.Helper()
	require.True(w.t, w.armed, "no timer is in force")
	if w.due < w.now {
		w.punctual = false
	}
	w.now = max(w.now, w.due)
	return w.step(Event{Kind: TimerFired, Timer: w.timer, Inbound: w.last})
}

// byteAt lets a byte arrive.
func (w *world) byteAt(at Instant) {
	w.now = max(w.now, at)
	if w.open != 0 {
		w.last = w.now
	}
}

// pass lets time go by.
func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// reach brings the client from idle to a phase, by the shortest way.
func (w *world) reach(phase Phase) *world {
	w.t.Helper()
	if phase == Retired {
		w.close()
		return w
	}
	ways := []func(){
		func() { w.start() },
		func() { w.pass(10 * time.Millisecond); w.opens() },
		func() { w.pass(time.Millisecond); w.proves() },
	}
	for _, way := range ways {
		if w.s.Phase == phase {
			return w
		}
		switch {
		case phase == GaveUp && w.s.Phase == Dialing:
			w.fails(TLS, 0, 0)
			return w
		case phase == Waiting && w.s.Phase == Dialing:
			w.fails(Refused, 0, 0)
			return w
		}
		way()
	}
	for w.s.Phase != phase {
		w.byteAt(w.now) // busy until stable, then silent
		if w.s.Phase == Stable {
			for w.s.Phase == Stable {
				w.fire()
			}
			break
		}
		w.fire()
	}
	require.Equal(w.t, phase, w.s.Phase)
	return w
}
