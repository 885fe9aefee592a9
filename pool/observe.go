package pool

import (
	"cmp"
	"slices"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
)

// observe takes the fleet's events. It is called from the fleet's own goroutines: it
// notes what happened and lets others act.
func (p *Pool) observe(ev driver.Event) {
	switch ev.Kind {
	case driver.Stepped:
		p.stepped(&ev)
	case driver.Dropped:
		p.mu.Lock()
		defer p.mu.Unlock()
		if m := p.carried(ev.Client, ev.Ref); m != nil {
			m.dropped(ev.Gen, ev.Outcome)
		}
	case driver.Ended:
		p.silent(ev.Client, ev.Gen)
	case driver.Noticed:
		p.noticed(&ev)
	case driver.Left:
		p.gone(ev.Client)
	}
}

// heard counts a message that arrived.
func (p *Pool) heard(int, uint32, []byte) { p.count.received.Add(1) }

// sent takes all that one write has carried.
func (p *Pool) sent(carried []driver.Carried) {
	if carried = sent(carried); len(carried) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range carried {
		if m := p.carried(carried[i].Client, carried[i].Ref); m != nil {
			p.count.written++
			m.written(carried[i].Gen)
		}
	}
}

// carried notes that the fleet is done with a message, and returns what is to hear what became
// of it; nil: nobody.
func (p *Pool) carried(client int, ref any) parcel {
	f, _ := ref.(*flight)
	if f != nil && f.slot != nil { // its own, which is looked up faster
		p.left(f.slot)
	} else if s := p.slots[client]; s != nil {
		p.left(s)
	}
	m, _ := ref.(parcel)
	return m
}

// stepped follows what heal decided about a client.
func (p *Pool) stepped(ev *driver.Event) {
	was, is := ev.From, ev.State.Phase
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.slots[ev.Client]
	if s == nil {
		return
	}
	if s.phase != is {
		s.phase = is
		p.recount(s)
	}
	if is == heal.Dialing && was != is {
		s.begun = p.now()
	}
	joined := was == heal.Proving || was == heal.Joining
	switch {
	case was.Usable() && !is.Usable():
		p.fell(s, ev)
	case joined && is.Usable() && ev.Step.Kind == heal.Proved:
		p.rose(s, ev)
	case (was == heal.Dialing || was == heal.Moving || joined) && is != was && is != heal.Retired && ended(ev):
		p.failed(s, ev)
	}
	if ev.Step.Kind == heal.Lost {
		c := s.connection(ev.Step.Gen)
		c.lost = true
		c.why = cmp.Or(c.why, s.lostError())
		p.orphan(s, c.gen)
	}
	if is == heal.GaveUp && was != heal.GaveUp {
		p.surrendered(s, ev)
	}
	if is != was {
		if s.session != nil {
			s.session.stepped(was)
		} else {
			if was.Usable() && is.Usable() { // its connection stays, but is it fit?
				p.refit(s)
			}
			if !is.Usable() && is != heal.Proving {
				for sub := range s.subs {
					sub.castOff()
				}
			}
			p.change.all()
			if len(p.adrift) > 0 { // it may be a harbour now
				p.wake()
			}
		}
	}
}

// ended tells whether a step ended an attempt, and not merely took it further.
func ended(ev *driver.Event) bool {
	switch ev.Step.Kind {
	case heal.Failed, heal.Lost, heal.Disproved:
		return true
	}
	for _, a := range ev.Actions.All() {
		if a.Kind == heal.Kill {
			return true
		}
	}
	return false
}

// rose notes that a connection was proved and carries data.
func (p *Pool) rose(s *slot, ev *driver.Event) {
	if s.live == 0 {
		s.moved = false
	} else {
		s.moved = true
		p.leaseLost(s, "its connection was replaced")
	}
	s.live, s.strays = ev.State.Live, nil
	s.connection(s.live)
	s.endpoint = p.endpointOf(s.client)
	p.joins(s)
}

// joins puts a slot to use whose connection is ready.
func (p *Pool) joins(s *slot) {
	now := p.now()
	if s.moved {
		p.count.moved++
		p.tell(s, Event{Kind: Moved, Endpoint: s.endpoint})
	} else {
		e := Event{Kind: Connected, Endpoint: s.endpoint}
		if s.ever {
			e.Took = now.Sub(s.since)
		}
		p.count.connected++
		p.tell(s, e)
	}
	s.ever, s.since, s.failure = true, now, nil
	p.refit(s)
	if s.session != nil {
		s.session.change.all()
		s.session.pump()
	}
	p.wake() // for what is homeless or adrift, and for demand that waited to see if this is enough
	p.change.all()
}

// fell notes that a client has no usable connection any more.
func (p *Pool) fell(s *slot, ev *driver.Event) {
	c := s.connection(s.live)
	s.live = 0
	if ev.State.Phase != heal.Retired {
		s.since = p.now()
		s.failure = p.failureOf(s, ev)
		c.why = s.failure
		p.count.lost[s.failure.Cause]++
		p.tell(s, Event{Kind: Lost, Failure: s.failure})
	}
	p.failure = cmp.Or(s.failure, p.failure)
	if s.reserved { // who waits for it may have another one sooner
		s.reserved = false
		p.reserve()
	}
	p.refit(s)
	p.leaseLost(s, "its connection was lost")
}

