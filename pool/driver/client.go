package driver

import (
	"context"
	"sync"

	"github.com/wsheal/wsheal/pool/heal"
)

// client is one logical user of the fleet. Its identity and its queue outlive its
// connections.
type client struct {
	id    int
	fleet *Fleet
	shard *shard

	// Of the shard's goroutine alone.
	state  heal.State
	timer  timer
	dialed uint32             // generation of the dial under way
	cancel context.CancelFunc // ends that dial; nil: none is under way, or it is not wanted any more
	conn   *conn              // the connection opened last, until it is lost
	ended  chan struct{}      // closed when the last dial, and the connection that came of it, are over

	mu     sync.Mutex
	outbox outbox
	live   *conn // the connection that may carry data: proved, and not ended
	closed bool  // nothing may be queued any more
}

// admit takes a mail's connection into account before heal decides; false: the mail
// is about something that was ended meanwhile and is dealt with here.
func (c *client) admit(m *mail) bool {
	switch m.event.Kind {
	case heal.Opened:
		if c.cancel == nil || c.dialed != m.event.Gen {
			m.conn.refuse()
			return false
		}
		c.cancel, c.conn = nil, m.conn
	case heal.Failed:
		if c.dialed == m.event.Gen {
			c.cancel = nil
		}
	case heal.Lost:
		if c.conn == m.conn {
			c.conn = nil
		}
	case heal.Close:
		c.mu.Lock()
		c.closed = true
		c.mu.Unlock()
	}
	return true
}

// after does what has to follow heal's decision, so that a step is always observed
// before what comes of it.
func (c *client) after(m *mail) {
	switch m.event.Kind {
	case heal.Opened:
		go m.conn.read()
	case heal.Proved:
		c.open(m.conn)
	}
}

// act carries out one order.
func (c *client) act(a heal.Action) {
	switch a.Kind {
	case heal.Arm:
		c.shard.wheel.disarm(&c.timer)
		c.timer.at, c.timer.number = a.At, a.Timer
		c.shard.wheel.arm(&c.timer)
	case heal.Dial:
		c.dial(a)
	case heal.Ping:
		if k := c.current(a.Gen); k != nil {
			k.ping()
		}
	case heal.Kill:
		if k := c.current(a.Gen); k != nil {
			k.kill()
		} else if c.cancel != nil && c.dialed == a.Gen {
			c.cancel()
			c.cancel = nil
		}
	case heal.Shut:
		if k := c.current(a.Gen); k != nil {
			k.shut(a.Code)
		}
	}
}

// current returns the connection of a generation, nil when it has ended.
func (c *client) current(gen uint32) *conn {
	if c.conn != nil && c.conn.gen == gen {
		return c.conn
	}
	return nil
}
