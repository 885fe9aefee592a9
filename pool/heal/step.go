package heal

import "time"

// Step is the whole of healing: what a client does about one event. It changes s and
// returns what the driver has to do, in order. It reads no clock, draws only by key
// and allocates nothing; the same arguments give the same answer, always.
//
// The driver calls it with one client's events one after the other, with now never
// running backwards, and reports every Dial's outcome as Opened or Failed and every
// opened connection's end as Lost, unless a Kill or Shut was ordered first: then the
// generation is over and its reports are stale. An order to ping may be reported as
// answered by Proved, which ends a suspicion at once; any byte will end it at the
// timer. The policy must be without Faults.
func Step(now Instant, ev Event, s *State, p *Policy, r Rand) Actions {
	t := turn{now: now, s: s, p: p, r: r}
	current := ev.Gen == s.Gen
	switch ev.Kind {
	case Start:
		t.start()
	case TimerFired:
		if ev.Timer == s.Timer {
			t.timer(ev.Inbound)
		}
	case Opened:
		if current && s.Phase == Dialing {
			t.opened()
		}
	case Failed:
		if current && s.Phase == Dialing {
			t.ended(ev.Cause, ev.Code, ev.RetryAfter)
		}
	case Proved:
		if current {
			t.proved()
		}
	case Lost:
		if current && s.Phase.open() {
			t.lost(ev)
		}
	case Close:
		t.close()
	}
	return t.orders
}

// open tells the phases in which there is a connection.
func (p Phase) open() bool {
	return p == Proving || p == Ready || p == Stable || p == Suspect
}

// turn is one Step under way.
type turn struct {
	now    Instant
	s      *State
	p      *Policy
	r      Rand
	orders Actions
}

// start dials, of a client that is not at it already.
func (t *turn) start() {
	if t.s.Phase == Idle || t.s.Phase == GaveUp {
		t.afresh()
		t.dial()
	}
}

// dial begins the next generation. The driver bounds the dial; the timer only sees
// to it that a driver which never answers cannot wedge a client.
func (t *turn) dial() {
	s := t.s
	s.Gen++
	s.Endpoint = t.p.pick(s.Attempt, t.r, s.Gen)
	s.Attempt++
	s.Phase = Dialing
	t.orders.add(Action{Kind: Dial, Gen: s.Gen, Endpoint: s.Endpoint})
	t.arm(t.now.Add(2 * t.p.HandshakeTimeout))
}

// opened asks for the proof that the 101 is not: a round trip.
func (t *turn) opened() {
	s := t.s
	s.Phase, s.Opened = Proving, t.now
	if t.p.ResetOn == OnOpen {
		t.afresh()
	}
	t.ping()
	t.arm(t.now.Add(t.p.ProveTimeout))
}

// proved takes a round trip as what the phase was waiting for.
func (t *turn) proved() {
	switch t.s.Phase {
	case Proving:
		t.s.Phase = Ready
		t.answered(t.now)
	case Suspect:
		t.s.Phase = t.s.Before
		t.answered(t.now)
	}
}

// answered draws how long the connection may be silent from now on, its last byte
// having come at inbound.
func (t *turn) answered(inbound Instant) {
	t.s.Silence = t.p.SilenceOf(t.r, t.s.Pings)
	t.s.Pings++
	t.watch(inbound)
}

// timer acts on a phase that has lasted as long as it may.
func (t *turn) timer(inbound Instant) {
	s := t.s
	switch s.Phase {
	case Waiting:
		t.dial()
	case Dialing:
		t.kill()
		t.ended(Timeout, 0, 0)
	case Proving:
		t.kill()
		t.ended(Unproved, 0, 0)
	case Ready, Stable:
		t.settle()
		if last := max(inbound, s.Opened); t.p.PingEvery > 0 && t.now >= last.Add(s.Silence) {
			s.Before, s.Phase = s.Phase, Suspect
			t.ping()
			t.arm(t.now.Add(t.p.PingTimeout))
		} else {
			t.watch(last)
		}
	case Suspect:
		if inbound >= s.Pinged { // it was silent before the ping, so this is new
			s.Phase = s.Before
			t.answered(inbound)
		} else {
			t.kill()
			t.ended(HalfOpen, 0, 0)
		}
	}
}

// watch arms what comes first for a usable connection: to be stable, or to have been
// silent for too long.
func (t *turn) watch(last Instant) {
	s := t.s
	stable, silent := t.stableAt(), last.Add(s.Silence)
	switch {
	case s.Phase == Ready && t.p.PingEvery > 0:
		t.arm(min(stable, silent))
	case s.Phase == Ready:
		t.arm(stable)
	case t.p.PingEvery > 0:
		t.arm(silent)
	}
}

// stableAt is when a usable connection has healed: never sooner than the delay that
// preceded it, else a server that accepts and closes is dialled more often the longer
// it is left alone.
func (t *turn) stableAt() Instant {
	return t.s.Opened.Add(max(t.p.StableAfter, t.s.Delay))
}

// settle makes a connection stable whose time has come.
func (t *turn) settle() {
	if t.s.Phase == Ready && t.now >= t.stableAt() {
		t.s.Phase = Stable
		t.afresh()
	}
}

// afresh forgets the attempts and delays of a client that has healed.
func (t *turn) afresh() { t.s.Attempt, t.s.Steps, t.s.Delay = 0, 0, 0 }

// lost ends a connection. One that lived long enough was stable, also when its timer
// was served late.
func (t *turn) lost(ev Event) {
	t.settle()
	t.ended(ev.Cause, ev.Code, ev.RetryAfter)
}

// ended says when to come back after an attempt that failed or a connection that was
// lost, and whether.
func (t *turn) ended(cause Cause, code uint16, retryAfter time.Duration) {
	s := t.s
	s.Cause = cause
	v := Retry
	if t.p.Heed {
		v = judge(cause, code)
	}
	if v == Pointless {
		s.Phase = GaveUp
		return
	}
	s.Delay = t.p.delay(s, t.r, v, retryAfter)
	if s.Delay == 0 {
		t.dial()
		return
	}
	s.Phase = Waiting
	t.arm(t.now.Add(s.Delay))
}

// close ends the client for good.
func (t *turn) close() {
	s := t.s
	switch {
	case s.Phase == Dialing:
		t.kill()
	case s.Phase.open():
		t.orders.add(Action{Kind: Shut, Gen: s.Gen, Code: 1000})
	}
	s.Phase = Retired
}

func (t *turn) ping() {
	t.s.Pinged = t.now
	t.orders.add(Action{Kind: Ping, Gen: t.s.Gen})
}

func (t *turn) kill() { t.orders.add(Action{Kind: Kill, Gen: t.s.Gen}) }

// arm replaces the timer in force. What was due before now is due now.
func (t *turn) arm(at Instant) {
	t.s.Timer++
	t.orders.add(Action{Kind: Arm, Timer: t.s.Timer, At: max(at, t.now)})
}
