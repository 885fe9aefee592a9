package client

import (
	"context"
	"net"

	"github.com/wsheal/wsheal/pool/wire"
)

// dialTCP is how every client but wsheal's reaches the server: a plain dial, as each has it
// by default.
func dialTCP(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	return leavingNothing(d.DialContext(ctx, network, addr))
}

// dialDirect is how wsheal's does, by default, too.
func dialDirect(ctx context.Context, network, addr string) (net.Conn, error) {
	return leavingNothing(wire.Direct(ctx, network, addr))
}

// leavingNothing has a connection's socket reset when it is closed last, so that a process
// that ends leaves no port in TIME-WAIT.
func leavingNothing(c net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	if err := c.(*net.TCPConn).SetLinger(0); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// slots bound how many dials are under way.
type slots chan struct{}

func newSlots(n int) slots {
	if n <= 0 {
		n = 64
	}
	return make(slots, n)
}

func (s slots) take(ctx context.Context) error {
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s slots) give() { <-s }
