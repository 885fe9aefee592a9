package toxi

import (
	"encoding/binary"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"

	"github.com/wsheal/wsheal/chaos"
)

// insertion is frames of ours that a rule wants in a lane.
type insertion struct {
	by    *order // unless it acts once, nothing goes in when it is over or lifted by then
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
		if !in.by.once && in.by.off() {
			continue
		}
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

// ourFrame is a whole frame of ours for one way.
func ourFrame(op opcode, way chaos.Direction, payload []byte) *stream.StreamChunk {
	b := append(ourHead(op, way, uint64(len(payload))), payload...)
	return &stream.StreamChunk{Data: b, Timestamp: time.Now()}
}

// ourHead is the head of an unfragmented frame of ours. A client's has a mask, of zeros,
// which leaves the payload as it is.
func ourHead(op opcode, way chaos.Direction, length uint64) []byte {
	return putHead(nil, 0x80|byte(op), length, way == chaos.Up, make([]byte, 4))
}

// putHead appends the head of a frame, in the shortest form of its length.
func putHead(b []byte, first byte, length uint64, masked bool, key []byte) []byte {
	var mask byte
	if masked {
		mask = 0x80
	}
	switch {
	case length < 126:
		b = append(b, first, mask|byte(length))
	case length <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, first, mask|126), uint16(length))
	default:
		b = binary.BigEndian.AppendUint64(append(b, first, mask|127), length)
	}
	if masked {
		b = append(b, key...)
	}
	return b
}
