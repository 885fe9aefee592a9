package toxi

import "github.com/wsheal/wsheal/chaos"

func init() {
	obeys(func(chaos.Refuse) (rule, chaos.Direction) { return refuse{}, chaos.Both })
}

// refuse lets nobody in.
type refuse struct{}

func (refuse) greet(o *order, _ *conn) greeting {
	o.count("refused", 1)
	return turnedOff
}
