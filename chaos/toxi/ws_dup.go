package toxi

import "github.com/wsheal/wsheal/chaos"

// dupLimit is the bytes of the largest message that is sent twice: it is copied on its way.
const dupLimit = 1 << 20

func init() {
	obeys(func(e chaos.WSDup) (rule, chaos.Direction) {
		return wsDup{pick: picking(e.What(), e.Nth, e.Percent)}, e.Way()
	})
}

// wsDup lets a message go on as it comes, and a copy of it behind its end.
type wsDup struct {
	onFrames
	pick
}

// copied is the message at hand of one lane.
type copied struct {
	tally
	frames []byte // without the control frames in between
	large  bool   // more than is copied
}

func (r wsDup) claims(o *order, l *lane, f run) bool {
	m := memory[copied](l, o)
	if !r.picks(o, l, f, &m.tally) {
		return false
	}
	m.frames, m.large = nil, false
	return true
}

func (r wsDup) frame(o *order, l *lane, f run, w *weft) {
	w.pass(f.data)
	m := memory[copied](l, o)
	if m.large = m.large || len(m.frames)+len(f.data) > dupLimit; m.large {
		m.frames = nil
		return
	}
	m.frames = append(m.frames, f.data...)
	if !f.last() {
		return
	}
	if !o.off() {
		w.pass(m.frames)
		l.conn.counts(o, "duplicated", 1)
		l.note(o)
	}
	m.frames = nil
}
