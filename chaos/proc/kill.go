package proc

import (
	"context"
	"time"
)

const (
	// goneLimit bounds the wait for a process after SIGKILL.
	goneLimit = killWait
	// startLimit bounds the start of a server that was killed.
	startLimit = 15 * time.Second
)

func init() { conducts["kill"] = kill }

func kill(ctx context.Context, d *deed) error {
	s, err := d.server.Child().sockets(d.server.addr)
	if err != nil {
		return err
	}
	going, cancel := context.WithTimeout(context.Background(), goneLimit)
	defer cancel()
	if err := d.server.Kill(going); err != nil {
		return err
	}
	release := holdPort(d.server.addr)
	d.count("killed", 1)
	d.count("cut", int64(s.conns))
	d.arm()
	<-ctx.Done()
	release()
	return d.server.revive()
}

// revive starts the server again, bounded in time.
func (s *Server) revive() error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	return s.Start(ctx)
}
