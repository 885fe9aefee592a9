package toxi

import "github.com/wsheal/wsheal/chaos"

func init() {
	obeys(func(chaos.Fin) (rule, chaos.Direction) { return fin{}, chaos.Both })
}

// fin ends what is open, in order.
type fin struct{}

func (fin) sweep(o *order, c *conn) fate { return c.finish(o) }
