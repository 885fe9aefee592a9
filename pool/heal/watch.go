package heal

// recheck draws when the connection, which was validated just now, is validated again.
func (t *turn) recheck(inbound Instant) {
	if c := t.p.CheckEvery; c > 0 {
		t.s.CheckAt = momentOf(t.now.Add(t.r.Between(DrawCheck, uint64(t.s.Pings), c/2, c)))
	}
	t.answered(inbound)
}

// answered draws how long the connection may be silent from now on, its last byte
// having come at inbound.
func (t *turn) answered(inbound Instant) {
	t.s.Pings++
	t.watch(inbound, 0)
}

// timer acts on a phase that has lasted as long as it may.
func (t *turn) timer(ev *Event) {
	s := t.s
	switch s.Phase {
	case Waiting:
		t.seek()
	case Asking:
		t.ask()
	case Dialing:
		t.kill(s.Gen)
		t.ended(end{cause: Timeout})
	case Proving:
		t.kill(s.Gen)
		t.ended(end{cause: Unproved})
	case Ready, Stable:
		t.settle()
		t.look(ev)
	case Suspect:
		t.doubt(ev)
	case Checking:
		t.drop(Invalid)
	case Moving:
		if s.is(replacing) {
			t.kill(s.Gen)
			t.unmoved(end{cause: Timeout})
		} else {
			t.settle()
			t.look(ev)
		}
	case Joining:
		t.kill(s.Gen)
		t.unmoved(end{cause: Unproved})
	}
}

// look acts on what has been seen of a usable connection: the gravest first.
func (t *turn) look(ev *Event) {
	s := t.s
	last := max(ev.Inbound, s.Opened)
	switch {
	case t.now >= t.unpinged(ev.Heard):
		t.drop(Unpinged)
	case t.now >= t.silent(last):
		if s.Phase == Moving { // not while the connection is in doubt
			t.later(t.now)
		}
		s.Phase = Suspect
		t.ping(s.Live)
		t.arm(min(t.now.Add(t.p.PongTimeout(s)), t.unpinged(ev.Heard)))
	case s.Phase == Moving:
		if t.now >= s.Mark.Add(askAgain) {
			t.ask()
		}
		t.watch(last, ev.Heard)
	case t.now >= t.moveAt():
		t.move(last, ev.Heard)
	case t.now >= t.checkAt():
		s.Phase, s.Mark = Checking, t.now
		t.orders.add(Action{Kind: Check, Gen: s.Live})
		t.arm(t.now.Add(t.p.ProveTimeout))
	default:
		t.watch(last, ev.Heard)
	}
}

// doubt acts on what has been seen of a connection since its ping was ordered.
func (t *turn) doubt(ev *Event) {
	s := t.s
	if ev.Inbound >= s.Mark { // it was silent before the ping, so this is new
		t.back()
		t.answered(ev.Inbound)
		return
	}
	end, cause := t.pongUntil(ev)
	unpinged := t.unpinged(ev.Heard)
	switch {
	case t.now >= end:
		t.drop(cause)
	case t.now >= unpinged:
		t.drop(Unpinged)
	default: // a ping that waits for its turn may be handed over at any time
		t.arm(min(end, unpinged, t.now.Add(t.p.PongTimeout(s))))
	}
}

// pongUntil says how long the ping that is open may stay unanswered, and what it means if
// it does. Its clock starts when the kernel has it, for until then it is us who are slow,
// and starts again while the peer takes what had to wait for it.
func (t *turn) pongUntil(ev *Event) (Instant, Cause) {
	s := t.s
	handed := ev.Handed
	if handed == 0 && ev.Outbound == 0 { // the driver does not look
		handed = s.Mark
	}
	if handed < s.Mark { // the one before, or none
		return max(s.Mark, ev.Outbound).Add(t.p.StallAfter()), WriteStall
	}
	cause := HalfOpen
	if ev.Path == PathFrozen {
		cause = Frozen
	}
	return max(handed, ev.Drained).Add(t.p.PongTimeout(s)), cause
}

// review goes on watching a connection of which nothing is known here but its age: if
// that is not enough, the driver is asked at once.
func (t *turn) review() { t.watch(t.s.Opened, 0) }

// watch arms what comes first for a usable connection whose last byte came at last, and
// the server's own last ping at heard.
func (t *turn) watch(last, heard Instant) {
	s := t.s
	at := min(t.silent(last), t.unpinged(heard))
	if !s.is(healed) {
		at = min(at, t.stableAt())
	}
	if s.Phase == Moving {
		at = min(at, s.Mark.Add(askAgain))
	} else {
		at = min(at, t.checkAt(), t.moveAt())
	}
	if at < never {
		t.arm(at)
	}
}

// silent is when a connection has been silent for as long as it may.
func (t *turn) silent(last Instant) Instant {
	if t.p.PingEvery == 0 {
		return never
	}
	return last.Add(t.s.Silence(t.p, t.r))
}

// unpinged is when the server's own pings have failed to come.
func (t *turn) unpinged(heard Instant) Instant {
	if t.p.ExpectPing == 0 {
		return never
	}
	return max(t.s.Opened, heard).Add(t.p.ExpectPing)
}

// checkAt is when the connection is to be validated again.
func (t *turn) checkAt() Instant {
	if t.p.CheckEvery == 0 {
		return never
	}
	return t.s.CheckAt.after(t.now)
}

// moveAt is when the connection is to be replaced.
func (t *turn) moveAt() Instant {
	s, l := t.s, t.p.Lifetime
	switch {
	case s.is(wanted):
		return s.MoveAt.after(t.now)
	case l == 0 || !s.is(healed):
		return never
	}
	return s.Opened.Add(t.r.Between(DrawLifetime, 2*uint64(s.Live), l-l/10, l))
}

// stableAt is when a usable connection has healed: never sooner than the delay that
// preceded it, else a server that accepts and closes is dialled more often the longer
// it is left alone.
func (t *turn) stableAt() Instant {
	return t.s.Opened.Add(max(t.p.StableAfter, t.s.Delay))
}
