package toxi

import (
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

func init() {
	obeys(func(e chaos.IdleDrop) (rule, chaos.Direction) {
		r := idleDrop{idle: e.Idle, pings: e.CountPings, then: deedOf(e.Ends())}
		if e.Told() == chaos.NextPacket {
			r.then, r.answer = forgets, r.then
		}
		return r, chaos.Both
	})
}

// idleDrop ends a connection on which nothing crosses.
type idleDrop struct {
	idle   time.Duration
	pings  bool // they count
	then   deed
	answer deed // to a packet that comes then
}

// quietness is since when nothing has crossed on a connection, ns after it was opened; 0: it
// has not been watched yet.
type quietness struct {
	since atomic.Int64
	turn  atomic.Uint32 // of an order that flaps
}

// crosses notes that something does.
func (idleDrop) crosses(o *order, l *lane) {
	recall[quietness](l.conn, o).since.Store(int64(time.Since(l.conn.opened)))
}

func (r idleDrop) breaks(o *order, l *lane, _ []byte) deed {
	if r.pings || l.frames.phase != inFrames {
		r.crosses(o, l)
	}
	return nothing
}

// claims claims nothing: it hears of every message as it begins.
func (r idleDrop) claims(o *order, l *lane, f run) bool {
	if !r.pings && !f.op().control() {
		r.crosses(o, l)
	}
	return false
}

func (idleDrop) frame(*order, *lane, run, *weft) {}

func (r idleDrop) wakes(o *order, l *lane, now time.Time) (time.Duration, deed) {
	if l.way != chaos.Down { // one lane watches over both
		return 0, nothing
	}
	q, at := recall[quietness](l.conn, o), now.Sub(l.conn.opened)
	if turn := o.turns.Load(); q.turn.Swap(turn) != turn {
		q.since.Store(int64(at)) // who crossed meanwhile was not seen
	}
	q.since.CompareAndSwap(0, int64(at))
	if left := r.idle - (at - time.Duration(q.since.Load())); left > 0 {
		return left, nothing
	}
	return 0, r.then
}

func (r idleDrop) answers(*order, *lane) deed { return r.answer }
