package toxi_test

import (
	"time"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	const soon = 100 * time.Millisecond
	proofs["lifetime"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.Lifetime{After: soon}}, Act: listens},
			{Fault: chaos.Fault{Effect: chaos.Lifetime{After: soon, Then: chaos.EndFIN}, Conns: chaos.Existing}, Act: talksOn},
			{Fault: chaos.Fault{Effect: chaos.Lifetime{After: soon, Since: chaos.SinceOpening}, Conns: chaos.Existing}, Act: talksOn},
			// They are to come in before their time is up.
			{Fault: chaos.Fault{Effect: chaos.Lifetime{After: 5 * soon, Then: chaos.EndFIN}, Conns: chaos.New}, Act: listens},
		},
		idle: faultrig.Case{
			Fault: chaos.Fault{Effect: chaos.Lifetime{After: time.Hour}},
			Quiet: func(x *faultrig.Client) { x.Look(0, false) },
		},
	}
}
