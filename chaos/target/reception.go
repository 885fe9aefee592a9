package target

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// longAgo as a deadline ends a read that is under way.
var longAgo = time.Unix(1, 0)

// visit is a connection that waits for its handshake.
type visit struct {
	conn    net.Conn
	settled chan struct{} // closed once the ticket's fate is final
}

// reception drives a capacity in real time: it reads the clock under its lock, so that
// times never decrease, keeps one timer, burns CPU where that is asked for, and wakes
// connections whose fate is settled.
type reception struct {
	epoch time.Time
	cost  time.Duration
	count *counters
	timer chan struct{} // a wish to look at the timer again
	burns sync.WaitGroup

	mu       sync.Mutex
	capacity *capacity[visit]
}

func newReception(h Handshake, count *counters) *reception {
	return &reception{
		epoch: time.Now(), cost: h.Cost, count: count,
		timer: make(chan struct{}, 1), capacity: newCapacity[visit](h),
	}
}

// run ends handshakes when they are due, until ctx ends. It returns when nothing burns
// any more.
func (r *reception) run(ctx context.Context) {
	defer r.burns.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-r.timer:
		}
		var next time.Duration
		var ok bool
		r.step(ctx, func(now time.Duration) {
			r.capacity.advance(now)
			next, ok = r.capacity.next()
			next -= now
		})
		if ok {
			timer.Reset(next)
		}
	}
}

// step changes the capacity and does what follows from it.
func (r *reception) step(ctx context.Context, change func(now time.Duration)) {
	r.mu.Lock()
	_, busy := r.capacity.next()
	change(time.Since(r.epoch))
	settled, started := r.capacity.take()
	_, busier := r.capacity.next()
	r.count.follow(r.capacity.queue.n, r.capacity.tally)
	r.mu.Unlock()

	// Work that begins while other work is due ends after it: the timer stands.
	if busier && !busy {
		select {
		case r.timer <- struct{}{}:
		default:
		}
	}
	for _, t := range started {
		r.burns.Go(func() { r.burn(ctx, t) })
	}
	for _, t := range settled {
		// The connection is reading, to learn whether its client leaves. The deadline
		// comes first: after the channel the connection is its goroutine's alone.
		_ = t.value.conn.SetReadDeadline(longAgo)
		close(t.value.settled)
	}
}

func (r *reception) burn(ctx context.Context, t *ticket[visit]) {
	burnCPU(ctx, r.cost)
	if ctx.Err() != nil {
		return // broken off: the cost is not spent, and nobody is admitted for it
	}
	r.step(ctx, func(now time.Duration) { r.capacity.finish(now, t) })
}

// admit takes a connection whose upgrade request is read through its handshake, and
// returns the ticket with its fate: admitted, refused, or another when the client has
// left. What the client sends meanwhile is kept in in.
func (r *reception) admit(ctx context.Context, conn net.Conn, in *inbox) (*ticket[visit], fate) {
	t := &ticket[visit]{value: visit{conn: conn, settled: make(chan struct{})}}
	r.step(ctx, func(now time.Duration) { r.capacity.arrive(now, t) })
	for {
		select {
		case <-t.value.settled:
			// Nobody touches the read deadline any more.
			_ = conn.SetReadDeadline(time.Time{})
			return t, t.fate
		default:
		}
		if in.full() {
			// A client that talks so much before it may is heard later; whether it
			// leaves is not seen until then.
			select {
			case <-t.value.settled:
				continue
			case <-ctx.Done():
				r.leave(ctx, t)
				return t, left
			}
		}
		if err := in.read(conn); errors.Is(err, os.ErrDeadlineExceeded) {
			<-t.value.settled
		} else if err != nil {
			r.leave(ctx, t)
			return t, left
		}
	}
}

// leave says that the client of a ticket has gone.
func (r *reception) leave(ctx context.Context, t *ticket[visit]) {
	r.step(ctx, func(now time.Duration) { r.capacity.leave(now, t) })
}
