package toxi

import "github.com/wsheal/wsheal/chaos"

func init() {
	obeys(func(e chaos.PongLoss) (rule, chaos.Direction) {
		return wsDrop{pick: picking(chaos.OpPong, 1, 1)}, e.Way()
	})
	obeys(func(e chaos.PingLoss) (rule, chaos.Direction) {
		return wsDrop{pick: picking(chaos.OpPing, 1, 1)}, e.Way()
	})
}
