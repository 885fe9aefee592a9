package toxi

import (
	"slices"

	"github.com/wsheal/wsheal/chaos"
)

func init() {
	obeys(func(e chaos.WSFragment) (rule, chaos.Direction) {
		return wsFragment{frames: uint64(e.Frames), pings: e.Pings}, e.Way()
	})
}

// wsFragment makes many frames of each frame of a message. Their payload is the old one in
// its place, so that the mask of a piece is the old key, turned to where the piece begins.
//
//	│ head │ payload                │
//	│ head' │ pay │ head' │ loa │ head' │ d │
type wsFragment struct {
	onFrames
	frames uint64
	pings  bool
}

func (wsFragment) claims(_ *order, _ *lane, f run) bool { return !f.op().control() }

// frame keeps the head, which is repeated before each piece, from going on by itself.
func (r wsFragment) frame(o *order, l *lane, f run, w *weft) {
	if !f.payload {
		if f.whole() { // there is nothing to cut
			w.pass(slices.Clone(f.head[:f.size]))
		}
		return
	}
	if f.at == 0 && f.length > 1 {
		l.conn.counts(o, "fragmented", 1)
		l.note(o)
	}
	size := (f.length + r.frames - 1) / r.frames // of a piece, but for the last
	var out []byte
	made := int64(0)
	for data, at := f.data, f.at; len(data) > 0; {
		if at%size == 0 {
			if at > 0 && r.pings {
				out = append(out, ourFrame(opPing, l.way, []byte(floodWord)).Data...)
			}
			out = putHead(out, pieceOf(f, at, size), min(size, f.length-at), f.masked(), turned(f, at))
			made++
		}
		n := min(uint64(len(data)), size-at%size)
		out = append(out, data[:n]...)
		data, at = data[n:], at+n
	}
	l.conn.counts(o, "fragments", made)
	w.pass(out)
}

// pieceOf is the first byte of the piece of a frame that begins at a byte of its payload: the
// first has its opcode and reserved bits, the last its fin.
func pieceOf(f run, at, size uint64) byte {
	first := f.head[0] &^ 0x80
	if at > 0 {
		first = byte(opContinuation)
	}
	if at+size >= f.length {
		first |= f.head[0] & 0x80
	}
	return first
}

// turned is a frame's key as it masks what begins at a byte of the payload.
func turned(f run, at uint64) []byte {
	if !f.masked() {
		return nil
	}
	key := f.key()
	n := at % 4
	return []byte{key[n], key[(n+1)%4], key[(n+2)%4], key[(n+3)%4]}
}
