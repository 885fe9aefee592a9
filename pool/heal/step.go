package heal

import (
	"math"
	"time"
)

// askAgain is how long after asking for admission a client asks once more, should the
// answer have been lost.
const askAgain = time.Minute

// never is later than any instant.
const never = Instant(math.MaxInt64)

// Step is the whole of healing: what a client does about one event. It changes s and
// returns what the driver has to do, in order. It reads no clock, draws only by key
// and allocates nothing; the same arguments give the same answer, always.
//
// The driver calls it with one client's events one after the other, with now never
// running backwards, and reports every Dial's outcome as Opened or Failed and every
// opened connection's end as Lost, unless a Kill or Shut was ordered first: then the
// generation is over and its reports are stale. The same holds for a connection that
// Drain was ordered for. An order to ping may be reported as answered by Proved, which
// ends a suspicion at once; any byte will end it at the timer. The policy must be without
// Faults.
func Step(now Instant, ev Event, s *State, p *Policy, r Rand) Actions {
	t := turn{now: now, s: s, p: p, r: r}
	switch ev.Kind {
	case Start:
		t.start()
	case TimerFired:
		if ev.Timer == s.Timer {
			t.timer(&ev)
		}
	case Admitted:
		if s.asks() {
			t.dial(ev.Endpoint)
		}
	case Opened:
		if ev.Gen == s.Gen && s.dials() {
			t.opened()
		}
	case Failed:
		if ev.Gen == s.Gen && s.dials() {
			t.failed(endOf(&ev))
		}
	case Proved:
		t.proved(&ev)
	case Lost:
		t.lost(&ev)
	case Disproved:
		t.disproved(&ev)
	case Checked:
		if ev.Gen == s.Live && s.Phase == Checking {
			t.back()
			t.recheck(t.now)
		}
	case Move:
		t.want()
	case Scatter:
		t.scatter(ev.Within)
	case Close:
		t.close()
	}
	return t.orders
}

// asks tells whether the pool has been asked for admission.
func (s *State) asks() bool {
	return s.Phase == Asking || s.Phase == Moving && !s.is(replacing)
}

// dials tells whether a dial is under way.
func (s *State) dials() bool {
	return s.Phase == Dialing || s.Phase == Moving && s.is(replacing)
}

// open tells the phases in which there is a connection.
func (p Phase) open() bool { return p == Proving || p.Usable() }

// turn is one Step under way.
type turn struct {
	now    Instant
	s      *State
	p      *Policy
	r      Rand
	orders Actions
}

// proved takes a round trip as what the phase was waiting for.
func (t *turn) proved(ev *Event) {
	s := t.s
	switch {
	case ev.Gen == s.Gen && s.Phase == Proving:
		t.ready(ev.RTT)
	case ev.Gen == s.Gen && s.Phase == Joining:
		t.joined(ev.RTT)
	case ev.Gen == s.Live && s.Phase.Usable():
		s.sample(ev.RTT)
		if s.Phase == Suspect {
			t.back()
			t.answered(t.now)
		}
	}
}

// ready begins the use of the connection that has proved itself.
func (t *turn) ready(rtt time.Duration) {
	s := t.s
	s.sample(rtt)
	s.Phase = Ready
	s.unset(refreshed)
	t.recheck(t.now)
}

// settle makes a connection stable whose time has come, unless it is in doubt.
func (t *turn) settle() {
	s := t.s
	if !s.Phase.Usable() || s.Phase == Suspect || s.is(healed) || t.now < t.stableAt() {
		return
	}
	s.set(healed)
	if s.Phase == Ready {
		s.Phase = Stable
	}
	t.afresh()
}

// afresh forgets the attempts and delays of a client that has healed.
func (t *turn) afresh() { t.s.Attempt, t.s.Steps, t.s.Delay = 0, 0, 0 }

// back returns to what the usable connection was.
func (t *turn) back() {
	t.s.Phase = Ready
	if t.s.is(healed) {
		t.s.Phase = Stable
	}
}

// lost takes the end of a connection that somebody else ended.
func (t *turn) lost(ev *Event) {
	s := t.s
	switch {
	case ev.Gen == s.Gen && s.Phase == Joining:
		t.unmoved(endOf(ev))
	case ev.Gen == s.Live && s.Phase.open():
		t.gone(endOf(ev))
	}
}

// disproved ends a connection that is not what it should be.
func (t *turn) disproved(ev *Event) {
	s := t.s
	e := endOf(ev)
	e.cause, e.code = Invalid, 0
	switch {
	case ev.Gen == s.Gen && s.Phase == Joining:
		t.kill(s.Gen)
		t.unmoved(e)
	case ev.Gen == s.Live && s.Phase.open():
		t.kill(s.Live)
		t.gone(e)
	}
}

// drop ends the usable connection for a reason of our own.
func (t *turn) drop(cause Cause) {
	t.kill(t.s.Live)
	t.gone(end{cause: cause})
}

// gone goes on without the connection Live. One that lived long enough was stable, also
// when its timer was served late. A replacement that is under way becomes the reconnect,
// with the timer it has, for it was begun before: what it is told will count. Only when
// the loss says not yet, or not there, is it ended and the loss is like any other.
func (t *turn) gone(e end) {
	s := t.s
	t.settle()
	if s.Phase == Joining || s.Phase == Moving && s.is(replacing) {
		v := t.p.judge(e)
		if !v.wait && (v.verdict != Elsewhere || s.Endpoint != s.Home) {
			t.rule(e)
			t.inherit()
			return
		}
		t.kill(s.Gen)
		s.unset(refreshed) // nobody has answered to what it brought
		s.Endpoint = s.Home
	}
	t.ended(e)
}

// close ends the client for good, and whatever is dialled or open.
func (t *turn) close() {
	s := t.s
	switch {
	case s.dials():
		t.kill(s.Gen)
	case s.Phase == Joining:
		t.shut(s.Gen)
	}
	if s.Phase.open() {
		t.shut(s.Live)
	}
	s.Phase = Retired
}

func (t *turn) ping(gen uint32) {
	t.s.Mark = t.now
	t.orders.add(Action{Kind: Ping, Gen: gen})
}

func (t *turn) kill(gen uint32) { t.orders.add(Action{Kind: Kill, Gen: gen}) }

func (t *turn) shut(gen uint32) { t.orders.add(Action{Kind: Shut, Gen: gen, Code: 1000}) }

// arm replaces the timer in force. What was due before now is due now.
func (t *turn) arm(at Instant) {
	t.s.Timer++
	t.orders.add(Action{Kind: Arm, Timer: t.s.Timer, At: max(at, t.now)})
}
