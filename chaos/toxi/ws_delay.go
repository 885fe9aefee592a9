package toxi

import (
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"

	"github.com/wsheal/wsheal/chaos"
)

func init() {
	obeys(func(e chaos.WSDelay) (rule, chaos.Direction) {
		return wsDelay{pick: picking(e.What(), e.Nth, e.Percent), delay: e.Delay}, e.Way()
	})
}

// wsDelay keeps the beginning of what it claims back, and with it what is behind.
type wsDelay struct {
	onFrames
	pick
	delay time.Duration
}

func (r wsDelay) claims(o *order, l *lane, f run) bool {
	return r.picks(o, l, f, memory[tally](l, o))
}

func (r wsDelay) frame(o *order, _ *lane, f run, w *weft) {
	if f.first() && f.op() != opContinuation {
		w.late(f.data, delay{o, r.delay})
		return
	}
	w.pass(f.data)
}

// late lets bytes go on after a delay.
func (w *weft) late(b []byte, d delay) {
	w.items = append(w.items, item{chunk: &stream.StreamChunk{Data: b, Timestamp: w.came}, came: w.came, delays: []delay{d}})
}
