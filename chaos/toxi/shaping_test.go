package toxi_test

import (
	"time"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	// late is what a client sees that sends a message and hears it at least so long after.
	late := func(by time.Duration) func(*faultrig.Client) chaos.Sight {
		return func(x *faultrig.Client) chaos.Sight {
			if saw := x.Look(by, false); saw != chaos.SeesNothing {
				return saw
			}
			return "too soon"
		}
	}
	add := func(kind string, cases ...faultrig.Case) {
		p := proofs[kind]
		p.sees = append(p.sees, cases...)
		proofs[kind] = p
	}
	// Both ways or one, what is open or what comes.
	for _, way := range []chaos.Direction{chaos.Both, chaos.Up, chaos.Down} {
		for _, conns := range []chaos.Conns{chaos.Existing, chaos.New} {
			add("partition", faultrig.Case{Fault: chaos.Fault{Effect: chaos.Partition{Direction: way}, Conns: conns}})
		}
	}
	const delay = 100 * time.Millisecond
	add("latency",
		faultrig.Case{Fault: chaos.Fault{Effect: chaos.Latency{
			Delay: 2 * delay, Jitter: delay, Dist: chaos.Pareto, Correlation: 0.5, Direction: chaos.Up,
		}}, Act: late(delay)},
	)
	// A message is of 14 bytes and more: with its head and mask 20, of which each but the first waits.
	add("slice",
		faultrig.Case{Fault: chaos.Fault{Effect: chaos.Slice{Size: 1, Pause: 5 * time.Millisecond, Direction: chaos.Up}}, Act: late(19 * 5 * time.Millisecond)},
	)
	add("bandwidth",
		faultrig.Case{Fault: chaos.Fault{Effect: chaos.Bandwidth{Rate: 200, Shared: true, Direction: chaos.Up}}, Act: late(delay / 2)},
	)
}
