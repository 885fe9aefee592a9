package toxi

import "github.com/wsheal/wsheal/chaos"

func init() {
	obeys(func(e chaos.HalfOpen) (rule, chaos.Direction) { return halfOpen{e.Gone()}, chaos.Both })
}

// halfOpen makes ghosts of what is open.
type halfOpen struct{ gone chaos.Peering }

func (r halfOpen) sweep(o *order, c *conn) fate {
	if r.gone == chaos.Client {
		return c.haunt(o, c.client)
	}
	return c.haunt(o, c.server)
}
