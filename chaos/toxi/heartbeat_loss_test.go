package toxi_test

import (
	"fmt"
	"slices"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// misses has a client exchange pings and pongs both ways, and holds that just these come.
func misses(want ...string) func(*faultrig.Client) chaos.Sight {
	return func(x *faultrig.Client) chaos.Sight {
		came, err := heartbeats(x)
		if err != nil {
			return faultrig.Sight(err)
		}
		if !slices.Equal(came, want) {
			return chaos.Sight(fmt.Sprintf("%q came, expected %q", came, want))
		}
		return chaos.SeesHalfOpen
	}
}

func init() {
	// Unharmed: a pong for its ping, the ping that it asked for, and that its pong came.
	const pong, ping, ponged = "10", "9", "a pong came"
	proofs["pong_loss"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.PongLoss{}}, Server: pinging, Act: misses(ping)},
			{Fault: chaos.Fault{Effect: chaos.PongLoss{Direction: chaos.Up}, Conns: chaos.Existing}, Server: pinging, Act: misses(pong, ping)},
			{Fault: chaos.Fault{Effect: chaos.PongLoss{Direction: chaos.Down}, Conns: chaos.New}, Server: pinging, Act: misses(ping, ponged)},
		},
		idle: faultrig.Case{
			Fault: chaos.Fault{Effect: chaos.PongLoss{}},
			Quiet: func(x *faultrig.Client) { x.Look(0, false) },
		},
	}
	proofs["ping_loss"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.PingLoss{}}, Server: pinging, Act: misses(pong, ponged)},
			{Fault: chaos.Fault{Effect: chaos.PingLoss{Direction: chaos.Up}, Conns: chaos.Existing}, Server: pinging, Act: misses(ping, ponged)},
			{Fault: chaos.Fault{Effect: chaos.PingLoss{Direction: chaos.Both}, Conns: chaos.New}, Server: pinging, Act: misses(ponged)},
		},
		idle: faultrig.Case{
			Fault: chaos.Fault{Effect: chaos.PingLoss{Direction: chaos.Both}},
			Quiet: func(x *faultrig.Client) { x.Look(0, false) },
		},
	}
}
