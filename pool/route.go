package pool

import "bytes"

// receive takes a data message that arrived, on the goroutine of its connection, in order.
// Who it is for is asked in this order:
//
//	lease ─▶ session (acknowledgements first) ─▶ answer ─▶ confirmation ─▶ topic ─▶ Receive
func (p *Pool) receive(client int, gen uint32, payload []byte, text bool) {
	m := Message{Payload: payload, Text: text}
	p.mu.Lock()
	s := p.slots[client]
	if s == nil {
		p.mu.Unlock()
		return
	}
	lease, session, strays := s.leaseOf(gen), s.session, len(s.strays) > 0
	var asking []*Subscription
	for sub := range s.subs {
		if sub.asking {
			asking = append(asking, sub)
		}
	}
	p.mu.Unlock()
	switch {
	case lease != nil:
		if strays {
			if id, ok := p.config.Correlate.Reply(m); ok && p.late(s, id) {
				return
			}
		}
		p.put(s, lease.inbox, m)
	case session != nil:
		session.receive(m, gen)
	default:
		p.deal(s, asking, m)
	}
}

// accept is receive for messages that go straight to somebody who reads and has room: no
// code of the user's is asked, and nothing waits. Leases do the same. To hand them to another goroutine first
// was a sixth of the CPU time of an echo (bench/cost, echo).
func (p *Pool) accept(client int, gen uint32, payload []byte, text bool) bool {
	if to := p.undivided.Load(); to != nil {
		return to.accept(Message{Payload: payload, Text: text})
	}
	p.mu.Lock()
	s := p.slots[client]
	var to *inbox
	switch {
	case s == nil || s.session != nil || s.leaseOf(gen) != nil: // leases accept for themselves
	case p.config.Correlate.Reply == nil && p.config.Topic == nil && len(s.subs) == 0:
		to = p.unclaimed
	}
	p.mu.Unlock()
	return to != nil && to.accept(Message{Payload: payload, Text: text})
}

// leaseOf is whose a connection is, or was when it was lost; nil: everybody's.
func (s *slot) leaseOf(gen uint32) *Lease {
	if l := s.lease; l != nil && l.gen == gen {
		return l
	}
	for _, l := range s.former {
		if l.gen == gen {
			return l
		}
	}
	return nil
}

// deal gives a message to whom it is for among all who share a connection.
func (p *Pool) deal(s *slot, asking []*Subscription, m Message) {
	if reply := p.config.Correlate.Reply; reply != nil {
		if id, ok := reply(m); ok && (p.answered(id, m) || p.late(s, id)) {
			return
		}
	}
	for _, sub := range asking {
		if sub.confirm(m) {
			return
		}
	}
	if topic := p.config.Topic; topic != nil {
		if name, ok := topic(m); ok && p.hear(s, name, m) {
			return
		}
	}
	if p.unclaimed != nil {
		p.put(s, p.unclaimed, m)
	}
}

// hear gives a message to the subscriptions of a topic that live on a connection; false:
// nobody subscribes to it.
func (p *Pool) hear(s *slot, topic string, m Message) bool {
	p.mu.Lock()
	all := p.topics[topic] // never changed, only replaced
	var here []*Subscription
	for _, sub := range all {
		if sub.home == s {
			kept := m
			sub.last = &kept
			here = append(here, sub)
		}
	}
	p.mu.Unlock()
	for i, sub := range here {
		if i > 0 {
			m.Payload = bytes.Clone(m.Payload)
		}
		p.put(s, sub.inbox, m)
	}
	return len(all) > 0
}

// receive takes a message of the session's connection.
func (s *Session) receive(m Message, gen uint32) {
	p := s.pool
	if ack := s.config.Ack; ack != nil {
		if a, ok := ack(m); ok {
			p.mu.Lock()
			s.acknowledge(a, gen)
			p.mu.Unlock()
			if !a.Data {
				return
			}
		}
	}
	p.mu.Lock()
	for gen < s.asked && s.over == nil { // it may come again over that one
		change := s.change.wait()
		p.mu.Unlock()
		<-change
		p.mu.Lock()
	}
	again := gen < s.from
	if !again {
		kept := m
		s.last = &kept
		s.state(gen)
	}
	p.mu.Unlock()
	if !again {
		p.put(s.slot, s.inbox, m)
	}
}

// put gives a message to its reader and counts what that cost.
func (p *Pool) put(s *slot, b *inbox, m Message) {
	if n := b.put(m); n > 0 {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.count.dropped += uint64(n)
		if s.dropped += n; s.dropped == n {
			p.overflowed = append(p.overflowed, s)
			p.wake()
		}
	}
}
