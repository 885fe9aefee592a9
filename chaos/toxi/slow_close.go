package toxi

import "github.com/wsheal/wsheal/chaos"

func init() {
	obeys(func(e chaos.SlowClose) (rule, chaos.Direction) { return lateEnd{e.Delay}, e.Way() })
}
