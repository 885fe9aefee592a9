package pool

// rent takes a free connection, or a turn.
func (p *Pool) rent(again bool) (*Lease, *turn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refusal(); err != nil {
		p.unreserve() // what was kept for it is for others again, when there are such
		return nil, nil, err
	}
	if again || p.renters.Len() == 0 {
		if s := p.free(); s != nil {
			l := p.lease(s)
			p.unreserve() // another one may have been kept for it
			return l, nil, nil
		}
	}
	t := &turn{come: make(chan struct{})}
	if again {
		t.in = p.renters.PushFront(t)
	} else {
		t.in = p.renters.PushBack(t)
	}
	p.reserve()
	p.wake()
	return nil, t, nil
}

// free is a connection that can be leased: one that was kept for it, else an idle one.
func (p *Pool) free() (best *slot) {
	for s := range p.own {
		if s.up() && s.lease == nil && s.flights.n == 0 && s.errands == 0 && (s.reserved || s.place >= 0) {
			if best == nil || s.reserved && !best.reserved || s.reserved == best.reserved && len(s.subs) < len(best.subs) {
				best = s
			}
		}
	}
	if best != nil && p.harbours(best) {
		return nil
	}
	return best
}

// harbours tells whether the subscriptions of a slot would have nowhere else to go.
func (p *Pool) harbours(s *slot) bool {
	others := len(p.fit)
	if s.place >= 0 {
		others--
	}
	return len(s.subs) > 0 && others == 0
}

// reserve keeps connections for those who wait, once there can be no more of them.
func (p *Pool) reserve() {
	for p.renters.Len() > p.reserved() {
		if p.size() < p.limits.Max {
			return
		}
		var least *slot
		for _, s := range p.fit {
			if least == nil || s.load() < least.load() {
				least = s
			}
		}
		if least == nil || p.harbours(least) {
			return
		}
		least.reserved = true
		p.refit(least)
		if least.flights.n == 0 {
			p.idle(least)
		}
	}
}

func (p *Pool) reserved() (n int) {
	for s := range p.own {
		if s.reserved {
			n++
		}
	}
	return n
}

// unreserve gives back what nobody waits for any more.
func (p *Pool) unreserve() {
	n := p.renters.Len()
	for s := range p.own {
		if s.reserved {
			if n--; n < 0 {
				s.reserved = false
				p.refit(s)
			}
		}
	}
}

// idle is told of a slot that has nothing in flight any more.
func (p *Pool) idle(s *slot) {
	if s.lease == nil && s.counts() && s.up() {
		p.invite()
	}
}

// invite tells those who wait for a connection of their own that there may be one for them.
func (p *Pool) invite() {
	switch {
	case p.renters.Len() == 0:
	case p.free() != nil:
		p.offer()
	default:
		p.reserve()
	}
}

// offer lets the next one try who waits for a connection of his own.
func (p *Pool) offer() {
	if first := p.renters.Front(); first != nil {
		t := p.renters.Remove(first).(*turn)
		t.in = nil
		close(t.come)
	}
}
