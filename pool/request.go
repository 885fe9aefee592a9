package pool

import (
	"context"
	"fmt"
)

// Request sends a message and returns the one that answers it, by Config.Correlate, on
// whichever connection it comes.
//
// When the connection is lost before the answer, an idempotent message is sent again
// over another one, as often as ctx leaves time for; of every other the error is
// ErrOutcomeUnknown: the peer may have done what it was asked. ctx bounds all of it; when
// it ends, the error matches ctx's and ErrNotSent or ErrOutcomeUnknown. A late answer is
// dropped.
func (p *Pool) Request(ctx context.Context, m Message) (Message, error) {
	given(ctx)
	answer, err := p.request(ctx, m)
	if err != nil {
		return Message{}, fmt.Errorf("request: %w", err)
	}
	return answer, nil
}

func (p *Pool) request(ctx context.Context, m Message) (Message, error) {
	f, err := p.flight(m, true)
	if err != nil {
		return Message{}, err
	}
	if !f.expects {
		return Message{}, ErrNoCorrelation
	}
	if err := p.dispatch(ctx, f); err != nil {
		return Message{}, wrap(ErrNotSent, err)
	}
	select {
	case <-f.receipt.Done():
	case <-ctx.Done():
		p.mu.Lock()
		p.abandon(f, ctx.Err())
		p.mu.Unlock()
	}
	if f.receipt.Outcome() == Acked {
		return <-f.answer, nil
	}
	return Message{}, f.receipt.Err()
}

// answered gives an answer to the flight that waits for it; false: none does.
func (p *Pool) answered(id string, m Message) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.answers[id]
	switch {
	case f == nil || f.slot == nil && !f.tried: // it was not sent: the answer is another one's, which had its id before
		return false
	case f.out || f.tried:
		p.answer(f, m)
	default: // its writer may not have come to telling
		f.early = &m
	}
	return true
}

// answer settles a flight with its answer.
func (p *Pool) answer(f *flight, m Message) {
	if f.answer != nil {
		f.answer <- m // it holds one, and there is one
	}
	p.settle(f, Acked, nil)
}

// abandon settles a flight whose answer is not waited for any more. What was not written
// is taken back; of what was, the answer may still come.
func (p *Pool) abandon(f *flight, why error) {
	switch s := f.slot; {
	case s == nil:
	case !f.out && p.fleet.Recall(s.client, f):
		p.detach(f)
		p.left(s)
	case len(s.strays) < mostStrays:
		if s.strays == nil {
			s.strays = map[string]struct{}{}
		}
		s.strays[f.id] = struct{}{}
	}
	p.settle(f, f.unsent(), why)
}

// mostStrays bounds how many late answers are told from other messages on a connection.
const mostStrays = 1024

// late tells whether an answer is one that nobody waits for any more.
func (p *Pool) late(s *slot, id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, is := s.strays[id]
	delete(s.strays, id)
	return is
}

// giveUpWaiting settles flights whose answers are late. It is the keeper's.
func (p *Pool) giveUpWaiting() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	for len(p.aging) > 0 {
		f := p.aging[0]
		if !f.over && now.Before(f.deadline) {
			p.at(f.deadline)
			return
		}
		p.abandon(f, fmt.Errorf("no answer within %v", p.config.AnswerWithin))
		p.aging[0] = nil
		p.aging = p.aging[1:]
	}
	p.aging = nil
}
