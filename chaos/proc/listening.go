package proc

import (
	"context"
	"fmt"
	"net"
	"time"
)

const (
	dialPause = 20 * time.Millisecond // between two looks whether somebody listens
	dialLimit = time.Second
)

// WaitListening returns when something accepts TCP connections at addr (host:port), for
// programs that do not say when they are ready. It is an *ExitError, with the command
// and its last output, when the child ends first or ctx ends.
func (c *Child) WaitListening(ctx context.Context, addr string) error {
	began := time.Now()
	dialer := net.Dialer{Timeout: dialLimit}
	pause := time.NewTicker(dialPause)
	defer pause.Stop()
	for {
		conn, err := dialer.DialContext(ctx, "tcp", addr)
		if err == nil {
			conn.Close()
			// Something listens; when the child is dead it is somebody else.
			return c.Err()
		}
		select {
		case <-c.done:
			if c.err != nil {
				return c.err
			}
			return fmt.Errorf("%s: %w before anything listened on %s", c.spec.Name, ErrEnded, addr)
		case <-ctx.Done():
			return c.exit(fmt.Sprintf("does not listen on %s after %v", addr, time.Since(began).Round(time.Millisecond)))
		case <-pause.C:
		}
	}
}
