package pool

import (
	"context"

	"github.com/wsheal/wsheal/pool/driver"
)

// Exchange is a conversation over one connection beside its data, for Config.Validate.
type Exchange struct{ x driver.Exchange }

// Connection is the connection's number, as events name it.
func (e Exchange) Connection() int { return e.x.Client() }

// Endpoint is where it leads.
func (e Exchange) Endpoint() Endpoint { return e.x.Endpoint() }

// Subprotocol is what the server chose, "" for none.
func (e Exchange) Subprotocol() string { return e.x.Subprotocol() }

// First tells that the connection has just been opened; false: it is checked again.
func (e Exchange) First() bool { return e.x.First() }

// Send sends a message ahead of everything that is queued.
func (e Exchange) Send(ctx context.Context, m Message) error {
	return inOurWords(e.x.Send(ctx, driver.Message{Payload: m.Payload, Text: m.Text}))
}

// Receive returns the next message for which match is true, which nobody else gets; with
// match nil, on a connection that was just opened, the next of all. match must not block.
func (e Exchange) Receive(ctx context.Context, match func(Message) bool) (Message, error) {
	var filter func([]byte) bool
	if match != nil {
		filter = func(payload []byte) bool { return match(Message{Payload: payload}) }
	}
	payload, err := e.x.Receive(ctx, filter)
	return Message{Payload: payload}, err
}

// validate is what a connection has to pass: the user's check, and then what its session
// or its subscriptions have to say before anything newer.
func (p *Pool) validate(ctx context.Context, x driver.Exchange) error {
	if check := p.config.Validate; check != nil {
		if err := check(ctx, Exchange{x}); err != nil {
			return err
		}
	}
	if !x.First() {
		return nil
	}
	p.mu.Lock()
	s := p.slots[x.Client()]
	p.mu.Unlock()
	if s == nil {
		return ErrClosed
	}
	resume := func() error { return p.subscribeAgain(ctx, x, s) }
	if s.session != nil {
		resume = func() error { return s.session.resume(ctx, x) }
	}
	if err := resume(); err != nil {
		return err
	}
	if p.config.Validate == nil { // nobody has looked at the server: a 101 alone proves nothing
		return driver.ErrNoProof
	}
	return nil
}

// moot tells that validate would have nothing to say on a new connection: no check of the
// user's, no session and no subscriptions. Saying nothing took a goroutine and a context for
// each of thousands that come back.
func (p *Pool) moot(client int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.slots[client]
	return s != nil && p.config.Validate == nil && s.session == nil && len(s.subs) == 0 && len(p.adrift) == 0
}
