package toxi

import "slices"

// deed is what a rule wants done to a connection.
type deed uint8

const (
	nothing  deed = iota
	resets        // a RST to both sides
	finishes      // a FIN to both sides, without a close frame
	forgets       // neither side is told, and nothing crosses any more
)

// do does to the lane's connection what an order wants, and counts it as ended by it. To
// one that is forgotten already the deed is the answer to a packet, for its sender alone.
// No lock is held.
func (l *lane) do(d deed, o *order) {
	c := l.conn
	if c.ghost.Load() != nil {
		l.answer(d, o)
		return
	}
	o.doing.RLock()
	defer o.doing.RUnlock()
	came := livesOn
	switch d {
	case resets:
		came = c.cut(o)
	case finishes:
		came = c.finish(o)
	case forgets:
		if !o.off() { // else nobody would bury it
			came = c.haunt(o)
		}
	}
	switch came {
	case isCut:
		c.counts(o, "ended", 1)
	case wasClosed: // or a waker would want it for ever
		l.mu.Lock()
		if !slices.Contains(l.refused, o) {
			l.refused = append(l.refused, o)
		}
		l.mu.Unlock()
	}
}

// hitBy notes on whom an order acted by what it did to the connection as a whole.
func (c *conn) hitBy(o *order, now int64) {
	switch who := c.who.Load(); {
	case who == nil:
		o.acted(now)
	case !o.mine(who.client) || c.wasServed():
		o.act(who.client, now)
	default:
		o.acted(now)
	}
}
