package toxi

import (
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"

	"github.com/wsheal/wsheal/chaos"
)

// framer acts on frames. Every frame and every message belongs to at most one order, the
// first that claims it; that one is handed all of its bytes, also after it was cleared, so
// that what comes behind is not torn. Frames that nobody claims go on untouched.
type framer interface {
	// claims says whether a message, or a control frame, is the rule's to act on. It is
	// asked when the first byte has come, and is told what that says: op and fin.
	claims(o *order, l *lane, r run) bool
	// frame is handed what was claimed, run by run: of a message the data frames, without
	// the control frames that came in between. What goes on of it the rule puts into w.
	frame(o *order, l *lane, r run, w *weft)
}

// framewise is a rule that means nothing where there are no frames: it is asked nothing
// before the target's 101 has come whole, and its order targets nobody before that.
type framewise interface{ framewise() }

// onFrames makes a rule framewise.
type onFrames struct{}

func (onFrames) framewise() {}

// stage is what is known of a connection, and so whom and what orders can act on.
type stage uint8

const (
	nobody  stage = iota
	known         // its client
	bridged       // and the target has answered 101: what comes is frames
)

func (c *conn) stage() stage {
	switch {
	case c.who.Load() == nil: // the target may have answered what it was not asked
		return nobody
	case c.bridged.Load():
		return bridged
	}
	return known
}

// blind counts a connection on which there will be no frames to be seen with an order that
// needs them. It is called for each lane. l.mu is held.
func (l *lane) blind(o *order) {
	if l.way != chaos.Up || !l.conn.who.Load().opaque {
		return
	}
	if told := memory[bool](l, o); !*told {
		*told = true
		o.count("opaque", 1)
	}
}

// claimed is to whom belongs what is unfinished on a lane; nil: to nobody.
type claimed struct{ message, control *order }

// weft is what goes into a lane's queue in the place of one chunk.
type weft struct {
	came  time.Time
	items []item
}

// pass lets bytes go on: with those before them when they follow them in memory.
func (w *weft) pass(b []byte) {
	if len(b) == 0 {
		return
	}
	if n := len(w.items); n > 0 && w.items[n-1].chunk != nil {
		last := w.items[n-1].chunk
		if size := len(last.Data); cap(last.Data) > size && &last.Data[:size+1][size] == &b[0] {
			last.Data = last.Data[:size+len(b)]
			return
		}
	}
	w.items = append(w.items, item{chunk: &stream.StreamChunk{Data: b, Timestamp: w.came}, came: w.came})
}

// hold lets bytes, and all that is behind them, go on only when an order is cleared or lifted.
func (w *weft) hold(b []byte, until *order) {
	w.items = append(w.items, item{chunk: &stream.StreamChunk{Data: b, Timestamp: w.came}, until: until, turn: until.turns.Load(), came: w.came})
}

// readHead takes note of what a chunk brings of the HTTP head: with the end of the target's,
// frames begin. It returns how many of the chunk's bytes are of the head. l.mu is held.
func (l *lane) readHead(b []byte) int {
	if who := l.conn.who.Load(); who != nil && who.opaque {
		l.frames.phase = unframed
	}
	n, ends := l.frames.http(b)
	if !ends {
		return n
	}
	c := l.conn
	switch {
	case l.way == chaos.Up:
	case c.upgraded.Load():
		c.bridged.Store(true)
		c.up.poke()
	default:
		l.frames.phase = unframed
	}
	return n
}

// weave follows the frames of a chunk whose first n bytes are of the HTTP head, lets
// orders act on them, and hands what goes on to enter. l.mu is held.
func (l *lane) weave(c *stream.StreamChunk, n int) {
	framing := c.Data[n:]
	idle := len(l.plan.framers) == 0 && l.claimed == claimed{} && len(l.waiting) == 0
	if l.frames.phase != inFrames || idle {
		if l.frames.phase == inFrames {
			l.frames.follow(framing)
		}
		l.enter(item{chunk: c, came: c.Timestamp})
		return
	}
	w := weft{came: c.Timestamp}
	w.pass(c.Data[:n])
	for len(framing) > 0 {
		l.slipIn(&w)
		var r run
		r, framing = l.frames.next(framing)
		if by := l.claimant(r); by != nil {
			by.rule.(framer).frame(by, l, r, &w)
		} else {
			w.pass(r.data)
		}
		if r.last() {
			l.release(r)
		}
	}
	for _, it := range w.items {
		l.enter(it)
	}
}

// claimant returns the order to which a run belongs, nil for none. l.mu is held.
func (l *lane) claimant(r run) *order {
	mine := &l.claimed.message
	if r.op().control() {
		mine = &l.claimed.control
	}
	if !r.first() || r.op() == opContinuation {
		return *mine
	}
	l.unclaim(mine) // of a message that was not finished before another began
	for _, o := range l.plan.framers {
		if o.rule.(framer).claims(o, l, r) {
			*mine = o
			break
		}
	}
	return *mine
}

// release ends the claim on what has come whole. l.mu is held.
func (l *lane) release(r run) {
	if r.op().control() {
		l.unclaim(&l.claimed.control)
		return
	}
	l.unclaim(&l.claimed.message)
}
