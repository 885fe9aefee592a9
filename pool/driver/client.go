package driver

import (
	"cmp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// client is one logical user of the fleet. Its identity and its queue outlive its
// connections.
type client struct {
	id    int
	fleet *Fleet
	shard *shard

	// Of the shard's goroutine alone.
	state   heal.State
	timer   timer
	dialed  uint32       // generation dialled last
	attempt *dial        // that dial; nil: none is under way, or it is not wanted any more
	conn    *conn        // the connection opened last; further ones, that are not over yet, hang on it
	wish    wish         // shared: what the crowd knows of what the client wants
	ended   *gate        // open when the last dial, and the connection that came of it, are over
	leaving bool         // it is being removed
	left    bool         // it was
	until   heal.Instant // leaving: when it is closed at the latest

	// Of the dial under way, of which there is one at a time.
	credentials *Credentials // those used last; nil: none yet

	window atomic.Int64 // time.Duration that the server wants the next reconnect spread over

	// straight is who is offered a message first; nil: nobody is, or something waits that came
	// before. Who changes what it follows from, under the mutex, says so (straighten).
	straight atomic.Pointer[Acceptor]

	mu      sync.Mutex
	outbox  outbox
	waiters *[]*waiter // that wait for room in it; nil: none do
	inbox   *inbox     // nil: nothing has arrived yet
	accept  *Acceptor  // what it points to does not change; nil: Options.Accept
	live    *conn      // the connection that new messages go over: proved, and not ended
	closed  closure    // whether anything may still be queued
	past    uint32     // generation of the last connection that is over
	// speaking counts the connections of which something may still come: read, or handed over.
	speaking int32
	seen     seen // what of the state others may see
}

// closure says why nothing may be queued any more.
type closure uint8

const (
	accepting closure = iota // everything may
	closing                  // the fleet is closing
	leaving                  // the client is being removed
)

func (x closure) err() error {
	switch x {
	case closing:
		return ErrClosed
	case leaving:
		return ErrLeft
	}
	return nil
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
		if c.attempt == nil || c.dialed != m.event.Gen {
			m.conn.refuse()
			return false
		}
		c.attempt = nil
		m.conn.older, c.conn = c.conn, m.conn
		c.mu.Lock()
		c.speaking++
		c.mu.Unlock()
	case heal.Failed:
		if c.dialed == m.event.Gen {
			c.attempt = nil
		}
	case heal.Lost:
		if c.state.Live == m.event.Gen { // one that was replaced, or was to replace it, leaves the window to it
			m.event.Within = cmp.Or(m.event.Within, time.Duration(c.window.Swap(0)))
		}
	case heal.Close:
		c.mu.Lock()
		c.shutQueue(closing)
		c.mu.Unlock()
	}
	return !c.left
}

// after does what has to follow heal's decision, so that a step is always observed
// before what comes of it.
func (c *client) after(m *mail) {
	switch m.event.Kind {
	case heal.Opened:
		c.begin(m.conn)
		m.conn.wire.Serve(m.conn.take)
	case heal.Proved:
		if c.state.Live == m.conn.gen && c.state.Phase.Usable() {
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
	case heal.Kill:
		if c.attempt != nil && c.dialed == a.Gen {
			c.attempt.bound.cancel()
			c.attempt = nil
		}
	}
	if k := c.of(a.Gen); k != nil {
		k.act(a)
	}
}

// act carries out an order about one connection.
func (k *conn) act(a heal.Action) {
	switch a.Kind {
	case heal.Ping:
		k.ping()
	case heal.Kill:
		k.condemn()
		k.kill()
	case heal.Shut:
		k.condemn()
		k.shut(a.Code)
	case heal.Drain:
		k.drain(a.Code)
	case heal.Check:
		k.client.validate(k, false)
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
// connection goes on until there is another; and if that was to replace a connection, and
// came to nothing, that one, too, once it is condemned.
func (c *client) before() *gate {
	if k := c.of(c.dialed); k != nil && !k.condemned {
		return nil
	}
	for k := c.conn; k != nil; k = k.older {
		if k.gen != c.dialed && k.condemned && k.farewell == 0 {
			return c.fleet.both(c.ended, k.ended)
		}
	}
	return c.ended
}

// both is open once two gates are.
func (p *Fleet) both(one, other *gate) *gate {
	all := new(gate)
	p.work.Go(func() {
		<-one.wait()
		<-other.wait()
		all.open()
	})
	return all
}

// witness adds what was seen of the connection that is in use, or is to be.
func (c *client) witness(ev *heal.Event) {
	k := c.of(c.state.Live)
	if k == nil {
		return
	}
	w := k.wire
	ev.Inbound, ev.Outbound, ev.Heard, ev.Drained = w.Inbound(), w.Outbound(), w.Heard(), k.drainedAt()
	if k.held.Load() != nil { // bytes that wait to be read are evidence, too, and a ping may be among them
		ev.Inbound = c.fleet.now()
		ev.Heard = ev.Inbound
	}
	c.mu.Lock()
	handed, behind := k.control.handed, k.control.behind
	c.mu.Unlock()
	ev.Handed = handed
	if c.state.Phase == heal.Suspect {
		ev.Path = w.Path()
		ev.Drained = max(ev.Drained, w.Taken(behind))
	}
}

// show lets others see what of the state may have changed.
func (c *client) show(from heal.Phase, now heal.Instant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen.phase, c.seen.endpoint, c.seen.gen = c.state.Phase, c.state.Home, c.state.Live
	if from != c.state.Phase {
		c.seen.since = now
	}
}
