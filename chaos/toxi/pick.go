package toxi

import "github.com/wsheal/wsheal/chaos"

// pick is which messages, or control frames, a rule acts on: of one kind, each nth or a
// part drawn from the seed.
type pick struct {
	what    chaos.Opcode
	nth     uint64
	percent float64
}

// picking fills in what is not said: all of them.
func picking(what chaos.Opcode, nth int64, percent float64) pick {
	if percent == 0 {
		percent = 1
	}
	return pick{what, uint64(max(nth, 1)), percent}
}

// tally counts what a rule was asked about on a lane.
type tally struct{ n uint64 }

// picks says whether the rule acts on what begins with a run. It counts, so it is asked
// once about each.
func (p pick) picks(o *order, l *lane, r run, t *tally) bool {
	if !p.means(r.op()) {
		return false
	}
	t.n++
	if p.percent < 1 {
		return o.uniform(l.conn.who.Load().client, l.way, t.n) < p.percent
	}
	return t.n%p.nth == 0
}

// means says whether an opcode is one of the pick's.
func (p pick) means(op opcode) bool {
	switch p.what {
	case chaos.OpText:
		return op == opText
	case chaos.OpBinary:
		return op == opBinary
	case chaos.OpPing:
		return op == opPing
	case chaos.OpPong:
		return op == opPong
	case chaos.OpClose:
		return op == opClose
	}
	return op == opText || op == opBinary
}
