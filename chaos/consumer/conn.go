package consumer

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// beat is the part of a second's bytes that is read at once, so that a rate is even.
const beat = 50 * time.Millisecond

// slack is how far what is handed over may be ahead of its rate: less is no wait.
const slack = time.Millisecond

// conn is a client's connection that can be made slow. One goroutine reads.
type conn struct {
	net.Conn
	injector *Injector
	client   uint64
	target   string
	born     int
	under    atomic.Pointer[deed] // in force; nil: none is
	closing  sync.Once
	closed   chan struct{}

	kept []byte    // read, and not paid for yet; of the reader alone
	free time.Time // when it is

	mu       sync.Mutex
	read     int64         // bytes that came out of the socket
	noted    int64         // of the stream's bytes those that came before the fault, or have been counted
	deadline time.Time     // for reading; zero: none
	moved    chan struct{} // closed when the deadline is another
}

// Read implements net.Conn. What is read under a fault is handed over when the rate has
// caught up with it, and until then nothing else is read.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return c.Conn.Read(p)
	}
	if len(c.kept) == 0 {
		n, err := c.take(p)
		if n == 0 || err != nil {
			return n, err
		}
		d := c.under.Load() // it may have come while nothing did
		if d == nil {
			return n, nil
		}
		c.kept = append(c.kept[:0], p[:n]...)
		if now := time.Now(); now.After(c.free) {
			c.free = now
		}
		if d.rate > 0 {
			c.free = c.free.Add(time.Duration(float64(n) / float64(d.rate) * float64(time.Second)))
		}
	}
	if err := c.pay(); err != nil {
		return 0, err
	}
	c.mu.Lock()
	c.noted = max(c.noted, c.read) // what was not counted did not have to wait
	c.mu.Unlock()
	n := copy(p, c.kept)
	c.kept = c.kept[n:]
	return n, nil
}

// take reads from the socket, no more than the rate has for one beat.
func (c *conn) take(p []byte) (int, error) {
	if d := c.under.Load(); d != nil {
		p = p[:min(int64(len(p)), max(1, d.rate*int64(beat)/int64(time.Second)))]
	}
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.under.Load() == nil {
		c.noted = c.read + int64(n)
	}
	c.read += int64(n)
	return n, err
}

// pay waits until what is kept may be handed over.
func (c *conn) pay() error {
	for {
		d := c.under.Load()
		if d == nil || d.rate > 0 && time.Until(c.free) < slack {
			return nil
		}
		if err := c.rest(d); err != nil {
			return err
		}
		c.note(d)
	}
}

// rest waits until what is kept is paid for, the fault is over or the deadline is another.
func (c *conn) rest(d *deed) error {
	c.mu.Lock()
	deadline, moved := c.deadline, c.moved
	c.mu.Unlock()
	var paid, late <-chan time.Time
	if d.rate > 0 {
		t := time.NewTimer(time.Until(c.free))
		defer t.Stop()
		paid = t.C
	}
	if !deadline.IsZero() {
		t := time.NewTimer(time.Until(deadline))
		defer t.Stop()
		late = t.C
	}
	select {
	case <-paid:
	case <-d.done:
		// Clear lets go of the connection at once, but not before this is told.
		c.under.CompareAndSwap(d, nil)
	case <-moved:
	case <-late:
		return os.ErrDeadlineExceeded
	case <-c.closed:
		return net.ErrClosed
	}
	return nil
}

// note counts what lies unread, or is kept, and was not counted before.
func (c *conn) note(d *deed) {
	waiting := int64(unread(c.Conn))
	c.mu.Lock()
	upTo := c.read + waiting
	fresh := upTo - c.noted
	c.noted = max(c.noted, upTo)
	c.mu.Unlock()
	if fresh > 0 {
		d.held(c.client, fresh)
	}
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.closing.Do(func() {
		if d := c.under.Load(); d != nil {
			c.note(d)
		}
		close(c.closed)
		c.injector.forget(c)
	})
	return c.Conn.Close()
}

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	c.until(t)
	return c.Conn.SetDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.until(t)
	return c.Conn.SetReadDeadline(t)
}

func (c *conn) until(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	close(c.moved)
	c.moved = make(chan struct{})
}
