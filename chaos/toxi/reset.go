package toxi

import "github.com/wsheal/wsheal/chaos"

func init() {
	obeys(func(chaos.Reset) (rule, chaos.Direction) { return reset{}, chaos.Both })
}

// reset ends what is open.
type reset struct{}

func (reset) sweep(o *order, c *conn) fate { return c.cut(o) }
