package wire

import (
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

// role says who reads a connection.
type role uint64

const (
	resident role = iota // a goroutine of its own
	nobody               // its visitor has what he waited for and is expected back; else see Desk
	visitor              // whoever waits for what arrives, himself (Attend)
	roles
)

// visits are those of a connection whose reading is lent to who waits for what arrives: no
// other goroutine has to be woken for each message, which was a twentieth of the CPU time of
// an echo (bench/cost, echo).
//
//	          asked for often enough            Attend
//	resident ───────────────────────▶ nobody ───────────▶ visitor
//	  ▲  ▲                              │  ▲   a message     │
//	  │  └── he has not come back ──────┘  └─────────────────┤
//	  └── the end, part of a message, nothing for him, Recall ┘
type visits struct {
	state  atomic.Uint64 // roles*changes + role: a state never comes back
	asked  atomic.Int32  // how often somebody would have read, since the resident has
	enough atomic.Int32  // how often he must have asked before the resident lends
	desk   *Desk

	// Guarded by the desk's mutex.
	listed bool
	seen   uint64 // state at the last look
}

func (v *visits) role() role { return role(v.state.Load()) % roles }

// change makes another role of one; false: it was not that one.
func (v *visits) change(from, to role) bool {
	s := v.state.Load()
	return role(s)%roles == from && v.state.CompareAndSwap(s, s-uint64(from)+uint64(roles+to))
}

// mostAsked bounds how often somebody must have asked who does not come back, or whose
// messages he cannot read himself.
const mostAsked = 1 << 12

// Attend has the caller read for the connection until enough is true, on his own goroutine,
// and calls Serve's handle there. enough is asked when he begins, behind each message, and
// when Recall was called. true: it is worth looking whether there is enough; false: the
// connection's own goroutine reads, for now or since something came that is not for him.
// Wanting to is what makes that one let him, so that it costs who waits now and then nothing.
// Only what is read from a bare TCP socket can be read so. There is no way out but enough: who
// may have to leave for another reason makes it true, and calls Recall.
func (c *Conn) Attend(d *Desk, enough func() bool) bool {
	if !c.decoder.in.plain() {
		return false
	}
	v := c.visits.Load()
	if v == nil {
		v = &visits{desk: d}
		v.enough.Store(1)
		if !c.visits.CompareAndSwap(nil, v) {
			v = c.visits.Load()
		}
	}
	if !v.change(nobody, visitor) {
		v.asked.Add(1)
		return false
	}
	for !enough() {
		if !c.decoder.ready() {
			if c.decoder.in.park(); !c.decoder.ready() {
				continue
			}
		}
		if !c.decoder.whole() {
			v.decline()
			c.reside(visitor)
			return false
		}
		f, err := c.Read()
		switch {
		case err != nil || f.Op == ws.OpClose: // to end takes its time
			v.change(visitor, resident)
			v.desk.stir()
			go c.handle(f, err)
			return false
		case !c.handle(f, nil):
			v.change(visitor, resident)
			v.desk.stir()
			return false
		case f.Op.IsControl():
		case enough():
			v.change(visitor, nobody)
			v.desk.stir()
			return true
		default:
			v.decline()
			c.reside(visitor)
			return false
		}
	}
	c.reside(visitor)
	return true
}

// Attended tells whether somebody attends. He is who handles the frame then that is handled.
func (c *Conn) Attended() bool {
	v := c.visits.Load()
	return v != nil && v.role() == visitor
}

// Recall has who attends ask whether there is enough.
func (c *Conn) Recall() {
	if c.Attended() {
		_ = c.socket.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// Resume has the connection's own goroutine read again at once, if nobody does.
func (c *Conn) Resume() { c.reside(nobody) }

// reside has the connection's own goroutine read again, if from does now; false: another did.
func (c *Conn) reside(from role) bool {
	v := c.visits.Load()
	if v == nil || !v.change(from, resident) {
		return false
	}
	v.desk.stir()
	go c.again()
	return true
}

// again goes on with what a visitor has left.
func (c *Conn) again() {
	if c.drain() {
		c.wake()
	}
}

// asked is how often somebody would have read.
func (c *Conn) asked() int32 {
	if v := c.visits.Load(); v != nil {
		return v.asked.Load()
	}
	return 0
}

// lends tells whether the resident has lent the connection, and is to end. Everything was
// read that had arrived, a message among it. Who has asked since before, which is how often
// asked says, waits again where he cannot be told, and would wait for the Desk.
func (c *Conn) lends(asked int32) bool {
	v := c.visits.Load()
	if v == nil || asked < v.enough.Load() || v.asked.Load() != asked || c.decoder.op != 0 {
		return false
	}
	v.asked.Store(0)
	v.desk.lend(c, v)
	return true
}

// decline makes the resident slower to lend.
func (v *visits) decline() { v.enough.Store(min(2*v.enough.Load(), mostAsked)) }
