package pool

import (
	"context"
	"fmt"
	"time"

	"github.com/wsheal/wsheal/pool/driver"
)

// subscribeAgain asks for all that lived on a slot, and for all that is adrift. It waits for
// their confirmations as long as half of what is left of ctx: the connection is of use without.
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
	patience, cancel := half(ctx)
	defer cancel()
	for _, sub := range append(mine, claimed...) {
		if err := p.ask(ctx, patience, x, s, sub); err != nil {
			return fmt.Errorf("subscribe %s: %w", sub.config.Topic, err)
		}
	}
	return nil
}

// half ends when half of what is left of ctx is over.
func half(ctx context.Context) (context.Context, context.CancelFunc) {
	until, bounded := ctx.Deadline()
	if !bounded {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(until)/2)
}

// ask asks for one subscription, unless it has left meanwhile, and waits as long as patience
// lasts for it to be confirmed, which may also come with the data. One that cannot be asked for
// is over; the connection is none the worse for it.
func (p *Pool) ask(ctx, patience context.Context, x driver.Exchange, s *slot, sub *Subscription) error {
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
	_, err = x.Receive(patience, func(payload []byte) bool { return sub.confirm(Message{Payload: payload}) })
	if patience.Err() != nil && ctx.Err() == nil {
		return nil
	}
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
