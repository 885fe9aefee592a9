package memnet

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// Conn is one end of a connection. Beyond net.Conn it can half-close, reset and hold
// its bytes back.
type Conn struct {
	in, out       *half
	local, remote addr
}

// Read reads what the peer wrote, in order; it ends with io.EOF after the peer's
// Close and with ECONNRESET after its Reset.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.wrap("read", err)
}

// Write blocks while the direction's buffer is full. It fails with EPIPE when the
// peer has closed and with ECONNRESET when the peer has reset.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.wrap("write", err)
}

// Close sends a FIN after what was written and fails all calls on this end with
// net.ErrClosed. It never blocks.
func (c *Conn) Close() error {
	c.out.finish(io.EOF)
	c.shut()
	return nil
}

// CloseWrite sends a FIN; reading goes on.
func (c *Conn) CloseWrite() error {
	c.out.finish(io.EOF)
	return nil
}

// Reset closes this end as SetLinger(0) and Close do: the peer reads what had arrived
// before, then ECONNRESET, and its writes fail likewise.
func (c *Conn) Reset() {
	c.out.reset()
	c.in.set(func() { c.in.farewell = os.NewSyscallError("write", syscall.ECONNRESET) })
	c.shut()
}

// Hold keeps the bytes, the FIN and the RST of this end from arriving until it is
// called with false: the half-open connection, one direction of it. Writes go on
// until the buffer is full.
func (c *Conn) Hold(held bool) {
	c.out.set(func() { c.out.held.Store(held) })
	c.in.set(func() {}) // the peer may be writing to an end that has closed meanwhile
}

func (c *Conn) shut() {
	c.out.set(func() { c.out.writer.closed = true })
	c.in.set(func() { c.in.reader.closed = true })
}

// LocalAddr and RemoteAddr are the listener's address and an invented one.
func (c *Conn) LocalAddr() net.Addr  { return c.local }
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines; they also end calls that are under way.
func (c *Conn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline makes reads fail with os.ErrDeadlineExceeded at t; zero: never.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.set(func() { c.in.reader.deadline = t })
	return nil
}

// SetWriteDeadline makes writes fail with os.ErrDeadlineExceeded at t; zero: never.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.set(func() { c.out.writer.deadline = t })
	return nil
}

// wrap gives an error the shape that the net package gives it; io.EOF stays bare.
func (c *Conn) wrap(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}
