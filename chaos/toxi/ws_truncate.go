package toxi

import "github.com/wsheal/wsheal/chaos"

func init() {
	obeys(func(e chaos.WSTruncate) (rule, chaos.Direction) {
		r := wsTruncate{header: e.Place() == chaos.InHeader, part: e.Percent}
		switch e.Ends() {
		case chaos.EndFIN:
			r.then = finishes
		case chaos.EndRST:
			r.then = resets
		}
		return r, e.Way()
	})
}

// wsTruncate breaks the first message of a lane off, and of each turn when it flaps.
type wsTruncate struct {
	onFrames
	header bool    // behind the first byte of the head
	part   float64 // of the payload, else
	then   deed    // nothing: what is behind waits until it is cleared or lifted
}

// torn is what one lane's message has come to.
type torn struct {
	cut, held bool
	turn      uint32 // of an order that flaps
}

func (wsTruncate) claims(o *order, l *lane, f run) bool {
	m := memory[torn](l, o)
	if turn := o.turns.Load(); m.turn != turn {
		*m = torn{turn: turn}
	}
	return !f.op().control() && !m.cut
}

// frame lets what is before the cut go on. What is behind it waits, or is dropped as the
// connection ends. A message without a payload cannot break off in it: the next one is taken.
func (r wsTruncate) frame(o *order, l *lane, f run, w *weft) {
	m := memory[torn](l, o)
	behind := f.data
	if n := r.before(f); !m.cut && n >= 0 && !o.off() {
		m.cut = true
		l.conn.counts(o, "truncated", 1)
		l.note(o)
		w.pass(f.data[:n])
		behind = f.data[n:]
		if r.then != nothing {
			w.items = append(w.items, item{do: r.then, by: o, came: w.came})
		}
	}
	switch {
	case !m.cut, m.held:
		w.pass(behind)
	case r.then == nothing && len(behind) > 0:
		m.held = true
		w.hold(behind, o)
	}
}

// before says how many bytes of a run are before the cut; -1 when it is not in the run.
func (r wsTruncate) before(f run) int {
	switch {
	case r.header && f.first():
		return 1
	case r.header || !f.payload:
		return -1
	}
	at := min(uint64(r.part*float64(f.length)), f.length-1)
	if at < f.at || at >= f.at+uint64(len(f.data)) {
		return -1
	}
	return int(at - f.at)
}
