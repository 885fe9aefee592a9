package target

import (
	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/door"
)

func init() {
	obeys(func(e chaos.SlowHandshake) rule { return slowHandshake{door.SlowHandshake{SlowHandshake: e}} })
}

// slowHandshake also lets the 101 come in drops.
type slowHandshake struct{ door.SlowHandshake }

func (r slowHandshake) answer(h *hook, c *connection, response []byte) error {
	return r.Write(h.caller(c, nil), c.conn, response)
}

// answerer writes the 101 in the connection's place.
type answerer interface {
	answer(h *hook, c *connection, response []byte) error
}

// say writes the 101, by the first hook in force that does it another way.
func (c *connection) say(response []byte) error {
	for _, h := range c.server.hooks.inForce() {
		if r, ok := h.rule.(answerer); ok && h.has(c) {
			return r.answer(h, c, response)
		}
	}
	return c.write(response)
}
