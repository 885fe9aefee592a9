package heal

import (
	"maps"
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

	now      Instant
	timer    uint32  // number of the timer that the driver has armed
	due      Instant // when it is due
	armed    bool
	punctual bool // every timer was served on time since a connection opened last

	dialing uint32           // generation being dialled; 0: none
	links   map[uint32]*link // connections that are open, those that drain too
	asked   bool             // the pool was asked for admission and has not answered
	blind   bool             // the driver tells only when bytes arrived

	told      model   // what the client was told, and has to keep in mind
	notBefore Instant // what it was told to wait for
}

// link is one open connection as the driver sees it.
type link struct {
	opened   Instant
	evidence Event   // what a timer is told of it; zero: nothing yet
	pinged   Instant // when its last ping was ordered
	stuck    bool    // pings wait for their turn
	proved   bool    // a round trip came back on it
	draining bool
}

func newWorld(t testing.TB, p Policy) *world {
	require.NoError(t, p.Validate())
	return &world{t: t, p: p, r: Rand{Seed: 42, Client: 7}, links: map[uint32]*link{}}
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
		p.Backoff = Backoff{Base: time.Second, Cap: 30 * time.Second, Factor: 2, Jitter: Equal}
	case "naive":
		p.Backoff = Backoff{Base: time.Second}
		p.ResetOn, p.Heed = OnOpen, false
	case "full-jitter":
		p.First.Rule = ByBackoff
		p.Backoff = Backoff{Base: 500 * time.Millisecond, Cap: 20 * time.Second, Factor: 2, Jitter: Full}
	case "decorrelated":
		p.Backoff = Backoff{Base: time.Second, Cap: 20 * time.Second, Jitter: Decorrelated}
	case "uniform":
		p.First.Rule = ByBackoff
		p.Backoff = Backoff{Base: time.Second, Cap: 15 * time.Second, Jitter: Uniform}
	case "no-pings":
		p.First = First{Spread, time.Second}
		p.Backoff = Backoff{Base: time.Second, Cap: time.Minute, Factor: 1.5, Jitter: Full}
		p.PingEvery, p.PingTimeout = 0, 0
	case "hasty":
		p.First = First{Spread, time.Second}
		p.Backoff = Backoff{Base: time.Millisecond, Cap: 10 * time.Second, Factor: 3}
		p.PingEvery, p.PingTimeout, p.StableAfter = time.Second, 2*time.Second, 0
	case "cap-last": // as socket.io does
		p.First.Rule = ByBackoff
		p.Backoff = Backoff{Base: time.Second, Cap: 5 * time.Second, Factor: 2, Jitter: Scaled, Low: 0.5, High: 1.5, CapLast: true}
		p.ResetOn, p.Heed = OnOpen, false
	case "table": // as SignalR does
		p.First.Rule = ByBackoff
		p.Backoff = Backoff{Table: []time.Duration{0, 2 * time.Second, 10 * time.Second, 30 * time.Second}, Tries: 4}
		p.Heed = false
	case "own-base": // as reconnecting-websocket does, with a floor under the jitter as centrifuge-js has
		p.Backoff = Backoff{Base: time.Second, BaseMost: 5 * time.Second, Cap: 10 * time.Second, Factor: 1.3, Jitter: Added, Plain: 1, CapLast: true}
	case "rounds": // all endpoints are tried before the next step
		p.First = First{Spread, 5 * time.Second}
		p.Backoff = Backoff{Base: 5 * time.Second, Cap: 30 * time.Second, Factor: 1.25, Jitter: Equal, Next: time.Second}
	default:
		panic(name)
	}
	return p
}

var policyNames = []string{"default", "naive", "full-jitter", "decorrelated", "no-pings", "hasty", "uniform", "cap-last", "table", "own-base", "rounds"}

// everything is a policy that uses all there is.
func everything() Policy {
	p := policyLike("default")
	p.PingTimeoutMin, p.ExpectPing, p.CheckEvery = 500*time.Millisecond, 2*time.Minute, 30*time.Second
	p.Lifetime, p.DrainTimeout, p.WriteStall = 5*time.Minute, 5*time.Second, 8*time.Second
	p.Refreshable = true
	return p
}

// step hands one event to Step, checks the answer and does what was ordered.
func (w *world) step(ev Event) []Action {
	w.t.Helper()
	w.punctual = w.punctual && (!w.armed || w.due >= w.now)
	before, again := w.s, w.s
	a := Step(w.now, ev, &w.s, &w.p, w.r)
	b := Step(w.now, ev, &again, &w.p, w.r)
	w.must(a == b && again == w.s, 13, "the same step gave %+v and %+v", a, b)

	orders := slices.Clone(a.All())
	seen := w.learn(ev, before)
	for _, o := range orders {
		w.obey(o, ev)
	}
	w.check(ev, before, orders, seen)
	return orders
}

