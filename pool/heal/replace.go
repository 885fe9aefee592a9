package heal

import "time"

// Planned moves: the replacement first.

// want notes the owner's wish for another connection. A client that is alone draws when
// to act on it, for others may be told the same; in a pool admission keeps them apart. A
// wish that is known already is not brought forward.
func (t *turn) want() {
	s := t.s
	switch s.Phase {
	case Proving, Ready, Stable, Suspect, Checking:
	default:
		return
	}
	if s.is(wanted) {
		return
	}
	var d time.Duration
	if !t.p.Shared {
		d = t.p.moveSpread(t.r, s.Gen)
	}
	switch free := s.Phase == Ready || s.Phase == Stable; {
	case !free:
		t.later(t.now.Add(d))
	case d == 0:
		t.move(s.Opened, 0)
	default:
		t.later(t.now.Add(d))
		t.review()
	}
}

// later plans a move.
func (t *turn) later(at Instant) {
	t.s.set(wanted)
	t.s.MoveAt = momentOf(at)
}

// move begins a move.
func (t *turn) move(last, heard Instant) {
	s := t.s
	s.Phase = Moving
	s.unset(wanted | told)
	if t.p.Shared {
		t.ask()
		t.watch(last, heard)
		return
	}
	t.dial(t.p.pick(s.Gen-s.Live, t.r, s.Gen+1, anywhere))
}

// joined puts the replacement in the place of the connection that is to go.
func (t *turn) joined(rtt time.Duration) {
	s := t.s
	t.orders.add(Action{Kind: Drain, Gen: s.Live, Code: 1000})
	t.settleIn()
	s.Opened = s.Mark
	t.attempt()
	t.naively()
	t.ready(rtt)
}

// unmoved stays with the connection there is: the replacement came to nothing. It will be
// tried again.
func (t *turn) unmoved(e end) {
	s := t.s
	v := t.rule(e)
	s.unset(replacing)
	t.later(t.now.Add(t.p.moveDelay(s, t.r, v, e)))
	if v.wait {
		s.set(told)
	}
	s.Endpoint = s.Home
	t.back()
	t.review()
}

// inherit makes the replacement the client's own dial or connection.
func (t *turn) inherit() {
	s := t.s
	t.settleIn()
	t.attempt()
	if s.Phase == Moving {
		s.Phase = Dialing
		return
	}
	s.Phase, s.Opened = Proving, s.Mark
	t.naively()
}
