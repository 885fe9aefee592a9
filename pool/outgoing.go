package pool

import (
	"bytes"
	"context"
	"fmt"

	"github.com/wsheal/wsheal/pool/driver"
)

// keeps tells whether a message stays until it is acknowledged.
func (s *Session) keeps(m Message) bool { return s.config.Ack != nil && m.Seq != 0 }

// Send puts a message into the session's ring, and returns; it is sent in its turn, on
// this connection or a later one. Without room in the ring it waits as ctx allows, or
// fails with ErrQueueFull where Config.QueueFull is FailFast. Numbers must count up, with
// gaps as you like (ErrSequence).
func (s *Session) Send(ctx context.Context, m Message) (*Receipt, error) {
	given(ctx)
	m.Payload = bytes.Clone(m.Payload)
	r, err := s.send(ctx, m)
	if err != nil {
		return nil, fmt.Errorf("session %s: send: %w", s.config.Key, err)
	}
	return r, nil
}

func (s *Session) send(ctx context.Context, m Message) (*Receipt, error) {
	p := s.pool
	if size := len(m.Payload); size > min(s.config.Ring.Bytes, p.config.QueueBytes) {
		return nil, fmt.Errorf("%w: %d bytes, and Ring.Bytes is %d, Config.QueueBytes %d", ErrTooLarge, size, s.config.Ring.Bytes, p.config.QueueBytes)
	}
	if err := m.sound(); err != nil {
		return nil, err
	}
	for {
		p.mu.Lock()
		err := s.refusal()
		if err == nil && m.Seq != 0 && m.Seq <= s.ring.last {
			err = fmt.Errorf("%w: %d after %d", ErrSequence, m.Seq, s.ring.last)
		}
		if err == nil && s.ring.room(len(m.Payload)) {
			e := &entry{session: s, message: m, receipt: &Receipt{}, since: p.now()}
			s.ring.add(e)
			s.ages(e)
			s.pump()
			p.mu.Unlock()
			return e.receipt, nil
		}
		change := s.change.wait()
		p.mu.Unlock()
		if err != nil {
			return nil, err
		}
		if p.config.QueueFull == FailFast {
			return nil, ErrQueueFull
		}
		select {
		case <-change:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrQueueFull, ctx.Err())
		}
	}
}

// settle ends one message.
func (s *Session) settle(e *entry, o Outcome, why error) {
	s.ring.move(e, left)
	s.pool.settled(e.receipt, o, why)
}

// tidy lets those go that were settled, and those come who wait for room.
func (s *Session) tidy() {
	s.ring.trim()
	s.change.all()
	if s.ring.waiting == 0 && s.pool.draining {
		s.pool.change.all()
	}
}

// pump hands messages over while there is a connection to hand them to. It starts a
// goroutine, for it may be called from where nothing may be sent.
func (s *Session) pump() {
	if s.pumping || !s.pumps() {
		return
	}
	s.pumping = true
	s.pool.tasks.Go(func() {
		p := s.pool
		p.mu.Lock()
		defer p.mu.Unlock()
		defer func() { s.pumping = false }()
		for s.pumps() {
			e := s.ring.next()
			s.ring.move(e, handed)
			p.mu.Unlock()
			err := p.fleet.Send(s.slot.client, e.outgoing())
			p.mu.Lock()
			if err != nil { // it leaves room, so the client is gone
				s.settle(e, NotSent, err)
				s.tidy()
			}
		}
	})
}

// pumps tells whether the next message can be handed over: never more than the fleet's
// queue holds.
func (s *Session) pumps() bool {
	if s.hold || s.over != nil || !s.live() {
		return false
	}
	c, e := &s.pool.config, s.ring.next()
	return e != nil && s.ring.queued < c.QueueMessages && s.ring.weight+len(e.message.Payload) <= c.QueueBytes
}

func (e *entry) outgoing() driver.Message {
	return driver.Message{Payload: e.message.Payload, Text: e.message.Text, Seq: e.message.Seq, Ref: e}
}

func (e *entry) written(gen uint32) {
	s := e.session
	switch {
	case e.place != handed:
		return
	case s.keeps(e.message) && gen <= e.answered:
		s.settle(e, Acked, nil)
	case s.keeps(e.message) && s.over == nil:
		s.ring.move(e, gone)
		s.ages(e)
		e.receipt.advance(Written)
	case s.keeps(e.message):
		s.settle(e, Unknown, s.over)
	default:
		s.settle(e, Written, nil)
	}
	s.tidy()
	s.pump()
}

func (e *entry) dropped(_ uint32, o driver.Outcome) {
	s := e.session
	switch {
	case e.place != handed:
		return
	case o == driver.NotSent:
		s.settle(e, NotSent, s.over)
	case s.keeps(e.message) && s.over == nil:
		s.ring.move(e, gone)
		s.ages(e)
	default:
		s.settle(e, Unknown, s.slot.lostError())
	}
	s.tidy()
	s.pump()
}

// ages notes when a message is too old.
func (s *Session) ages(e *entry) { s.pool.due(&s.pool.stale, e.since.Add(s.config.Ring.Age)) }

// acknowledge settles what an inbound message acknowledges that was written to connection
// gen or one before. Of what is handed the report that it was written may still come.
func (s *Session) acknowledge(a Ack, gen uint32) {
	for _, e := range s.ring.named(a) {
		if e.place == handed {
			e.answered = max(e.answered, gen)
		} else {
			s.settle(e, Acked, nil)
		}
	}
	s.acked = max(s.acked, a.Seq)
	s.tidy()
	s.pump()
}

// expire gives up what is too old.
func (s *Session) expire() {
	old := s.ring.old(s.pool.now())
	for _, e := range old {
		o := NotSent
		if e.place == gone {
			o = Unknown
		}
		s.settle(e, o, fmt.Errorf("not acknowledged within %v", s.config.Ring.Age))
	}
	if len(old) > 0 {
		s.inbox.tell(Continuity{Kind: Gap, From: s.acked, GivenUp: len(old), Reason: "too old"})
		s.tidy()
	}
	if at, ok := s.ring.due(); ok {
		s.pool.at(at)
		s.pool.due(&s.pool.stale, at)
	}
}