// failed notes that an attempt came to nothing.
func (p *Pool) failed(s *slot, ev *driver.Event) {
	s.failure = p.failureOf(s, ev)
	p.failure = s.failure
	p.count.failed[s.failure.Cause]++
	p.tell(s, Event{Kind: Attempted, Failure: s.failure})
}

// silent notes that everything was received that a connection brought.
func (p *Pool) silent(client int, gen uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.slots[client]
	if s == nil {
		return
	}
	s.connection(gen).silent = true
	s.former = slices.DeleteFunc(s.former, func(l *Lease) bool {
		if l.gen == gen {
			l.inbox.end(l.over)
		}
		return l.gen == gen
	})
	p.orphan(s, gen)
	if s.session != nil {
		s.session.state(0)
	}
}

// orphan settles what was written to a connection once its end is known and no answer can
// come any more.
func (p *Pool) orphan(s *slot, gen uint32) {
	c := *s.connection(gen)
	if !c.lost || !c.silent {
		return
	}
	s.connections = slices.DeleteFunc(s.connections, func(x connection) bool { return x.gen == gen })
	for f := range s.flights.all {
		if f.out && f.gen == gen {
			p.unsure(f, c.why)
		}
	}
}

// surrendered notes that a client gave up, and when it may try again.
func (p *Pool) surrendered(s *slot, ev *driver.Event) {
	if s.failure == nil {
		s.failure = p.failureOf(s, ev)
	}
	p.failure = s.failure
	p.tell(s, Event{Kind: GaveUp, Failure: s.failure})
	if d := p.config.RestartAfter; d > 0 {
		s.restart = p.now().Add(p.jittered(d))
		p.recount(s)
	}
	if p.gaveUp() != nil {
		p.admitAll()
		for p.renters.Len() > 0 {
			p.offer()
		}
	}
	p.wake()
}

// gone forgets a client that has left the fleet.
func (p *Pool) gone(client int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.slots[client]
	if s == nil {
		return
	}
	delete(p.slots, client)
	s.gone = true
	p.recount(s)
	for _, l := range s.former {
		l.inbox.end(l.over)
	}
	for f := range s.flights.all { // nothing more will be told of them
		if f.out {
			p.unsure(f, s.lostError())
		} else if f.bound {
			p.settle(f, NotSent, ErrLeaseOver)
		} else {
			p.shelter(f)
		}
	}
	p.change.all()
	p.wake()
}

// noticed passes on what the connections decided together.
func (p *Pool) noticed(ev *driver.Event) {
	a := ev.Report
	var e Event
	switch a.Notice {
	case crowd.HealthChanged:
		e.Kind, e.Endpoint, e.Health = EndpointChanged, ev.Endpoint, a.Health
		p.mu.Lock()
		if p.health[ev.Endpoint] = a.Health; a.Health == crowd.Removed {
			delete(p.health, ev.Endpoint)
		}
		p.mu.Unlock()
	case crowd.StormBegan:
		e.Kind = StormBegan
	case crowd.StormOver:
		e.Kind = StormOver
	case crowd.PanicBegan:
		e.Kind = PanicBegan
	case crowd.PanicOver:
		e.Kind = PanicOver
	case crowd.BudgetSpent:
		e.Kind = BudgetSpent
	case crowd.BudgetBack:
		e.Kind = BudgetBack
	default:
		return
	}
	p.publish(e)
}

// failureOf is why a step ended something.
func (p *Pool) failureOf(s *slot, ev *driver.Event) *Failure {
	f := &Failure{Cause: ev.State.Cause, Err: ev.Err}
	if !ev.State.Phase.Usable() { // else it was a replacement's, of which only Err knows where it led
		f.Endpoint = p.endpointOf(s.client)
	}
	switch ev.Step.Kind {
	case heal.Failed, heal.Lost:
		f.Code = ev.Step.Code
	}
	return f
}

// tell publishes an event about a client.
func (p *Pool) tell(s *slot, ev Event) {
	ev.Connection = s.client
	if s.session != nil {
		ev.Session = s.session.config.Key
	}
	if ev.Endpoint == "" && ev.Failure != nil {
		ev.Endpoint = ev.Failure.Endpoint
	}
	p.publish(ev)
}

func (p *Pool) publish(ev Event) {
	ev.At = p.now()
	p.watchers.publish(ev)
}

// leaseLost ends the lease on a slot whose connection is another one now, or none. What
// had arrived is still its holder's. The slot heals as every other: a client in its place
// would know nothing of backoff, of a window that a server announced, or of a storm.
func (p *Pool) leaseLost(s *slot, what string) {
	l := s.lease
	if l == nil {
		return
	}
	why := leaseOver(what, s.failure)
	if s.connection(l.gen).silent {
		l.inbox.end(why)
	} else {
		s.former = append(s.former, l)
		l.inbox.finish()
	}
	l.end(why, false)
}
