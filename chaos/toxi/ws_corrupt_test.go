package toxi_test

import (
	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	corrupt := func(what chaos.Part, way chaos.Direction, conns chaos.Conns) chaos.Fault {
		return chaos.Fault{Effect: chaos.WSCorrupt{What: what, Nth: 1, Percent: 1, Direction: way}, Conns: conns}
	}
	look := func(x *faultrig.Client) chaos.Sight { return x.Look(0, false) }
	other := func(x *faultrig.Client) chaos.Sight { // what comes is a text, but not the one that was sent
		if saw := x.Look(0, false); saw != chaos.SeesDisorder {
			return saw
		}
		return chaos.SeesAltered
	}
	var sees []faultrig.Case
	for _, what := range []chaos.Part{chaos.PartMask, chaos.PartRSV, chaos.PartOpcode, chaos.PartLength} {
		sees = append(sees,
			faultrig.Case{Fault: corrupt(what, chaos.Down, chaos.Existing), Act: wants(chaos.SeesProtocol, look)},
			// The target sees it, and says so.
			faultrig.Case{Fault: corrupt(what, chaos.Up, chaos.New), Act: wants(chaos.SeesCloseFrame, look)},
		)
	}
	proofs["ws_corrupt"] = proof{
		sees: append(sees,
			faultrig.Case{Fault: corrupt(chaos.PartUTF8, chaos.Down, ""), Act: wants(chaos.SeesProtocol, look)},
			faultrig.Case{Fault: corrupt(chaos.PartUTF8, chaos.Up, ""), Act: wants(chaos.SeesProtocol, look)}, // the target echoes it
			faultrig.Case{Fault: corrupt(chaos.PartPayload, chaos.Down, ""), Act: wants(chaos.SeesAltered, other)},
			faultrig.Case{Fault: corrupt(chaos.PartPayload, chaos.Up, ""), Act: wants(chaos.SeesAltered, other)},
		),
		idle: faultrig.Case{Fault: corrupt(chaos.PartRSV, chaos.Both, ""), Quiet: silent},
	}
}
