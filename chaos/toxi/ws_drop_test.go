package toxi_test

import (
	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	drop := func(d chaos.WSDrop) chaos.Fault { return chaos.Fault{Effect: d} }
	existing := drop(chaos.WSDrop{Opcode: chaos.OpText, Nth: 3, Percent: 1, Direction: chaos.Up})
	existing.Conns = chaos.Existing
	fresh := drop(chaos.WSDrop{Opcode: chaos.OpText, Nth: 1, Percent: 1, Direction: chaos.Down})
	fresh.Conns = chaos.New
	proofs["ws_drop"] = proof{
		sees: []faultrig.Case{
			{Fault: drop(chaos.WSDrop{Opcode: chaos.OpText, Nth: 2, Percent: 1}), Act: wants(chaos.SeesLoss, talks(5))},
			{Fault: drop(chaos.WSDrop{Opcode: chaos.OpText, Nth: 1, Percent: 0.5, Direction: chaos.Down}), Act: wants(chaos.SeesLoss, talks(40))},
			{Fault: existing, Act: wants(chaos.SeesLoss, talks(5))},
			{Fault: fresh, Act: wants(chaos.SeesLoss, talks(5))},
		},
		// They send, but nothing of what is to be lost.
		idle: faultrig.Case{
			Fault: drop(chaos.WSDrop{Opcode: chaos.OpBinary, Nth: 1, Percent: 1}),
			Quiet: func(x *faultrig.Client) { x.Look(0, false) },
		},
	}
}
