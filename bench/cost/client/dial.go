package client

import (
	"context"
	"net"
)

// dialTCP is how every client reaches the server: a plain dial whose socket is reset
// when it is closed last, so that a process that ends leaves no port in TIME-WAIT.
func dialTCP(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, addr)
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
