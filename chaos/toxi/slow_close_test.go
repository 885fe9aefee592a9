package toxi_test

import (
	"time"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	const delay = 200 * time.Millisecond
	// leaves is what a client sees that ends its stream and waits for the target to end its own.
	leaves := func(x *faultrig.Client) chaos.Sight {
		began := time.Now()
		if err := x.Conn.CloseWrite(); err != nil {
			return faultrig.Sight(err)
		}
		saw := listens(x)
		if saw == chaos.SeesEOF && time.Since(began) >= delay {
			return chaos.SeesSlow
		}
		return saw
	}
	proofs["slow_close"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.SlowClose{Delay: delay}}, Act: leaves},
			{Fault: chaos.Fault{Effect: chaos.SlowClose{Delay: delay, Direction: chaos.Up}, Conns: chaos.Existing}, Act: leaves},
			{Fault: chaos.Fault{Effect: chaos.SlowClose{Delay: delay, Direction: chaos.Down}, Conns: chaos.New}, Act: leaves},
		},
		idle: faultrig.Case{
			Fault: chaos.Fault{Effect: chaos.SlowClose{Delay: delay}},
			Quiet: func(x *faultrig.Client) { x.Look(0, false) },
		},
	}
}
