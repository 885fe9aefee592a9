package toxi_test

import (
	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	dup := func(d chaos.WSDup, conns chaos.Conns) chaos.Fault { return chaos.Fault{Effect: d, Conns: conns} }
	twice := wants(chaos.SeesDouble, talks(5))
	proofs["ws_dup"] = proof{
		sees: []faultrig.Case{
			{Fault: dup(chaos.WSDup{Opcode: chaos.OpText, Nth: 2, Percent: 1}, ""), Act: twice},
			{Fault: dup(chaos.WSDup{Opcode: chaos.OpText, Nth: 1, Percent: 1, Direction: chaos.Up}, chaos.Existing), Act: twice},
			{Fault: dup(chaos.WSDup{Opcode: chaos.OpText, Nth: 5, Percent: 1, Direction: chaos.Both}, chaos.New), Act: twice},
		},
		idle: faultrig.Case{
			Fault: dup(chaos.WSDup{Opcode: chaos.OpBinary, Nth: 1, Percent: 1}, ""),
			Quiet: func(x *faultrig.Client) { x.Look(0, false) },
		},
	}
}
