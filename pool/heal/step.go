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

// ---- Between connections.

// start connects a client that is not at it already.
func (t *turn) start() {
	if t.s.Phase == Idle || t.s.Phase == GaveUp {
		t.afresh()
		t.seek()
	}
}

// seek begins the way to the next connection: alone by dialling, in a pool by asking.
func (t *turn) seek() {
	s := t.s
	if t.p.Shared {
		s.Phase = Asking
		t.ask()
		return
	}
	avoid := anywhere
	if s.is(shun) {
		avoid = int(s.Endpoint)
	}
	s.Phase = Dialing // also when a move that came to nothing leads here
	t.dial(t.p.pick(uint32(s.Attempt), t.r, s.Gen+1, avoid))
}

// ask asks the pool. Its answer may take as long as it takes.
func (t *turn) ask() {
	s := t.s
	s.Mark = t.now
	a := Action{Kind: Ask, Fresh: s.is(rejected)}
	if s.Phase == Asking {
		if s.is(shun) {
			a.Avoid, a.Endpoint = true, s.Endpoint
		}
		t.orders.add(a)
		t.arm(t.now.Add(askAgain))
		return
	}
	t.orders.add(a)
}

// dial begins the next generation, of the client or of a replacement. The driver bounds
// the dial; the timer only sees to it that a driver which never answers cannot wedge a
// client.
func (t *turn) dial(endpoint uint8) {
	s := t.s
	s.Gen++
	t.orders.add(Action{Kind: Dial, Gen: s.Gen, Endpoint: endpoint, Fresh: s.is(rejected)})
	t.arm(t.now.Add(2 * t.p.HandshakeTimeout))
	if s.is(rejected) {
		s.unset(rejected)
		s.set(refreshed)
	}
	s.Endpoint = endpoint
	if s.Phase == Moving {
		s.set(replacing)
		return
	}
	s.unset(shun | scattered)
	s.Phase = Dialing
	t.settleIn()
	t.attempt()
}

// settleIn makes the generation dialled last that of the client's only connection, or of
// the dial that will bring it.
func (t *turn) settleIn() {
	s := t.s
	if s.Home != s.Endpoint {
		s.forget()
	}
	s.Live, s.Home = s.Gen, s.Endpoint
	s.unset(healed | wanted | told | replacing)
}

// attempt counts a dial of the client. The count never overflows: where it would, it
// begins its last round of the tiers again.
func (t *turn) attempt() {
	s := t.s
	if s.Attempt < math.MaxUint16 {
		s.Attempt++
		return
	}
	s.Attempt -= uint16(t.p.tiers(anywhere) - 1)
}

// opened asks for the proof that the 101 is not: a round trip.
func (t *turn) opened() {
	s := t.s
	if s.Phase == Moving {
		s.Phase = Joining
		s.unset(replacing)
	} else {
		s.Phase, s.Opened = Proving, t.now
		t.naively()
	}
	t.ping(s.Gen)
	t.arm(t.now.Add(t.p.ProveTimeout))
}

// naively forgets attempts and delays at the 101, as some policies do.
func (t *turn) naively() {
	if t.p.ResetOn == OnOpen {
		t.afresh()
	}
}

// failed takes the end of a dial.
func (t *turn) failed(e end) {
	if t.s.Phase == Moving {
		t.unmoved(e)
	} else {
		t.ended(e)
	}
}

// ended says when to come back after an attempt that failed or a connection that was
// lost, and whether.
func (t *turn) ended(e end) {
	s := t.s
	v := t.rule(e)
	if tries := t.p.Backoff.Tries; tries > 0 && s.Attempt >= tries {
		v.verdict = Pointless
	}
	notBefore := t.now
	if s.is(told) {
		notBefore = s.MoveAt.after(t.now)
	}
	s.Live = s.Gen
	s.unset(healed | wanted | told | replacing)
	switch v.verdict {
	case Pointless:
		s.Phase = GaveUp
		return
	case Elsewhere:
		s.set(shun)
	}
	s.Delay = max(t.p.delay(s, t.r, v, e), notBefore.Sub(t.now))
	if s.Delay == 0 {
		t.seek()
		return
	}
	t.wait(t.now.Add(s.Delay))
}

// wait sits a delay out.
func (t *turn) wait(until Instant) {
	t.s.Phase, t.s.Mark = Waiting, until
	t.arm(until)
}

// rule judges an end and minds what it says of credentials: those that were rejected are
// refreshed once, and new ones that are rejected as well make it pointless to go on. Who
// is started again after that begins with yet newer ones.
func (t *turn) rule(e end) ruling {
	s := t.s
	s.Cause = e.cause
	v := t.p.judge(e)
	switch {
	case v.verdict == Reauth:
		if s.is(refreshed) {
			v.verdict = Pointless
		}
		s.set(rejected)
		s.unset(refreshed)
	case e.cause == Credentials && s.is(refreshed): // there were no new ones: they are still needed
		s.set(rejected)
		s.unset(refreshed)
	}
	return v
}

// scatter draws anew, after a loss that many shared, when a client comes back that has not
// tried yet or waits for admission. It never comes back sooner than it would have.
func (t *turn) scatter(within time.Duration) {
	s := t.s
	d := t.r.Between(DrawScatter, uint64(s.Gen)+1, 0, min(within, maxRetryAfter))
	due := t.now.Add(d)
	switch {
	case d <= 0:
	case s.Phase == Waiting && s.Attempt == 0:
		if later := due.Sub(s.Mark); later > 0 && s.Delay+later <= maxRetryAfter {
			s.Delay += later
			t.wait(due)
		}
	case s.Phase == Asking && !s.is(scattered):
		s.set(scattered)
		s.Delay = max(s.Delay, d)
		t.wait(due)
	case s.Phase == Moving && s.asks():
		t.later(due)
		t.back()
		t.review()
	}
}

// ---- On a connection.

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

// ---- The end, and what all have in common.

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
