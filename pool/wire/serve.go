package wire

import "time"

const (
	// quiet is the silence behind which a connection counts as one that mostly waits.
	quiet = time.Second
	// settling is how many times a new connection counts as such whatever it does: what
	// happens while it is opened is no sign of what it will be used for.
	settling = 4
)

// Serve reads on goroutines of the connection's own, one at a time, and calls handle with
// each frame until handle returns false or was given an error, which is its last call.
//
// A goroutine that has handled a frame has grown its stack, and no stack shrinks below
// 4 KiB as long as it waits. So a connection that mostly waits hands over to a fresh
// goroutine before it waits again: 2 KiB of stack instead of 4 or 8 for as long as it is
// idle. A busy one keeps its goroutine, and pays nothing.
func (c *Conn) Serve(handle func(Frame, error) (more bool)) {
	c.handle = handle
	if c.decoder.in.empty() {
		go c.wake()
		return
	}
	go func() {
		if c.drain() { // something may have come with the 101
			go c.wake()
		}
	}()
}

// wake waits, and then reads what there is. Below it lies no frame but the goroutine's first.
func (c *Conn) wake() {
	for {
		last := c.socket.inbound.Load()
		c.decoder.in.park()
		deepen(0)
		asked := c.asked()
		c.brought = false
		if !c.drain() || c.brought && c.lends(asked) {
			return
		}
		if c.rests(last) {
			go c.wake()
			return
		}
	}
}

// deepen grows a stack to what a frame or an end needs, while there is next to nothing on it to
// copy. It is grown anyway, from ten calls further down, which took another 2 % of the CPU time
// of coming back after a reset of all (bench/cost, reconnect). One that is large enough stays.
//
//go:noinline
func deepen(i int) byte {
	if i == 0 {
		return 0
	}
	var room [2 << 10]byte
	return room[i]
}

// rests tells whether the connection mostly waits; last is when something had arrived
// before it woke up.
func (c *Conn) rests(last int64) bool {
	if c.wakes < settling {
		c.wakes++
		return true
	}
	return c.socket.inbound.Load()-last > int64(quiet)
}

// drain handles what there is; false: no more is wanted, or can come.
func (c *Conn) drain() bool {
	for c.decoder.ready() {
		f, err := c.Read()
		c.brought = c.brought || !f.Op.IsControl()
		if !c.handle(f, err) || err != nil {
			return false
		}
	}
	return true
}
