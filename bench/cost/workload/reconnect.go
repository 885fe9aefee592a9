package workload

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/bench/cost/server"
)

// finish is when the last of many events came.
type finish struct {
	left atomic.Int64
	at   time.Time // read it after done
	done chan struct{}
}

// reset expects n events.
func (f *finish) reset(n int) {
	f.done = make(chan struct{})
	f.left.Store(int64(n))
}

func (f *finish) event() {
	if f.left.Add(-1) == 0 {
		f.at = time.Now()
		close(f.done)
	}
}

// reconnect has the server reset every connection at once, and waits until all are back.
// The time counts from the command to the server.
func reconnect(ctx context.Context, r *run) (Result, error) {
	control, err := server.DialControl(r.Server.Control)
	if err != nil {
		return Result{}, err
	}
	defer control.Close()
	var opened, usable finish
	opened.reset(r.Conns)
	usable.reset(r.Conns)
	o := r.options()
	o.Reconnect = true
	o.Opened = func(int) { opened.event() }
	o.Usable = func(int) { usable.event() }
	if err := r.open(ctx, o); err != nil {
		return Result{}, err
	}
	<-opened.done
	<-usable.done // so that they are no connection's events any more
	opened.reset(r.Conns)
	usable.reset(r.Conns)

	began, err := r.read()
	if err != nil {
		return Result{}, err
	}
	stop, err := r.profileCPU()
	if err != nil {
		return Result{}, err
	}
	lost, err := control.Cut()
	if err == nil && lost != r.Conns {
		err = fmt.Errorf("the server cut %d of %d connections", lost, r.Conns)
	}
	if err == nil {
		err = r.await(ctx, &opened, &usable)
	}
	ended, clock := r.read()
	if err := errors.Join(err, clock, stop()); err != nil {
		return Result{}, err
	}
	if n, err := control.Count(); err != nil || n != r.Conns {
		return Result{}, errors.Join(err, fmt.Errorf("the server has %d connections, expected %d", n, r.Conns))
	}
	s := began.until(ended)
	result := s.result()
	result.add("ms-usable", usable.at.Sub(began.at).Seconds()*1e3)
	result.add("ms-open", opened.at.Sub(began.at).Seconds()*1e3)
	result.add("us-CPU/conn", s.cpu.Seconds()*1e6/float64(r.Conns))
	result.add("allocs/conn", s.allocs/float64(r.Conns))
	return result, nil
}

// await waits until all are back; a dial that failed is the end of waiting.
func (r *run) await(ctx context.Context, all ...*finish) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for _, f := range all {
		for waiting := true; waiting; {
			select {
			case <-f.done:
				waiting = false
			case <-ctx.Done():
				return fmt.Errorf("%d of %d connections are not back: %w", f.left.Load(), r.Conns, ctx.Err())
			case <-tick.C:
				if r.failure.Load() != nil {
					return errors.New("given up")
				}
			}
		}
	}
	return nil
}
