package pool

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/wsheal/wsheal/pool/driver"
)

// Lease is one connection for one user alone: no other message goes over it, and what
// arrives on it is the lease's. It ends with the connection, also where that is replaced as
// planned (Policy.Lifetime, Renew, rebalancing), with Release or with the pool; nothing of it
// is moved to another connection. Its methods may be called from many goroutines at once.
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
	over   error // set with mu held, too

	mu      sync.Mutex // taken with the pool's held, and not the other way round
	flights flights    // sent over it, as long as it holds, and not done with
	written uint64     // of them, so far
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

func (p *Pool) lease(s *slot) *Lease {
	l := &Lease{
		pool: p, slot: s, gen: s.live, since: p.now(), stack: make([]uintptr, 32), done: make(chan struct{}),
		inbox: newInbox(p.config.InboxFrames, p.config.InboxBytes, Backlog),
	}
	l.stack = l.stack[:runtime.Callers(4, l.stack)]
	s.lease, s.reserved = l, false
	p.undivided.Store(nil)
	p.refit(s)
	for sub := range s.subs {
		sub.castOff()
	}
	p.leases[l] = struct{}{}
	if len(s.strays) == 0 { // else it has to be asked whose each message is
		p.fleet.Accept(s.client, l.accept)
		if line, ok := p.fleet.Reading(s.client, l.gen); ok {
			l.inbox.line = &line
		}
	}
	if warn := p.config.LeaseWarn; warn >= 0 {
		p.due(&p.leak, l.since.Add(warn))
	}
	return l
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
	f := newFlight(p, m)
	f.bound, f.lease = true, l
	receipt := f.receipt // it may have been written, and recycled, before SendWait returns
	err := l.carry(f)
	if err == nil {
		err = p.fleet.SendWait(ctx, l.slot.client, driver.Message{Payload: m.Payload, Text: m.Text, Ref: f, Gen: l.gen})
		if err == nil {
			return receipt, nil
		}
		p.mu.Lock()
		l.surrender(f)
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

// carry takes a flight up, unless the lease is over. A lease has its own lock for its flights:
// that of the pool, twice per message, was 4 % of the CPU time of an echo over each of 100
// leases (bench/cost, echo).
func (l *Lease) carry(f *flight) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over != nil {
		return l.over
	}
	l.flights.add(f)
	f.rented = true
	return nil
}

// sent settles the flights of one lease that a write has carried, and returns what is
// others'.
func sent(carried []driver.Carried) (rest []driver.Carried) {
	f, ok := carried[0].Ref.(*flight)
	if !ok || f.lease == nil {
		return carried
	}
	l := f.lease
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range carried {
		f, ok := carried[i].Ref.(*flight)
		if !ok || f.lease != l || !f.rented {
			return carried[i:]
		}
		l.flights.remove(f)
		f.receipt.settle(Written, nil)
		f.recycle()
		l.written++
	}
	return nil
}

// surrender makes a flight one of the slot's, as those of others are, if it is the lease's. The
// pool's mutex must be held.
func (l *Lease) surrender(f *flight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.rented {
		l.pass(f)
	}
}

// pass makes one of the lease's flights one of the slot's. Both mutexes must be held.
func (l *Lease) pass(f *flight) {
	l.flights.remove(f)
	f.rented = false
	l.pool.attach(f, l.slot)
}

// accept takes a message that arrived, unless it is another's, or there is no room.
func (l *Lease) accept(_ int, gen uint32, payload []byte, text bool) bool {
	return gen == l.gen && l.inbox.accept(Message{Payload: payload, Text: text})
}

// Receive returns the next message that arrived on the connection. When the lease is over,
// what arrived before can still be received, unless it was given back.
//
// Who comes with a context that never ends, as context.Background, and waits often, reads the
// connection himself where it is a bare TCP socket, which takes less CPU time; while he is away
// for more than 20 ms another goroutine does.
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
	l.mu.Lock()
	l.over = why
	p.count.written += l.written
	p.count.outcomes[Written] += l.written
	for f := range l.flights.all {
		l.pass(f)
	}
	l.mu.Unlock()
	delete(p.leases, l)
	s.lease = nil
	p.fleet.Accept(s.client, nil)
	if l.inbox.line != nil {
		l.inbox.line.Resume()
	}
	close(l.done)
	p.change.all()
	if discard {
		p.retire(s)
	}
	p.refit(s)
}
