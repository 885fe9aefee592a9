package toxi

import (
	"time"
)

// insertion is frames of ours that a rule wants in a lane.
type insertion struct {
	items []item
	data  bool // they are of a message, so that no other may be unfinished; else control frames
}

// insert puts frames of ours into the lane at the next edge at which they may stand: at
// once, when one is there. It may be called from a waker. l.mu is held.
func (l *lane) insert(in insertion) { l.waiting = append(l.waiting, in) }

// slip puts what waits into the queue when the last byte that came left an edge. l.mu is held.
func (l *lane) slip() {
	if len(l.waiting) == 0 {
		return
	}
	if l.ended {
		l.waiting = nil
		return
	}
	w := weft{came: time.Now()}
	l.slipIn(&w)
	for _, it := range w.items {
		l.enter(it)
	}
}

// slipIn puts into w what waits and may stand where the lane's frames are. l.mu is held.
func (l *lane) slipIn(w *weft) {
	if len(l.waiting) == 0 || !l.frames.edge() {
		return
	}
	var rest []insertion
	for _, in := range l.waiting {
		if in.data && !l.frames.between() {
			rest = append(rest, in)
			continue
		}
		for _, it := range in.items {
			it.came = w.came
			w.items = append(w.items, it)
		}
	}
	l.waiting = rest
}