// learn takes in what the driver knew before it reported the event, and returns the
// connection that the client used until then, if it did.
func (w *world) learn(ev Event, before State) *link {
	seen := w.links[before.Live]
	if ev.Kind == TimerFired && w.armed && ev.Timer == w.timer {
		w.armed = false
	}
	k := w.links[ev.Gen]
	switch {
	case ev.Kind == Start && before.Phase == GaveUp:
		w.notBefore = 0 // its owner knows better
	case ev.Kind == Admitted:
		w.asked = false
	case ev.Kind == Opened && w.dialing != 0 && ev.Gen == w.dialing:
		w.dialing, w.punctual = 0, true
		w.links[ev.Gen] = &link{opened: w.now}
	case ev.Kind == Proved && k != nil:
		k.proved, k.evidence.Inbound = true, w.now
	case ev.Kind == Failed && w.dialing != 0 && ev.Gen == w.dialing:
		w.dialing = 0
		w.hear(ev)
	case ev.Kind == Lost && k != nil:
		delete(w.links, ev.Gen)
		if !k.draining {
			w.hear(ev)
		}
	case ev.Kind == Disproved && k != nil && !k.draining && before.Phase != Retired:
		w.hear(ev)
	}
	return seen
}

// hear notes what the end that ev reports asks for.
func (w *world) hear(ev Event) {
	if v, wait := w.p.asks(ev); wait && v != Pointless {
		w.notBefore = max(w.notBefore, w.now.Add(min(ev.RetryAfter, 5*time.Minute)))
	}
}

// obey does one order.
func (w *world) obey(o Action, ev Event) {
	w.t.Helper()
	k := w.links[o.Gen]
	switch o.Kind {
	case Arm:
		w.must(o.At >= w.now, 14, "armed for %v at %v", o.At, w.now)
		w.timer, w.due, w.armed = o.Timer, o.At, true
	case Ask:
		w.must(w.p.Shared, 15, "asked, and is alone")
		w.asked = true
	case Dial:
		w.must(w.dialing == 0, 2, "dial %d while %d is dialled", o.Gen, w.dialing)
		w.must(w.now >= w.notBefore, 6, "dial at %v, not before %v", w.now, w.notBefore)
		w.dialing, w.notBefore = o.Gen, 0
	case Ping:
		w.must(k != nil && !k.draining, 2, "ping on %d", o.Gen)
		k.pinged, k.evidence.Handed = w.now, 0
		if !k.stuck {
			k.evidence.Handed, k.evidence.Outbound = w.now, w.now
		}
	case Check:
		w.must(k != nil && k.proved && !k.draining, 2, "check of %d", o.Gen)
	case Kill, Shut:
		w.must(o.Gen != 0 && (o.Gen == w.dialing || k != nil && !k.draining), 2, "%v of %d", o.Kind, o.Gen)
		if o.Gen == w.dialing {
			w.dialing = 0
		}
		delete(w.links, o.Gen)
	case Drain:
		w.must(k != nil && !k.draining, 2, "drain of %d", o.Gen)
		k.draining = true
	}
}

// What happens in a world.

func (w *world) start() []Action  { w.t.Helper(); return w.step(Event{Kind: Start}) }
func (w *world) close() []Action  { w.t.Helper(); return w.step(Event{Kind: Close}) }
func (w *world) move() []Action   { w.t.Helper(); return w.step(Event{Kind: Move}) }
func (w *world) opens() []Action  { w.t.Helper(); return w.step(Event{Kind: Opened, Gen: w.s.Gen}) }
func (w *world) proves() []Action { w.t.Helper(); return w.step(Event{Kind: Proved, Gen: w.s.Gen}) }
func (w *world) checks() []Action { w.t.Helper(); return w.step(Event{Kind: Checked, Gen: w.s.Live}) }

func (w *world) admits(endpoint uint8) []Action {
	w.t.Helper()
	return w.step(Event{Kind: Admitted, Endpoint: endpoint})
}

func (w *world) fails(c Cause, code uint16, after time.Duration) []Action {
	w.t.Helper()
	return w.step(Event{Kind: Failed, Gen: w.s.Gen, Cause: c, Code: code, RetryAfter: after})
}

// loses ends the usable connection, or the one that is to be.
func (w *world) loses(c Cause, code uint16) []Action {
	w.t.Helper()
	return w.step(Event{Kind: Lost, Gen: w.s.Live, Cause: c, Code: code})
}

