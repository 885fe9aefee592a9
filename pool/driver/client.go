package driver

import (
	"context"
	"sync"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// settleEvery is how often a client that is being removed is asked whether it has
// finished what it has under way.
const settleEvery = 10 * time.Millisecond

// client is one logical user of the fleet. Its identity and its queue outlive its
// connections.
type client struct {
	id    int
	fleet *Fleet
	shard *shard

	// Of the shard's goroutine alone.
	state   heal.State
	timer   timer
	dialed  uint32             // generation dialled last
	cancel  context.CancelFunc // ends that dial; nil: none is under way, or it is not wanted any more
	conn    *conn              // the connection opened last; further ones, that are not over yet, hang on it
	ended   chan struct{}      // closed when the last dial, and the connection that came of it, are over
	leaving bool               // it is being removed
	left    bool               // it was
	until   heal.Instant       // leaving: when it is closed at the latest

	mu      sync.Mutex
	outbox  outbox
	waiters []*waiter // that wait for room in it
	inbox   *inbox    // nil: nothing has arrived yet
	live    *conn     // the connection that new messages go over: proved, and not ended
	closed  error     // why nothing may be queued any more; nil: it may
	seen    seen      // what of the state others may see
}

// seen is what of a client's state others may see.
type seen struct {
	phase    heal.Phase
	endpoint uint8
	gen      uint32
	since    heal.Instant
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
		c.cancel = nil
		m.conn.older, c.conn = c.conn, m.conn
	case heal.Failed:
		if c.dialed == m.event.Gen {
			c.cancel = nil
		}
	case heal.Close:
		c.mu.Lock()
		c.shutQueue(ErrClosed)
		c.mu.Unlock()
	}
	return !c.left
}

// after does what has to follow heal's decision, so that a step is always observed
// before what comes of it.
func (c *client) after(m *mail) {
	switch m.event.Kind {
	case heal.Opened:
		go m.conn.read()
	case heal.Proved:
		if c.state.Gen == m.conn.gen && c.state.Phase.Usable() {
			c.open(m.conn)
		}
	}
	if c.leaving {
		c.depart()
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
		if k := c.of(a.Gen); k != nil {
			k.ping()
		}
	case heal.Kill:
		if k := c.of(a.Gen); k != nil {
			k.condemn()
		} else if c.cancel != nil && c.dialed == a.Gen {
			c.cancel()
			c.cancel = nil
		}
	case heal.Shut:
		if k := c.of(a.Gen); k != nil {
			k.condemned = true
			k.shut(a.Code)
		}
	}
}

// of returns the connection of a generation, nil when it is over.
func (c *client) of(gen uint32) *conn {
	for k := c.conn; k != nil; k = k.older {
		if k.gen == gen {
			return k
		}
	}
	return nil
}

// over forgets a connection of which nothing is left.
func (c *client) over(gone *conn) {
	for at := &c.conn; *at != nil; at = &(*at).older {
		if *at == gone {
			*at = gone.older
			return
		}
	}
}

// before is what the next dial has to wait for: the generation before it, unless its
// connection goes on until there is another.
func (c *client) before() chan struct{} {
	if k := c.of(c.dialed); k != nil && !k.condemned {
		return nil
	}
	return c.ended
}

// witness adds what was seen of the connection that is in use.
func (c *client) witness(ev *heal.Event) {
	if k := c.conn; k != nil {
		ev.Inbound = heal.Instant(k.inbound.Load())
		if k.held.Load() != nil { // bytes that wait to be read are evidence, too
			ev.Inbound = c.fleet.now()
		}
	}
}

// show lets others see what of the state may have changed.
func (c *client) show(from heal.Phase, now heal.Instant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen.phase, c.seen.endpoint, c.seen.gen = c.state.Phase, c.state.Endpoint, c.state.Gen
	if from != c.state.Phase {
		c.seen.since = now
	}
}

// remove begins to end a client for good: what it has under way may be finished first.
func (c *client) remove() {
	if c.leaving || c.left {
		return
	}
	c.leaving = true
	c.until = c.fleet.now().Add(c.fleet.options.Policy.DrainTimeout)
	c.mu.Lock()
	c.shutQueue(ErrLeft)
	c.mu.Unlock()
	c.settle()
}

// settle closes a client that is leaving once it has nothing under way, or its time is
// over, and asks again a little later otherwise.
func (c *client) settle() {
	if c.left || c.state.Phase == heal.Retired {
		c.depart()
		return
	}
	c.mu.Lock()
	busy := c.live != nil && c.outbox.frames > 0
	live := c.live
	c.mu.Unlock()
	if !busy && live != nil && c.fleet.options.InFlight != nil {
		busy = c.fleet.options.InFlight(c.id, live.gen) > 0
	}
	if now := c.fleet.now(); busy && now < c.until {
		time.AfterFunc(min(settleEvery, c.until.Sub(now)), func() { c.shard.post(mail{client: c, order: settle}) })
		return
	}
	m := mail{client: c, event: heal.Event{Kind: heal.Close}}
	c.admit(&m)
	c.shard.step(c, m.event, 0, nil)
	c.depart()
}

// depart forgets a client that has been closed, once its connections are over.
func (c *client) depart() {
	if c.left || c.state.Phase != heal.Retired || c.conn != nil {
		return
	}
	c.left = true
	c.shard.wheel.disarm(&c.timer)
	c.dropAll()
	c.shard.phases[heal.Retired].Add(-1)
	c.fleet.clients.leave(c.id)
	c.fleet.options.Observe(Event{Kind: Left, At: c.fleet.now(), Client: c.id, Gen: c.state.Gen})
}
