package toxi_test

import "github.com/wsheal/wsheal/internal/faultrig"

func init() {
	for kind, p := range faultrig.Doors() {
		proofs[kind] = proof{sees: p.Sees, idle: p.Idle}
	}
}
