package toxi

import "slices"

// What rules remember of connections is kept there for as long as an order may need it: it
// is dropped when the order is over, or when the message that belongs to it has come whole.
// What was counted is with the order.

// memory returns what an order remembers of a lane, made when it is first asked for. The
// lane's lock is held.
func memory[T any](l *lane, o *order) *T {
	if m, ok := l.memories[o].(*T); ok {
		return m
	}
	if l.memories == nil {
		l.memories = map[*order]any{}
	}
	m := new(T)
	l.memories[o] = m
	return m
}

// recall returns what an order remembers of a connection, for both its lanes, made when it
// is first asked for. Both lanes may be at it at once.
func recall[T any](c *conn, o *order) *T {
	if m, ok := c.memories.Load(o); ok {
		return m.(*T)
	}
	m, _ := c.memories.LoadOrStore(o, new(T))
	return m.(*T)
}

// forgetNotes drops what connections remember of an order that is over and obeyed nowhere any more.
func (p *proxy) forgetNotes(o *order) {
	for _, c := range p.living() {
		c.memories.Delete(o)
		for _, l := range []*lane{c.up, c.down} {
			l.mu.Lock()
			l.forget(o)
			l.mu.Unlock()
		}
	}
}

// forget drops what the lane remembers of an order, unless something unfinished belongs to
// it. l.mu is held.
func (l *lane) forget(o *order) {
	if slices.Contains([]*order{l.claimed.message, l.claimed.control}, o) {
		return
	}
	delete(l.noted, o)
	delete(l.memories, o)
}

// unclaim ends a claim, and with the last of an order that is over what is remembered of it.
// l.mu is held.
func (l *lane) unclaim(claim **order) {
	by := *claim
	*claim = nil
	if by != nil && by.cleared.Load() != 0 {
		l.forget(by)
	}
}
