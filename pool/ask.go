package pool

import (
	"context"
	"fmt"

	"github.com/wsheal/wsheal/pool/driver"
)

// subscribeAgain asks for all that lived on a slot, and for all that is adrift.
func (p *Pool) subscribeAgain(ctx context.Context, x driver.Exchange, s *slot) (err error) {
	p.mu.Lock()
	var mine, claimed []*Subscription
	for sub := range s.subs {
		mine = append(mine, sub)
	}
	for sub := range p.adrift {
		if s.lease == nil && sub.asked { // one that was never answered may never be: the connection does not depend on it
			claimed = append(claimed, sub)
		}
	}
	for _, sub := range claimed {
		sub.settleOn(s, x.Gen())
	}
	p.mu.Unlock()
	defer func() {
		if err == nil {
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, sub := range claimed {
			sub.castOff()
		}
	}()
	for _, sub := range append(mine, claimed...) {
		if err := p.ask(ctx, x, s, sub); err != nil {
			return fmt.Errorf("subscribe %s: %w", sub.config.Topic, err)
		}
	}
	return nil
}

// ask asks for one subscription, unless it has left meanwhile. One that cannot be asked for is
// over; the connection is none the worse for it.
func (p *Pool) ask(ctx context.Context, x driver.Exchange, s *slot, sub *Subscription) error {
	p.mu.Lock()
	here := sub.home == s
	if here {
		sub.settleOn(s, x.Gen())
	}
	p.mu.Unlock()
	if !here {
		return nil
	}
	m, err := sub.question()
	if err != nil {
		sub.leave(err)
		return nil
	}
	if err := x.Send(ctx, driver.Message{Payload: m.Payload, Text: m.Text}); err != nil {
		return inOurWords(err)
	}
	if sub.config.Confirm == nil {
		p.mu.Lock()
		sub.goesOn(subscribed)
		p.mu.Unlock()
		return nil
	}
	_, err = x.Receive(ctx, func(payload []byte) bool { return sub.confirm(Message{Payload: payload}) })
	return err
}

// confirm tells whether a message is the peer's answer to the asking.
func (s *Subscription) confirm(m Message) bool {
	c, ok := s.config.Confirm(m)
	if ok {
		s.pool.mu.Lock()
		s.goesOn(c)
		s.pool.mu.Unlock()
	}
	return ok
}
