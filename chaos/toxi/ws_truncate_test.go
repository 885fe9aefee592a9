package toxi_test

import (
	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	cut := func(t chaos.WSTruncate, conns chaos.Conns) chaos.Fault { return chaos.Fault{Effect: t, Conns: conns} }
	look := func(x *faultrig.Client) chaos.Sight { return x.Look(0, false) }
	glance := func(x *faultrig.Client) chaos.Sight { return x.Look(0, true) }
	proofs["ws_truncate"] = proof{
		sees: []faultrig.Case{
			{Fault: cut(chaos.WSTruncate{Percent: 0.5}, ""), Act: wants(chaos.SeesEOF, look)},
			{Fault: cut(chaos.WSTruncate{Where: chaos.InHeader, Direction: chaos.Up}, chaos.Existing), Act: wants(chaos.SeesEOF, look)},
			{Fault: cut(chaos.WSTruncate{Percent: 1, Then: chaos.EndRST}, chaos.New), Act: wants(chaos.SeesReset, look)},
			{Fault: cut(chaos.WSTruncate{Percent: 0, Then: chaos.EndRST, Direction: chaos.Up}, ""), Act: wants(chaos.SeesReset, look)},
			{Fault: cut(chaos.WSTruncate{Percent: 0.5, Then: chaos.EndStall}, ""), Act: wants(chaos.SeesHalfOpen, glance)},
			{Fault: cut(chaos.WSTruncate{Where: chaos.InHeader, Then: chaos.EndStall, Direction: chaos.Both}, ""), Act: wants(chaos.SeesHalfOpen, glance)},
		},
		idle: faultrig.Case{Fault: chaos.Fault{Effect: chaos.WSTruncate{Percent: 0.5}}, Quiet: silent},
	}
}
