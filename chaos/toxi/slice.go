package toxi

import (
	"slices"

	"github.com/wsheal/wsheal/chaos"
)

func init() {
	obeys(func(e chaos.Slice) (rule, chaos.Direction) { return slice{int(e.Size)}, e.Way() })
}

// slice makes pieces of a chunk that is larger than one.
type slice struct{ size int }

func (r slice) shape(o *order, l *lane, data []byte) [][]byte {
	if len(data) <= r.size {
		return [][]byte{data}
	}
	pieces := slices.Collect(slices.Chunk(data, r.size))
	o.count("sliced", 1)
	o.count("pieces", int64(len(pieces)))
	l.note(o)
	return pieces
}
