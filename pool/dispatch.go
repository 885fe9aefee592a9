package pool

import (
	"bytes"
	"container/list"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
)

// Send gives a message to the least loaded connection, by Config.Crowd's balance. It
// returns once the message is queued there; the Receipt tells what becomes of it. Until a
// connection has room it does what Config.QueueFull says.
//
// ctx bounds that wait and nothing else: its end takes back no message and breaks no
// connection. No order is kept between messages of several connections: a Session keeps it.
//
// A message that is still queued when its connection is taken out of the pool goes over
// another one; one that was written does only when it is idempotent, expects an answer by
// Config.Correlate, and its connection was lost before that came.
//
// Its error is that of a message that was not accepted: ErrClosed, ErrDraining, ErrGaveUp,
// ErrQueueFull, ErrLeased, ErrNoConnection, ErrTooLarge, ErrNotText,
// ErrDuplicate, or that of ctx.
func (p *Pool) Send(ctx context.Context, m Message) (*Receipt, error) {
	given(ctx)
	f, err := p.flight(m, false)
	if err == nil {
		receipt := f.receipt // it may have been written, and recycled, before dispatch returns
		if err = p.dispatch(ctx, f); err == nil {
			return receipt, nil
		}
	}
	return nil, fmt.Errorf("send: %w", err)
}

