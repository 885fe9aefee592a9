package toxi_test

import (
	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	hang := func(stage string, share float64) chaos.Fault {
		return chaos.Fault{Effect: chaos.AcceptHang{Stage: stage}, Share: share}
	}
	proofs["accept_hang"] = proof{
		sees: []faultrig.Case{{Fault: hang(chaos.AtUpgrade, 0.5)}, {Fault: hang(chaos.AtUpgrade, 1)}, {Fault: hang(chaos.AtTCP, 1)}},
		idle: faultrig.Case{Fault: hang(chaos.AtUpgrade, 0.5)},
	}
}
