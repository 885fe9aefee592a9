package pool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// closeLimit bounds Close, whatever its context allows.
const closeLimit = 5 * time.Second

// Drain takes no new messages, sessions or leases, waits until what is in flight is done
// with (written, and answered where an answer belongs to it), sessions have had
// everything acknowledged and leases are released, and closes the pool. When ctx ends
// first it closes all the same, and its error says what was left.
func (p *Pool) Drain(ctx context.Context) error {
	given(ctx)
	var late error
	for late == nil {
		p.mu.Lock()
		if !p.draining {
			p.draining = true
			p.change.all() // who subscribes
			p.admitAll()
			for p.renters.Len() > 0 {
				p.offer()
			}
			for _, s := range p.sessions {
				s.change.all()
			}
		}
		change, left, closed := p.change.wait(), p.unfinished(), p.closed
		p.mu.Unlock()
		if left == 0 || closed {
			break
		}
		select {
		case <-change:
		case <-p.done:
		case <-ctx.Done():
			late = fmt.Errorf("drain: %d left in flight: %w", left, ctx.Err())
		}
	}
	p.publish(Event{Kind: Drained})
	return errors.Join(late, p.Close(context.WithoutCancel(ctx)))
}

// unfinished counts what Drain waits for.
func (p *Pool) unfinished() int {
	n := p.inFlight + len(p.homeless) + p.moving + len(p.leases)
	for _, s := range p.sessions {
		n += s.ring.waiting
	}
	return n
}

// Close ends the pool: whoever waits gets ErrClosed, every connection is closed with a
// close frame, and the receipts of what was in flight are NotSent or Unknown. It is bounded
// by ctx, then by force, and by 5 s in any case; its error tells that force was needed, or
// that a function of Config had not returned by then and was left behind. It may be called
// again, and from the functions of Config, where it does not wait for itself for longer
// than that.
func (p *Pool) Close(ctx context.Context) error {
	given(ctx)
	ctx, cancel := context.WithTimeout(ctx, closeLimit)
	defer cancel()
	p.ending.Do(func() { go p.end(ctx) })
	select {
	case <-p.done:
		return p.ended
	default:
	}
	select {
	case <-p.done:
		return p.ended
	case <-ctx.Done():
		return fmt.Errorf("close pool: %w", ctx.Err())
	}
}

// end takes the pool down.
func (p *Pool) end(ctx context.Context) {
	defer close(p.done)
	p.mu.Lock()
	p.closed = true
	p.admitAll()
	for p.renters.Len() > 0 {
		p.offer()
	}
	for _, s := range p.sessions {
		s.finish(ErrClosed)
	}
	for l := range p.leases {
		why := fmt.Errorf("%w: %w", ErrLeaseOver, ErrClosed)
		l.inbox.end(why)
		l.end(why, false)
	}
	subs := slices.Concat(slices.Collect(maps.Values(p.topics))...)
	p.change.all()
	p.mu.Unlock()
	for _, sub := range subs {
		sub.leave(ErrClosed)
	}
	if p.unclaimed != nil {
		p.unclaimed.end(ErrClosed)
	}
	close(p.quit)
	p.tasks.Wait()
	p.ended = p.fleet.Close(ctx)

	p.mu.Lock()
	for _, f := range p.answers {
		p.settle(f, f.unsent(), ErrClosed)
	}
	for _, f := range p.homeless {
		p.settle(f, f.unsent(), ErrClosed)
	}
	for _, s := range p.slots {
		for _, l := range s.former {
			l.inbox.end(l.over)
		}
		for f := range s.flights.all {
			p.settle(f, f.unsent(), ErrClosed)
		}
	}
	p.homeless = nil
	p.mu.Unlock()
	p.report()
	p.publish(Event{Kind: Shut})
	p.watchers.end()
}