// fire serves the timer in force, when it is due or, if that is over, now.
func (w *world) fire() []Action {
	w.t.Helper()
	require.True(w.t, w.armed, "no timer is in force")
	w.now = max(w.now, w.due)
	return w.step(w.timerEvent(w.timer))
}

// timerEvent is what the driver reports of a timer.
func (w *world) timerEvent(number uint32) Event {
	ev := w.seen()
	ev.Kind, ev.Timer = TimerFired, number
	if w.blind {
		ev = Event{Kind: TimerFired, Timer: number, Inbound: ev.Inbound}
	}
	return ev
}

// seen is what was seen of the usable connection.
func (w *world) seen() Event {
	if k := w.live(); k != nil {
		return k.evidence
	}
	return Event{}
}

// live is the usable connection, or the only one; nil: there is none.
func (w *world) live() *link { return w.links[w.s.Live] }

// byteAt lets a byte arrive on the usable connection.
func (w *world) byteAt(at Instant) {
	w.now = max(w.now, at)
	if k := w.live(); k != nil {
		k.evidence.Inbound = w.now
	}
}

// clog lets no ping out any more; unclog hands over the one that waits.
func (w *world) clog() {
	if k := w.live(); k != nil {
		k.stuck = true
	}
}

func (w *world) unclog() {
	if k := w.live(); k != nil && k.stuck {
		k.stuck = false
		k.evidence.Handed, k.evidence.Outbound = w.now, w.now
	}
}

// drains lets a write go on that had to wait; writes, one that had not.
func (w *world) drains() {
	if k := w.live(); k != nil {
		k.evidence.Outbound, k.evidence.Drained = w.now, w.now
	}
}

func (w *world) writes() {
	if k := w.live(); k != nil {
		k.evidence.Outbound = w.now
	}
}

// pass lets time go by.
func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// undrained are the generations that are open and not on their way out.
func (w *world) undrained() (open []uint32) {
	for _, gen := range slices.Sorted(maps.Keys(w.links)) {
		if !w.links[gen].draining {
			open = append(open, gen)
		}
	}
	return open
}

// reach brings the client to a phase in a world where all goes well, but for what the
// phase needs. The policy must have such a phase.
func (w *world) reach(phase Phase) *world {
	w.t.Helper()
	for n := 0; w.s.Phase != phase; n++ {
		require.Less(w.t, n, 500, "%v is not reached, but %v", phase, w.s.Phase)
		if phase == Retired {
			w.close()
			continue
		}
		w.stepTo(phase)
	}
	return w
}

// stepTo lets one thing happen on the way to a phase.
func (w *world) stepTo(phase Phase) {
	w.t.Helper()
	switch w.s.Phase {
	case Idle, GaveUp:
		w.start()
	case Waiting:
		w.fire()
	case Asking:
		w.pass(time.Millisecond)
		w.admits(0)
	case Dialing:
		switch phase {
		case GaveUp:
			w.step(Event{Kind: Failed, Gen: w.s.Gen, Cause: Unknown, Verdict: Pointless})
		case Waiting, Asking:
			w.fails(Refused, 0, 0)
		default:
			w.pass(10 * time.Millisecond)
			w.opens()
		}
	case Proving:
		w.pass(time.Millisecond)
		w.proves()
	case Moving:
		switch {
		case w.s.asks():
			w.pass(time.Millisecond)
			w.admits(0)
		default:
			w.pass(10 * time.Millisecond)
			w.opens()
		}
	case Joining:
		w.pass(time.Millisecond)
		w.proves()
	case Checking:
		w.pass(time.Millisecond)
		w.checks()
	case Suspect:
		w.pass(time.Millisecond)
		w.byteAt(w.now)
		w.step(Event{Kind: Proved, Gen: w.s.Live})
	default:
		w.use(phase)
	}
}

// use goes on from ready or stable.
func (w *world) use(phase Phase) {
	w.t.Helper()
	switch phase {
	case Suspect: // silent
	case Moving, Joining:
		if !w.s.is(wanted) {
			w.move()
			return
		}
		w.busy()
	case Stable, Checking:
		w.busy()
	case Ready: // another one
		w.move()
		w.busy()
	default:
		w.loses(Reset, 0)
		return
	}
	if w.armed && w.s.Phase != phase {
		w.fire()
	}
}

// busy lets all arrive that a connection can bring, when the timer is due.
func (w *world) busy() {
	if k := w.live(); k != nil && w.armed {
		w.now = max(w.now, w.due)
		k.evidence.Inbound, k.evidence.Heard = w.now, w.now
	}
}
