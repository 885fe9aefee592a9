package toxi

import (
	"time"

	"github.com/wsheal/wsheal/chaos"
)

func init() {
	obeys(func(e chaos.Lifetime) (rule, chaos.Direction) {
		return lifetime{e.After, e.Start() == chaos.SinceOpening, deedOf(e.Ends())}, chaos.Both
	})
}

// lifetime ends a connection when its time is up.
type lifetime struct {
	after       time.Duration
	fromOpening bool
	then        deed
}

// began is from when a connection's time counts.
type began struct {
	at   time.Time
	turn uint32 // of an order that flaps
}

func (r lifetime) wakes(o *order, l *lane, now time.Time) (time.Duration, deed) {
	if l.way != chaos.Down { // one lane watches over both
		return 0, nothing
	}
	m := memory[began](l, o)
	if turn := o.turns.Load(); m.at.IsZero() || m.turn != turn {
		*m = began{now, turn}
		if r.fromOpening || !l.conn.wasOpen(o) {
			m.at = l.conn.opened
		}
	}
	if left := r.after - now.Sub(m.at); left > 0 {
		return left, nothing
	}
	return 0, r.then
}
