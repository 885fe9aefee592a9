package heal

import (
	"math"
	"time"
)

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
