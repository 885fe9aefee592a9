package wire

import "time"

// record is the most that one TLS record carries, bytes.
const record = 16 << 10

// Write hands b to the kernel, waiting for room. It fails with ErrStalled when no byte
// moved for stall; 0: it waits for ever. It returns how many bytes the kernel has for
// certain, and how many it may have (more only over TLS, where a record that was cut short
// tells nothing). An error is for good: a frame may have been cut short.
//
// A slow peer is not a dead one: as long as bytes move the deadline is renewed, however
// long the whole takes. On connections that are neither bare TCP sockets nor TLS over them
// a stall may take up to twice as long to be found.
func (c *Conn) Write(b []byte, stall time.Duration) (certain, touched int, err error) {
	if c.secure == nil {
		n, err := c.socket.write(b, stall)
		return n, n, err
	}
	c.socket.patience.Store(int64(stall))
	for len(b) > 0 {
		before := c.socket.written.Load()
		n := min(len(b), record)
		if _, err := c.secure.Write(b[:n]); err != nil {
			touched = certain
			if c.socket.written.Load() != before {
				touched += n
			}
			return certain, touched, err
		}
		certain += n
		b = b[n:]
	}
	return certain, certain, nil
}

// WriteNow hands over as much of b as the kernel takes without waiting, so that a sender
// can write on its own goroutine; 0 and no error where that cannot be had (TLS, tests).
// What it left has to follow by Write before anything else does.
func (c *Conn) WriteNow(b []byte) (n int, err error) {
	if c.secure != nil {
		return 0, nil
	}
	return c.socket.writeNow(b)
}
