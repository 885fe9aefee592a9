package toxi

import "github.com/wsheal/wsheal/chaos"

func init() {
	obeys(func(e chaos.WSCorrupt) (rule, chaos.Direction) {
		what := chaos.OpData
		if e.Changes() == chaos.PartUTF8 {
			what = chaos.OpText
		}
		return wsCorrupt{pick: picking(what, e.Nth, e.Percent), part: e.Changes()}, e.Way()
	})
}

// wsCorrupt changes one thing in each message that it claims.
type wsCorrupt struct {
	onFrames
	pick
	part chaos.Part
}

// garbled is what one lane's messages have come to.
type garbled struct {
	tally
	done    bool // the one at hand
	cutting bool // the rest of its extended length is in the head that is coming
}

func (r wsCorrupt) claims(o *order, l *lane, f run) bool {
	const compressed = 0x40 // rsv1: the payload is no text but what deflate made of it
	if r.part == chaos.PartUTF8 && f.head[0]&compressed != 0 {
		return false
	}
	m := memory[garbled](l, o)
	if !r.picks(o, l, f, &m.tally) {
		return false
	}
	m.done = false
	return true
}

func (r wsCorrupt) frame(o *order, l *lane, f run, w *weft) {
	m := memory[garbled](l, o)
	m.cutting = m.cutting && !f.payload && !f.first()
	switch {
	case m.cutting:
		w.pass(f.data[min(lengthLeft(f), len(f.data)):])
		return
	case m.done || o.off() || !r.change(f, w):
		w.pass(f.data)
		return
	}
	m.done, m.cutting = true, r.part == chaos.PartLength
	l.conn.counts(o, "corrupted", 1)
	l.note(o)
}

// change lets a run go on corrupted, when what is to be corrupted is in it.
func (r wsCorrupt) change(f run, w *weft) bool {
	if r.part == chaos.PartUTF8 || r.part == chaos.PartPayload {
		return f.payload && r.content(f, w)
	}
	at := 0 // in the head
	if r.part == chaos.PartMask || r.part == chaos.PartLength {
		at = 1
	}
	i := at - int(f.at)
	if f.payload || i < 0 || i >= len(f.data) {
		return false
	}
	b := f.data
	switch r.part {
	case chaos.PartMask:
		b[i] ^= 0x80
	case chaos.PartRSV:
		b[i] ^= 0x20
	case chaos.PartOpcode:
		b[i] = b[i]&0xf0 | 0x3
	case chaos.PartLength:
		b[i] |= 127
		w.pass(b[:i+1])
		w.pass([]byte{0x80, 0, 0, 0, 0, 0, 0, 0})
		b = b[i+1:]
		f.at += uint64(i + 1)
		f.data = b
		b = b[min(lengthLeft(f), len(b)):]
	}
	w.pass(b)
	return true
}

// content corrupts the first byte of the payload.
func (r wsCorrupt) content(f run, w *weft) bool {
	var key byte
	if f.masked() {
		key = f.key()[0]
	}
	if r.part == chaos.PartUTF8 {
		f.data[0] = 0xff ^ key
	} else {
		f.data[0] ^= 1
	}
	w.pass(f.data)
	return true
}

// lengthLeft is how many bytes of the frame's extended length are still to come as a run
// of the head begins.
func lengthLeft(f run) int {
	end := f.size
	if f.masked() {
		end -= 4
	}
	return max(0, end-int(f.at))
}
