package toxi

import "github.com/wsheal/wsheal/chaos"

func init() {
	obeys(func(e chaos.WSDrop) (rule, chaos.Direction) {
		return wsDrop{pick: picking(e.What(), e.Nth, e.Percent)}, e.Way()
	})
}

// wsDrop swallows what it claims.
type wsDrop struct {
	onFrames
	pick
}

func (r wsDrop) claims(o *order, l *lane, f run) bool {
	if !r.picks(o, l, f, memory[tally](l, o)) {
		return false
	}
	l.conn.counts(o, "dropped", 1)
	l.note(o)
	return true
}

func (wsDrop) frame(*order, *lane, run, *weft) {}
