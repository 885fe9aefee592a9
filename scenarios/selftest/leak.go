package selftest

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/scenarios/engine"
)

// leak is a fleet whose sockets stay open when it closes them, until the run is over.
type leak struct {
	*driver.Fleet

	mu     sync.Mutex // protects following
	leaked []net.Conn
}

func openLeak(o driver.Options) (engine.Healer, error) {
	l := new(leak)
	o.Through = around(o.Through, func(_ driver.Attempt, raw net.Conn) net.Conn { return &leakyConn{Conn: raw, to: l} })
	var err error
	l.Fleet, err = driver.Open(o)
	return l, err
}

// around puts wrap between a connection and the fleet, outside of what is there already.
func around(inner, wrap func(driver.Attempt, net.Conn) net.Conn) func(driver.Attempt, net.Conn) net.Conn {
	return func(a driver.Attempt, raw net.Conn) net.Conn {
		if inner != nil {
			raw = inner(a, raw)
		}
		return wrap(a, raw)
	}
}

// Close ends the fleet, and then what it has left behind.
func (l *leak) Close(ctx context.Context) error {
	err := l.Fleet.Close(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.leaked {
		_ = c.Close() // most of them are dead by now
	}
	l.leaked = nil
	return err
}

// leakyConn is closed to its user, and open to its peer.
type leakyConn struct {
	net.Conn
	to     *leak
	closed atomic.Bool
}

func (c *leakyConn) Close() error {
	if c.closed.Swap(true) {
		return net.ErrClosed
	}
	c.to.mu.Lock()
	c.to.leaked = append(c.to.leaked, c.Conn)
	c.to.mu.Unlock()
	return c.Conn.SetDeadline(time.Unix(1, 0)) // whoever reads or writes must return
}

// A deadline that is set after Close would let a reader wait for ever.
func (c *leakyConn) SetDeadline(t time.Time) error { return c.deadline(c.Conn.SetDeadline, t) }

func (c *leakyConn) SetReadDeadline(t time.Time) error { return c.deadline(c.Conn.SetReadDeadline, t) }

func (c *leakyConn) SetWriteDeadline(t time.Time) error {
	return c.deadline(c.Conn.SetWriteDeadline, t)
}

func (c *leakyConn) deadline(set func(time.Time) error, t time.Time) error {
	if c.closed.Load() {
		return net.ErrClosed
	}
	err := set(t)
	if c.closed.Load() { // Close came between
		_ = c.Conn.SetDeadline(time.Unix(1, 0))
	}
	return err
}

func (c *leakyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, c.told(err)
}

func (c *leakyConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, c.told(err)
}

// told is an error as a closed connection has it.
func (c *leakyConn) told(err error) error {
	if err != nil && c.closed.Load() {
		return net.ErrClosed
	}
	return err
}
