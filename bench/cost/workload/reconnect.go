package workload

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/bench/cost/client"
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

// Waves is how often reconnect has everybody lost: so often that it does not matter where in
// its cycle a client's garbage collector is when the first begins.
const Waves = 5

// reconnect has the server reset every connection at once, and waits until all are back, Waves
// times. The time of each counts from the command to the server; what lies between them, until
// all have healed, does not.
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

	stop, err := r.profileCPU()
	if err != nil {
		return Result{}, err
	}
	var all span
	var toOpen, toUsable time.Duration
	for range Waves {
		opened.reset(r.Conns)
		usable.reset(r.Conns)
		s, began, err := r.wave(ctx, control, &opened, &usable)
		if err != nil {
			return Result{}, errors.Join(err, stop())
		}
		all = all.and(s)
		toOpen += opened.at.Sub(began)
		toUsable += usable.at.Sub(began)
	}
	if err := stop(); err != nil {
		return Result{}, err
	}
	result := all.result()
	result.add("ms-usable", toUsable.Seconds()*1e3/Waves)
	result.add("ms-open", toOpen.Seconds()*1e3/Waves)
	result.add("us-CPU/conn", all.cpu.Seconds()*1e6/float64(Waves*r.Conns))
	result.add("allocs/conn", all.allocs/float64(Waves*r.Conns))
	return result, nil
}

// wave is one loss of all, from which all have healed when it returns.
func (r *run) wave(ctx context.Context, control *server.Control, all ...*finish) (s span, at time.Time, err error) {
	began, err := r.read()
	if err != nil {
		return s, at, err
	}
	lost, err := control.Cut()
	if err == nil && lost != r.Conns {
		err = fmt.Errorf("the server cut %d of %d connections", lost, r.Conns)
	}
	if err == nil {
		err = r.await(ctx, all...)
	}
	ended, clock := r.read()
	if err := errors.Join(err, clock); err != nil {
		return s, at, err
	}
	if n, err := control.Count(); err != nil || n != r.Conns {
		return s, at, errors.Join(err, fmt.Errorf("the server has %d connections, expected %d", n, r.Conns))
	}
	if h, ok := r.conns.(client.Healer); ok {
		err = h.Healed(ctx)
	}
	return began.until(ended), began.at, err
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
