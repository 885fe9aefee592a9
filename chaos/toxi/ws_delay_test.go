package toxi_test

import (
	"time"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	const delay = 200 * time.Millisecond
	late := func(d chaos.WSDelay, conns chaos.Conns) chaos.Fault {
		d.Delay = delay
		return chaos.Fault{Effect: d, Conns: conns}
	}
	// The second is late, the first is not for the fault's sake.
	second := wants(chaos.SeesSlow, func(x *faultrig.Client) chaos.Sight {
		x.Look(0, false)
		return x.Look(delay, false)
	})
	proofs["ws_delay"] = proof{
		sees: []faultrig.Case{
			{Fault: late(chaos.WSDelay{Nth: 2, Percent: 1}, ""), Act: second},
			{Fault: late(chaos.WSDelay{Nth: 1, Percent: 1, Opcode: chaos.OpText, Direction: chaos.Up}, chaos.Existing), Act: second},
			{Fault: late(chaos.WSDelay{Nth: 1, Percent: 1, Direction: chaos.Both}, chaos.New), Slow: 2 * delay},
		},
		idle: faultrig.Case{
			Fault: late(chaos.WSDelay{Nth: 1, Percent: 1, Opcode: chaos.OpBinary}, ""),
			Quiet: func(x *faultrig.Client) { x.Look(0, false) },
		},
	}
}
