package toxi

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/chaos"
)

// watched is a socket whose peer is told its end, as it is told.
type watched struct {
	nowhere
	told func()
}

func (*watched) SetLinger(int) error { return nil }

func (w *watched) CloseWrite() error {
	w.told()
	return nil
}

func (w *watched) Close() error {
	w.told()
	return nil
}

// A peer that has seen what was done to it finds it in the evidence, however soon it asks:
// who asks waits until it is counted.
func TestEvidenceWaitsForWhatIsBeingDone(t *testing.T) {
	for _, c := range []struct {
		name, kind, attributes, counter string
		do                              func(x *tapped, o *order)
	}{
		{"refused", "refuse", `{}`, "refused", func(x *tapped, _ *order) { assert.False(t, x.lane.conn.greeted()) }},
		{"reset", "limit", `{"bytes":9,"then":"rst"}`, "ended", func(x *tapped, o *order) { x.lane.do(resets, o) }},
		{"ended", "limit", `{"bytes":9}`, "fins", func(x *tapped, o *order) { x.lane.do(finishes, o) }},
		{"answered", "half_open", `{}`, "answered", func(x *tapped, o *order) {
			x.lane.conn.ghost.Store(o)
			x.lane.answer(resets, o)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := tapLane(t)
				x.closes(0)
				conn := x.lane.conn
				conn.ordinal = 1 // it comes when the fault is in force
				conn.served.Store(true)
				var o *order
				asked := make(chan chaos.Evidence, 1)
				tells := &watched{told: sync.OnceFunc(func() {
					if !assert.False(t, o.doing.TryLock(), "whoever asks now must wait") {
						o.doing.Unlock()
					}
					go func() { asked <- o.evidence() }()
				})}
				conn.client.endpoint, conn.server.endpoint = tells, tells
				o = x.add("f", c.kind, c.attributes)
				c.do(x, o)
				assert.EqualValues(t, 1, (<-asked).Counts[c.counter])
				close(x.in)
				x.p.ends.Wait()
				time.Sleep(lingerTime) // of the FIN
			})
		})
	}
}
