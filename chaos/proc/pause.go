package proc

import (
	"context"
	"fmt"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

const (
	stopLimit = 5 * time.Second        // for a process to be stopped once it was told so
	lookEvery = 200 * time.Millisecond // between two looks at what lies unread
)

func init() {
	conducts["pause"] = func(ctx context.Context, d *deed) error {
		p := d.fault.Effect.(chaos.Pause)
		return d.halting(ctx, p.Stop, p.Every)
	}
}

// halting stops the process for a time, again and again; stop 0: once, until ctx ends.
func (d *deed) halting(ctx context.Context, stop, every time.Duration) error {
	for next := time.Now(); ; {
		if err := d.halt(ctx, stop); err != nil || stop == 0 {
			return err
		}
		next = next.Add(every)
		if !wait(ctx, time.Until(next)) {
			return nil
		}
	}
}

// halt stops the process, once, and lets it go on. The stop that ctx is in the middle of
// is not made up for.
func (d *deed) halt(ctx context.Context, stop time.Duration) error {
	c := d.server.Child()
	defer c.resume() // whatever happens
	if err := c.suspend(); err != nil {
		return err
	}
	d.count("stops", 1)
	d.arm()
	if stop > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, stop)
		defer cancel()
	}
	// Clients that give up take with them what lies unread: so it is looked at in between.
	var most int64
	for {
		more := wait(ctx, lookEvery)
		s, err := c.sockets(d.server.addr)
		if err != nil {
			return err
		}
		if most = max(most, s.unread); !more {
			d.held(most)
			return nil
		}
	}
}

// suspend stops the process group and returns when the kernel shows the process as stopped.
func (c *Child) suspend() error {
	c.signal(sigStop)
	for end := time.Now().Add(stopLimit); ; time.Sleep(time.Millisecond) {
		c.mu.Lock()
		stopped, err := false, ErrEnded
		if !c.reaped {
			stopped, err = isStopped(c.Pid())
		}
		c.mu.Unlock()
		switch {
		case err != nil:
			return fmt.Errorf("stop %s: %w", c.spec.Name, err)
		case stopped:
			return nil
		case time.Now().After(end):
			return fmt.Errorf("stop %s: process %d still runs %v after SIGSTOP", c.spec.Name, c.Pid(), stopLimit)
		}
	}
}

func (c *Child) resume() { c.signal(sigCont) }
