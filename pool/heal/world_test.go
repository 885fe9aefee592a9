package heal

import (
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
