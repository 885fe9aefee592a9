package driver

import (
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// settleEvery is how often it is asked whether what has to go has finished what it has
// under way.
const settleEvery = 10 * time.Millisecond

// busy tells whether something is in flight on the connection.
func (k *conn) busy() bool {
	c := k.client
	c.mu.Lock()
	busy := !k.over && (k.carries > 0 || k.cut != nil)
	over := k.over
	c.mu.Unlock()
	in := c.fleet.options.InFlight
	return busy || !over && in != nil && in(c.id, k.gen) > 0
}

// later posts a mail a little later, if that is before until; false: it is not.
func (c *client) later(until heal.Instant, m mail) bool {
	now := c.fleet.now()
	if now >= until {
		return false
	}
	time.AfterFunc(min(settleEvery, until.Sub(now)), func() { c.shard.post(m) })
	return true
}

// deafen has a connection that is being replaced take nothing more before anybody hears of
// it: who sends upon that would send over the old one, and his next message over the new
// one, where it may arrive first.
func (c *client) deafen(actions *heal.Actions) {
	for _, a := range actions.All() {
		if k := c.of(a.Gen); k != nil && a.Kind == heal.Drain {
			c.mu.Lock()
			k.stop()
			c.mu.Unlock()
		}
	}
}

// drain ends a connection that was replaced, when nothing is in flight on it any more.
func (k *conn) drain(code uint16) {
	c := k.client
	c.mu.Lock()
	k.ours = true
	k.stop()
	c.mu.Unlock()
	k.farewell = code
	k.until = c.fleet.now().Add(c.fleet.options.Policy.DrainTimeout)
	k.empty()
}

// empty shuts a draining connection that has nothing in flight, or has had its time, and
// looks again a little later otherwise.
func (k *conn) empty() {
	if k.busy() && k.client.later(k.until, mail{client: k.client, conn: k, order: empty}) {
		return
	}
	k.condemn()
	k.shut(k.farewell)
}

// remove begins to end a client for good: what it has under way may be finished first.
func (c *client) remove() {
	if c.leaving || c.left {
		return
	}
	c.leaving = true
	c.until = c.fleet.now().Add(c.fleet.options.Policy.DrainTimeout)
	c.mu.Lock()
	c.shutQueue(leaving)
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
	live, busy := c.live, c.live != nil && c.outbox.frames > 0
	c.mu.Unlock()
	if live != nil && (busy || live.busy()) && c.later(c.until, mail{client: c, order: settle}) {
		return
	}
	m := mail{client: c, event: heal.Event{Kind: heal.Close}}
	c.admit(&m)
	c.shard.step(c, m.event, 0, &m)
	c.depart()
}

// depart forgets a client that has been closed, once its connections are over and what
// arrived on them was handed over.
func (c *client) depart() {
	if c.left || c.state.Phase != heal.Retired || c.conn != nil {
		return
	}
	c.dropAll() // whose senders need not wait for who receives
	c.mu.Lock()
	speaking := c.speaking > 0
	c.mu.Unlock()
	if speaking {
		return
	}
	c.left = true
	c.shard.wheel.disarm(&c.timer)
	c.shard.phases[heal.Retired].Add(-1)
	c.fleet.clients.leave(c.id)
	c.fleet.options.Observe(Event{Kind: Left, At: c.fleet.now(), Client: c.id, Gen: c.state.Gen})
}
