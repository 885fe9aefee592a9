package toxi

import "github.com/Shopify/toxiproxy/v2/stream"

// A ghost is a connection that is over without both sides having been told. Its sockets
// stay open; what comes from them, ends of stream among it, is swallowed. When the order
// that made it so is cleared, who is still there gets a RST, as from a host that knows
// nothing of the connection.

// answerer says what the sender of a packet into a ghost gets. l.mu is held.
type answerer interface {
	answers(o *order, l *lane) deed
}

// haunt makes the connection a ghost. The sides that are gone are closed with a RST before
// it returns; the others are told nothing.
func (c *conn) haunt(o *order, gone ...*side) fate {
	if c.proxy.deaf {
		return livesOn
	}
	c.cutMu.Lock()
	defer c.cutMu.Unlock()
	c.up.mu.Lock()
	c.down.mu.Lock()
	ending := c.up.isEnding() || c.down.isEnding()
	if !ending {
		c.ghost.Store(o)
	}
	c.down.mu.Unlock()
	c.up.mu.Unlock()
	if ending {
		return wasClosed
	}
	for _, l := range []*lane{c.up, c.down} {
		l.mu.Lock()
		l.moved.Broadcast()
		l.mu.Unlock()
		l.out.stop()
		l.poke()
	}
	for _, s := range gone {
		s.reset()
	}
	c.counts(o, "ghosts", 1)
	c.hitBy(o, c.proxy.clock())
	return isCut
}

// swallow takes what came into a ghost. l.mu is held.
func (l *lane) swallow(c *stream.StreamChunk, o *order) (deed, *order) {
	if c == nil {
		l.ended = true
		return nothing, nil
	}
	l.conn.counts(o, "swallowed", 1)
	if a, ok := o.rule.(answerer); ok {
		return a.answers(o, l), o
	}
	return nothing, nil
}

// late takes what comes when the lane forwards nothing any more.
func (l *lane) late(c *stream.StreamChunk) {
	l.mu.Lock()
	do, o := nothing, l.conn.ghost.Load()
	if o != nil {
		do, o = l.swallow(c, o)
	}
	l.mu.Unlock()
	if do != nothing {
		l.answer(do, o)
	}
}

// answer ends the sender's side of a ghost.
func (l *lane) answer(d deed, o *order) {
	from := l.conn.client
	if l == l.conn.down {
		from = l.conn.server
	}
	o.doing.RLock()
	defer o.doing.RUnlock()
	switch d {
	case resets:
		from.reset()
	case finishes:
		_ = from.CloseWrite() // fails only on a closed socket
	default:
		return
	}
	l.conn.counts(o, "answered", 1)
}

// reset closes a socket with a RST.
func (s *side) reset() {
	_ = s.SetLinger(0) // fails only on a closed socket
	_ = s.Close()
}

// bury ends the ghosts of an order that is cleared, and what waits for its sake.
func (p *proxy) bury(o *order) {
	o.released()
	o.doing.Lock() // what was begun before has been done, and counted
	defer o.doing.Unlock()
	for _, c := range p.living() {
		if c.ghost.Load() == o {
			c.client.reset()
			c.server.reset()
			c.stop()
		}
	}
}
