package pool

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/wsheal/wsheal/pool/driver"
)

// Lease is one connection for one user alone: no other message goes over it, and what
// arrives on it is the lease's. It ends with the connection, with Release or with the pool;
// nothing of it is moved to another connection. Its methods may be called from many
// goroutines at once.
type Lease struct {
	pool  *Pool
	slot  *slot
	gen   uint32
	inbox *inbox
	since time.Time
	stack []uintptr
	done  chan struct{}

	// Guarded by the pool's mutex.
	warned bool
	over   error
}

// Acquire waits for a connection with nothing in flight and takes it out of the pool. Where
// there is none and the pool may not grow, the least loaded one gets no new messages until
// it is free. Who does not Release it keeps it: Config.LeaseWarn reports who that is. Its
// error is ErrClosed, ErrDraining, ErrGaveUp, or ctx's with ErrLeased or ErrNoConnection.
func (p *Pool) Acquire(ctx context.Context) (*Lease, error) {
	given(ctx)
	for again := false; ; again = true {
		l, turn, err := p.rent(again)
		if l != nil {
			return l, nil
		}
		if err == nil {
			select {
			case <-turn.come:
				continue
			case <-ctx.Done():
				p.mu.Lock()
				if turn.in != nil {
					p.renters.Remove(turn.in)
				} else {
					p.offer()
				}
				p.unreserve()
				err = p.unconnected(ctx)
				if p.usable() > 0 && p.leased() {
					err = fmt.Errorf("%w: %w", ErrLeased, ctx.Err())
				}
				p.mu.Unlock()
			}
		}
		return nil, fmt.Errorf("acquire: %w", err)
	}
}

// rent takes a free connection, or a turn.
func (p *Pool) rent(again bool) (*Lease, *turn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refusal(); err != nil {
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
		if s.up() && s.lease == nil && len(s.flights) == 0 && (s.reserved || s.place >= 0) {
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

func (p *Pool) lease(s *slot) *Lease {
	l := &Lease{
		pool: p, slot: s, gen: s.live, since: p.now(), stack: make([]uintptr, 32), done: make(chan struct{}),
		inbox: newInbox(p.config.InboxFrames, p.config.InboxBytes, Backlog),
	}
	l.stack = l.stack[:runtime.Callers(4, l.stack)]
	s.lease, s.reserved = l, false
	p.refit(s)
	for sub := range s.subs {
		sub.castOff()
	}
	p.leases[l] = struct{}{}
	p.wake() // its warning is due some time
	return l
}

// reserve keeps connections for those who wait, once there can be no more of them.
func (p *Pool) reserve() {
	for want := p.renters.Len() - p.reserved(); want > 0; want-- {
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
		if len(least.flights) == 0 {
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
	if s.counts() && s.up() {
		p.offer()
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

// Send sends a message over the leased connection. ctx bounds the wait for room.
// Config.Correlate is not asked: Written is final.
func (l *Lease) Send(ctx context.Context, m Message) (*Receipt, error) {
	given(ctx)
	p := l.pool
	if size := len(m.Payload); size > p.config.QueueBytes {
		return nil, fmt.Errorf("lease: %w: %d bytes, and Config.QueueBytes is %d", ErrTooLarge, size, p.config.QueueBytes)
	}
	if err := m.sound(); err != nil {
		return nil, fmt.Errorf("lease: %w", err)
	}
	f := &flight{pool: p, message: m, receipt: &Receipt{}, bound: true}
	p.mu.Lock()
	err := l.over
	if err == nil {
		p.attach(f, l.slot)
	}
	p.mu.Unlock()
	if err == nil {
		err = p.fleet.SendWait(ctx, l.slot.client, driver.Message{Payload: m.Payload, Text: m.Text, Ref: f, Gen: l.gen})
		if err == nil {
			return f.receipt, nil
		}
		p.mu.Lock()
		p.detach(f)
		f.over = true
		if l.over != nil {
			err = l.over
		} else if errors.Is(err, driver.ErrQueueFull) {
			err = ErrQueueFull
		} else if errors.Is(err, driver.ErrEnded) {
			err = ErrLeaseOver
		}
		p.mu.Unlock()
	}
	return nil, fmt.Errorf("lease: %w", err)
}

// Receive returns the next message that arrived on the connection. When the lease is over,
// what arrived before can still be received, unless it was given back.
func (l *Lease) Receive(ctx context.Context) (Message, error) {
	given(ctx)
	d, err := l.inbox.next(ctx)
	if err != nil {
		return Message{}, fmt.Errorf("lease: %w", err)
	}
	return d.Message, nil
}

// Done is closed when the lease is over; Err then says why.
func (l *Lease) Done() <-chan struct{} { return l.done }

// Err is nil while the lease holds; then it matches ErrLeaseOver, and names the *Failure
// when the connection was lost.
func (l *Lease) Err() error {
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	return l.over
}

// Connection is the connection's number, as events name it.
func (l *Lease) Connection() int { return l.slot.client }

// Release gives the connection back for others to use. It may be called again.
func (l *Lease) Release() { l.release(false) }

// Discard ends the lease and the connection with it, for one that is in a state in which
// nobody else should have it; the pool opens another one.
func (l *Lease) Discard() { l.release(true) }

func (l *Lease) release(discard bool) {
	p := l.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.over == nil {
		l.inbox.end(ErrLeaseOver)
		l.end(ErrLeaseOver, discard)
	}
}

// end ends a lease, but not yet its inbox; discard takes its connection out of the pool.
func (l *Lease) end(why error, discard bool) {
	p, s := l.pool, l.slot
	l.over = why
	delete(p.leases, l)
	s.lease = nil
	close(l.done)
	p.change.all()
	if discard {
		p.retire(s)
	}
	p.refit(s)
}

// leaks reports leases that are held too long. It is the keeper's.
func (p *Pool) leaks() {
	if p.config.LeaseWarn < 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	for l := range p.leases {
		if l.warned {
			continue
		}
		if due := l.since.Add(p.config.LeaseWarn); now.Before(due) {
			p.at(due)
			continue
		}
		l.warned = true
		p.publish(Event{
			Kind: LeaseLeaked, Connection: l.slot.client, Endpoint: l.slot.endpoint,
			Took: now.Sub(l.since), Stack: l.acquired(),
		})
	}
}

// acquired is the stack of who called Acquire.
func (l *Lease) acquired() string {
	var b strings.Builder
	frames := runtime.CallersFrames(l.stack)
	for {
		f, more := frames.Next()
		fmt.Fprintf(&b, "%s\n\t%s:%d\n", f.Function, f.File, f.Line)
		if !more {
			return b.String()
		}
	}
}
