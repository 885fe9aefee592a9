package toxi_test

import (
	"time"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	const size = 200_000
	// A message of nothing but so many zeros.
	floods := func(x *faultrig.Client) chaos.Sight {
		_ = x.Conn.SetReadDeadline(time.Now().Add(faultrig.Patience))
		f, err := frameOf(x)
		if err != nil {
			return faultrig.Sight(err)
		}
		for _, b := range f.Payload {
			if b != 0 {
				return "it is not of zeros"
			}
		}
		if f.Header.OpCode != ws.OpBinary || !f.Header.Fin || f.Header.Length != size {
			return "it is not one binary message of the size"
		}
		// The connection goes on behind it.
		if saw := x.Look(0, false); saw != chaos.SeesNothing {
			return "then " + saw
		}
		return chaos.SeesFlood
	}
	// The target closes with 1009, and with a RST behind it when more comes than it reads.
	turnedDown := func(x *faultrig.Client) chaos.Sight {
		saw := x.Look(0, false)
		if saw == chaos.SeesCloseFrame || saw == chaos.SeesReset || saw == chaos.SeesEOF {
			return saw
		}
		return "saw " + saw + ", expected an end"
	}
	over := func(n int64, way chaos.Direction, conns chaos.Conns) chaos.Fault {
		return chaos.Fault{Effect: chaos.WSOversize{Bytes: n, Direction: way}, Conns: conns}
	}
	proofs["ws_oversize"] = proof{
		sees: []faultrig.Case{
			{Fault: over(size, chaos.Down, ""), Act: wants(chaos.SeesFlood, floods)},
			{Fault: over(size, chaos.Down, chaos.New), Act: wants(chaos.SeesFlood, floods)},
			{Fault: over(size, chaos.Up, chaos.Existing), Act: wants(chaos.SeesFlood, floods)}, // the target's echo
			{Fault: over(2<<20, chaos.Up, ""), Act: turnedDown},                                // more than the target takes
		},
		// They come when a fault of existing connections is in force.
		idle: faultrig.Case{Fault: over(size, chaos.Down, chaos.Existing), Quiet: silent},
	}
}