// flight makes the flight of a message and announces the answer that it expects.
func (p *Pool) flight(m Message, request bool) (*flight, error) {
	if len(m.Payload) > p.config.QueueBytes {
		return nil, fmt.Errorf("%w: %d bytes, and Config.QueueBytes is %d", ErrTooLarge, len(m.Payload), p.config.QueueBytes)
	}
	if err := m.sound(); err != nil {
		return nil, err
	}
	m.Payload = bytes.Clone(m.Payload) // the caller's is his own again, and this may be needed again
	f := newFlight(p, m)
	if p.config.Correlate.Request != nil {
		f.id, f.expects = p.config.Correlate.Request(m)
	}
	if !f.expects {
		return f, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answers[f.id] != nil {
		return nil, fmt.Errorf("id %q: %w", f.id, ErrDuplicate)
	}
	p.answers[f.id] = f
	if request {
		f.answer = make(chan Message, 1)
	}
	return f, nil
}

// dispatch gives a flight to a slot, waiting for one as Config.QueueFull and ctx allow.
func (p *Pool) dispatch(ctx context.Context, f *flight) error {
	for again := false; ; again = true {
		s, x, turn, err := p.seat(f, again)
		if err == nil && turn == nil {
			handed := false
			if again || f.expects {
				handed = p.hand(s, f, again)
			} else { // nobody but who has it knows it: what was true in its seat still is
				handed = p.give(s, f, x)
			}
			if handed {
				return nil
			}
			continue
		}
		if err == nil {
			select {
			case <-turn.come:
				continue
			case <-ctx.Done():
				err = p.forgo(turn, ctx)
			}
		}
		p.mu.Lock()
		p.refuse(f)
		p.mu.Unlock()
		return err
	}
}

// refuse forgets a flight that was not accepted.
func (p *Pool) refuse(f *flight) {
	f.over = true
	if f.expects && p.answers[f.id] == f {
		delete(p.answers, f.id)
	}
}

// turn is somebody's place in a queue.
type turn struct {
	come chan struct{} // closed when it has come
	in   *list.Element // nil once it has
}

// seat attaches a flight to a slot, or returns the turn that it has to wait for. Who comes
// again has waited, and goes before those who have not.
func (p *Pool) seat(f *flight, again bool) (s *slot, x parting, t *turn, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refusal(); err != nil {
		return nil, x, nil, err
	}
	if again || p.senders.Len() == 0 && len(p.homeless) == 0 {
		if s := p.pick(); s != nil {
			p.attach(f, s)
			return s, f.part(again), nil, nil
		}
	}
	if p.config.QueueFull == FailFast {
		switch {
		case p.usable() > 0 && p.leased():
			return nil, x, nil, ErrLeased
		case p.usable() > 0:
			return nil, x, nil, ErrQueueFull
		}
		return nil, x, nil, because(ErrNoConnection, p.failure)
	}
	t = &turn{come: make(chan struct{})}
	if again {
		t.in = p.senders.PushFront(t)
	} else {
		t.in = p.senders.PushBack(t)
	}
	p.wake() // there is demand
	return nil, x, t, nil
}

// hand gives an attached flight to the fleet; false: its slot would not have it. called: who
// comes after it in a queue has to be called.
func (p *Pool) hand(s *slot, f *flight, called bool) bool {
	p.mu.Lock()
	if f.slot != s { // it was settled, or its slot has gone, before it came here
		p.mu.Unlock()
		return true
	}
	x := f.part(called)
	p.mu.Unlock()
	return p.give(s, f, x)
}

// parting is what has to be known of a flight and its slot before the fleet has it, for it may
// be over before the fleet says so.
type parting struct {
	message  driver.Message
	progress uint64 // of the slot
	kept     bool   // flight.kept
}

// part gets a flight that is attached ready for the fleet. The pool's mutex must be held.
func (f *flight) part(called bool) parting {
	f.kept = called || f.expects
	m := driver.Message{Payload: f.message.Payload, Owned: true, Text: f.message.Text, Ref: f}
	return parting{m, f.slot.progress, f.kept}
}

// give gives a flight to the fleet; false: its slot would not have it.
func (p *Pool) give(s *slot, f *flight, x parting) bool {
	err := p.fleet.Send(s.client, x.message)
	if err == nil && !x.kept {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil || f.slot != s { // else its slot has gone meanwhile, and it has been taken care of
		if f.deadline.IsZero() {
			p.expect(f)
		}
		p.admit() // there may be room for the next one
		return true
	}
	p.detach(f)
	switch {
	case !errors.Is(err, driver.ErrQueueFull):
		s.retiring = true
	case s.progress == x.progress:
		s.full = true
	}
	p.refit(s)
	return false
}

// forgo gives up a turn and says why nothing came of it.
func (p *Pool) forgo(t *turn, ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.in != nil {
		p.senders.Remove(t.in)
	} else {
		p.admit() // it had come: the next one's
	}
	switch {
	case p.usable() == 0:
		return p.unconnected(ctx)
	case p.leased():
		return fmt.Errorf("%w: %w", ErrLeased, ctx.Err())
	}
	return fmt.Errorf("%w: %w", ErrQueueFull, ctx.Err())
}

// leased tells whether all that is ready is leased.
func (p *Pool) leased() bool {
	free := false
	for s := range p.own {
		free = free || s.ready() && s.lease == nil
	}
	return !free && len(p.leases) > 0
}

// unconnected is why there was no connection until ctx ended: how the last attempt failed,
// or, as long as none has, for how long the first is under way.
func (p *Pool) unconnected(ctx context.Context) error {
	err := because(ErrNoConnection, p.failure)
	if p.failure == nil {
		var longest time.Duration
		for s := range p.own {
			if s.phase == heal.Dialing || s.phase == heal.Proving {
				longest = max(longest, p.now().Sub(s.begun))
			}
		}
		if longest > 0 {
			err = fmt.Errorf("%w: still dialing for %v", err, longest.Round(time.Millisecond))
		}
	}
	return fmt.Errorf("%w: %w", err, ctx.Err())
}

// admit lets the next one try who waits for room, if there is any.
func (p *Pool) admit() {
	if len(p.fit) == 0 {
		return
	}
	if len(p.homeless) > 0 {
		p.wake()
		return
	}
	if first := p.senders.Front(); first != nil {
		p.call(first)
	}
}

// call tells one who waits that it is his turn.
func (p *Pool) call(e *list.Element) {
	t := p.senders.Remove(e).(*turn)
	t.in = nil
	close(t.come)
}

// admitAll lets everyone try, for there may be a reason to fail.
func (p *Pool) admitAll() {
	for first := p.senders.Front(); first != nil; first = p.senders.Front() {
		p.call(first)
	}
}

// refusal is why nothing new is accepted.
func (p *Pool) refusal() error {
	switch {
	case p.closed:
		return ErrClosed
	case p.draining:
		return ErrDraining
	}
	if why := p.gaveUp(); why != nil {
		return because(ErrGaveUp, why)
	}
	return nil
}

// resettle gives flights that lost their slot to others. It is the keeper's.
func (p *Pool) resettle() {
	for {
		p.mu.Lock()
		var f *flight
		for f == nil && len(p.homeless) > 0 {
			f = p.homeless[0]
			p.homeless[0] = nil
			p.homeless = p.homeless[1:]
			if f.over {
				f = nil
			}
		}
		if f == nil {
			p.homeless = nil
			p.admit()
			if p.draining {
				p.change.all()
			}
			p.mu.Unlock()
			return
		}
		if why := p.gaveUp(); why != nil {
			p.settle(f, f.unsent(), because(ErrGaveUp, why))
			p.mu.Unlock()
			continue
		}
		s := p.pick()
		if s == nil {
			p.homeless = append([]*flight{f}, p.homeless...)
			p.mu.Unlock()
			return
		}
		p.attach(f, s)
		p.moving = 1
		p.mu.Unlock()
		had := p.hand(s, f, true)
		p.mu.Lock()
		p.moving = 0
		if !had {
			p.homeless = append([]*flight{f}, p.homeless...)
		}
		p.mu.Unlock()
	}
}
