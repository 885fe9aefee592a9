package toxi

import (
	"time"

	"github.com/wsheal/wsheal/chaos"
)

func init() {
	obeys(func(e chaos.WSPingFlood) (rule, chaos.Direction) {
		return wsPingFlood{gap: max(1, time.Duration(float64(time.Second)/e.Rate))}, e.Way()
	})
}

// What a flood adds at once, and what may wait in a lane before it adds more.
const (
	floodBurst   = 64
	floodBacklog = 16 << 10 // bytes
	floodTick    = time.Millisecond
)

// floodWord is the payload of its pings, so that no pong to one is taken for that to
// another's ping.
const floodWord = "wsheal flood"

// wsPingFlood sends a ping each gap.
type wsPingFlood struct {
	onFrames
	gap time.Duration
}

// dueAt is when one lane is to get its next ping.
type dueAt struct{ at time.Time }

func (r wsPingFlood) wakes(o *order, l *lane, now time.Time) (time.Duration, deed) {
	d := memory[dueAt](l, o)
	if d.at.IsZero() {
		d.at = now
	}
	if len(l.waiting) > 0 || l.bytes > floodBacklog {
		d.at = now.Add(max(r.gap, floodTick))
	}
	var items []item
	for ; !d.at.After(now) && len(items) < floodBurst; d.at = d.at.Add(r.gap) {
		items = append(items, item{chunk: ourFrame(opPing, l.way, []byte(floodWord)), by: o, counts: "pings"})
	}
	if len(items) == floodBurst {
		d.at = now.Add(r.gap)
	}
	if len(items) > 0 {
		l.insert(insertion{by: o, items: items})
	}
	return max(d.at.Sub(now), floodTick), nothing
}
