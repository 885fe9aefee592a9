package toxi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/chaos"
)

// Faults of three sorts that come and go under traffic: something that holds, something that
// is done to what is open, something at the door. Nothing is lost of those that only hold,
// and all of them are confirmed, edge by edge.
func TestFaultsFlapUnderTraffic(t *testing.T) {
	flap := chaos.Flap{Up: 20 * time.Millisecond, Down: 20 * time.Millisecond, Cycles: 5}
	for _, effect := range []chaos.Effect{chaos.Partition{}, chaos.Latency{Delay: time.Millisecond}, chaos.HalfOpen{Peer: chaos.Client}, chaos.Refuse{}} {
		t.Run(effect.Kind(), func(t *testing.T) {
			r := newRig(t)
			stays := effect.Kind() == "partition" || effect.Kind() == "latency"
			c := r.dial(1)
			c.echo("before")
			f := chaos.Fault{Name: "f", Share: 1, Flap: flap, Effect: effect}
			r.inject(f)
			for r.evidence("f").Cleared == 0 {
				if stays {
					c.echo("comes through, soon or late")
					continue
				}
				if nc, err := r.tryDial(t.Context(), "1/2"); err == nil {
					_ = nc.SetReadDeadline(time.Now().Add(50 * time.Millisecond)) // it is there at an edge, if not at this then at another
					_, _ = nc.Read(make([]byte, 1))
					_ = nc.Close()
				}
			}
			e := r.evidence("f")
			state, why := e.Judge(f, true)
			assert.Equal(t, chaos.Confirmed, state, why)
			assert.EqualValues(t, 5, e.Counts["downs"])
			assert.EqualValues(t, 4, e.Counts["ups"])
			if stays {
				c.echo("after")
			}
			r.dial(2).echo("it is over")
		})
	}
}
