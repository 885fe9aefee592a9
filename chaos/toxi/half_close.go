package toxi

import "github.com/wsheal/wsheal/chaos"

func init() {
	obeys(func(e chaos.HalfClose) (rule, chaos.Direction) { return halfClose{e.Way()}, e.Way() })
}

// halfClose ends one lane of what is open.
type halfClose struct{ way chaos.Direction }

func (r halfClose) sweep(o *order, c *conn) fate {
	c.cutMu.Lock()
	defer c.cutMu.Unlock()
	l := c.down
	if r.way == chaos.Up {
		l = c.up
	}
	came := c.halve(l)
	if came == isCut {
		c.counts(o, "half_closed", 1)
		c.hitBy(o, c.proxy.clock())
	}
	return came
}
