package toxi

import (
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"

	"github.com/wsheal/wsheal/chaos"
)

func init() {
	obeys(func(e chaos.WSOversize) (rule, chaos.Direction) { return wsOversize{size: uint64(e.Bytes)}, e.Way() })
}

// zeros are the payload of all oversized messages.
var zeros [largeBuffer]byte

// wsOversize puts one large message into each lane, and into each in each turn when it flaps.
type wsOversize struct {
	onFrames
	size uint64
}

func (r wsOversize) wakes(o *order, l *lane, _ time.Time) (time.Duration, deed) {
	if turn, done := o.turns.Load()+1, memory[uint32](l, o); *done != turn {
		*done = turn
		l.insert(insertion{by: o, data: true, items: r.message(o, l.way)})
	}
	return 0, nothing
}

// message is the message in chunks. It counts as sent when its head has gone out: a receiver
// may turn it down by that alone.
func (r wsOversize) message(o *order, way chaos.Direction) []item {
	items := []item{{chunk: &stream.StreamChunk{Data: ourHead(opBinary, way, r.size)}, by: o, counts: "oversized"}}
	for left := r.size; left > 0; {
		n := min(left, uint64(len(zeros)))
		items = append(items, item{chunk: &stream.StreamChunk{Data: zeros[:n:n]}})
		left -= n
	}
	return items
}
