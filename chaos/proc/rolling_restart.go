package proc

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

const (
	drainLimit = 5 * time.Second       // for a server to send its close frames
	leaveEvery = 10 * time.Millisecond // between two looks whether the clients have left
)

func init() { conducts["rolling_restart"] = roll }

// rolls says why servers cannot be restarted as a fault says, nil when they can.
func rolls(r chaos.RollingRestart, within time.Duration, servers []*Server) error {
	if n := time.Duration(len(servers) - 1); within > 0 && n*r.Stagger >= within {
		return fmt.Errorf("for %v is too short: expected more than the %v in which %d targets are restarted %v apart",
			within, n*r.Stagger, len(servers), r.Stagger)
	}
	for _, s := range servers {
		if _, drained := code(r); drained && s.drain == nil {
			return fmt.Errorf("drain %s: %s sends no close frame when it is told to, expected none or term", r.How(), s.name)
		}
	}
	return nil
}

// code is that of the close frames with which servers drain, if they do.
func code(r chaos.RollingRestart) (uint16, bool) {
	n, err := strconv.ParseUint(r.How(), 10, 16)
	return uint16(n), err == nil
}

// roll restarts the servers, one after the other. What is down when ctx ends comes up all
// the same, and what is up then stays.
func roll(ctx context.Context, d *deed) error {
	r := d.fault.Effect.(chaos.RollingRestart)
	next := time.Now()
	for n, s := range d.servers {
		if n > 0 && !wait(ctx, time.Until(next)) {
			return nil // the round was not completed, and is not counted
		}
		next = time.Now().Add(r.Stagger)
		if err := d.restart(ctx, s, r); err != nil {
			return err
		}
	}
	d.count("rounds", 1)
	return nil
}

func (d *deed) restart(ctx context.Context, s *Server, r chaos.RollingRestart) error {
	at, err := s.Child().sockets(s.addr)
	if err != nil {
		return err
	}
	// A restart that has begun is ended in its own time.
	going, cancel := context.WithTimeout(context.Background(), r.Grace+goneLimit)
	defer cancel()
	if code, ok := code(r); ok {
		if err := d.part(ctx, s, code, r.Grace); err != nil {
			return err
		}
	}
	if r.How() == chaos.DrainTerm {
		err = s.Quit(going, r.Grace)
	} else {
		err = s.Kill(going)
	}
	if err != nil {
		return err
	}
	d.count("cut", int64(at.conns))
	d.arm()
	if err := s.revive(); err != nil {
		return err
	}
	d.count("restarts", 1)
	return nil
}

// part has a server send its clients away, and waits for them to leave: until the end of
// the grace, or of ctx.
func (d *deed) part(ctx context.Context, s *Server, code uint16, grace time.Duration) error {
	telling, cancel := context.WithTimeout(ctx, drainLimit)
	defer cancel()
	n, err := s.drain(telling, code)
	if err != nil {
		return fmt.Errorf("drain %s: %w", s.name, err)
	}
	d.count("drained", int64(n))
	d.arm()
	ctx, cancel = context.WithTimeout(ctx, grace)
	defer cancel()
	for {
		at, err := s.Child().sockets(s.addr)
		if err != nil || at.conns == 0 || !wait(ctx, leaveEvery) {
			return err
		}
	}
}
