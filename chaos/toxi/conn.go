package toxi

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"

	"github.com/wsheal/wsheal/chaos"
)

// conn is one connection of a client through a proxy: two sockets and two lanes.
type conn struct {
	proxy    *proxy
	ordinal  uint64 // of arrival at the proxy, from 0
	upstream string // where it is dialled to
	opened   time.Time
	seen     seen // for whoever watches

	client *side
	server *side
	remote *remote // the server's endpoint
	up     *lane
	down   *lane

	who      atomic.Pointer[identity] // nil until the upgrade request has been read
	request  requestReader            // of the up lane, under its lock
	status   statusReader             // of the down lane, under its lock
	upgraded atomic.Bool              // the target answered 101
	bridged  atomic.Bool              // all of that answer has come: what follows it are frames
	serving  atomic.Bool              // that answer, or the first bytes of an opaque one, is being written or was
	served   atomic.Bool              // the client got the beginning of it
	answered chan struct{}            // closed when what serving says has come to its end

	over   atomic.Bool                // ended by the proxy: both sockets are closed, the lanes drain
	ghost  atomic.Pointer[order]      // that made it a ghost; nil: it is none
	hushed atomic.Bool                // the client is being told the last that it hears; what it says to that does not cross
	linger atomic.Pointer[time.Timer] // that closes it after a FIN; nil: none was sent
	parts  atomic.Int32               // sources and sinks that have not ended
	gone   sync.Once                  // leaves the proxy's count of the living
	turned bool                       // away at the door: it counts for no limit; under the proxy's mu
	cutMu  sync.Mutex                 // one cut at a time

	memories sync.Map // *order → what its rule remembers of the connection
}

func newConn(p *proxy, tcp *net.TCPConn, upstream string, ordinal uint64) *conn {
	c := &conn{proxy: p, ordinal: ordinal, upstream: upstream, opened: time.Now(), answered: make(chan struct{})}
	c.seen.accepted = p.clock()
	c.remote = newRemote(c)
	c.client, c.server = &side{endpoint: &headed{TCPConn: tcp}}, &side{endpoint: c.remote}
	c.up, c.down = newLane(c, chaos.Up), newLane(c, chaos.Down)
	c.up.out = &sink{to: c.server, from: c.client, lane: c.up}
	c.down.out = &sink{to: c.client, from: c.server, lane: c.down}
	c.parts.Store(4)
	return c
}

// wasOpen says whether the connection is older than an order.
func (c *conn) wasOpen(o *order) bool { return c.ordinal < o.from.Load() }

// greeted says whether every order that greets lets the connection in. One that does not
// has ended it, and acted on whoever it is: it is asked before anybody can be known.
func (c *conn) greeted() bool {
	for _, o := range *c.proxy.orders.Load() {
		g, ok := o.rule.(greeter)
		if ok && o.share > 0 && o.covers(c) && !c.proxy.deaf && !c.greetedBy(o, g) {
			return false
		}
	}
	return true
}

func (c *conn) greetedBy(o *order, g greeter) bool {
	o.doing.RLock()
	defer o.doing.RUnlock()
	if o.off() || g.greet(o, c) == welcome {
		return true
	}
	who := identity{client: foreign | c.ordinal, opaque: true}
	c.who.Store(&who)
	c.came(false)
	o.target(who.client)
	c.served.Store(true)
	c.cut(o)
	return false
}

// start hands both directions to Toxiproxy's links. The target is dialled at once,
// unless a partition is in force that may be meant for this client: then not before
// its request may go on.
func (c *conn) start() {
	c.proxy.ends.Add(6) // source, tap and sink of each lane
	if !c.mayBeHeld() {
		c.remote.dial()
	}
	p := c.proxy
	p.startMu.Lock()
	defer p.startMu.Unlock()
	p.starting = c
	name := fmt.Sprintf("%d", c.ordinal) // not the address, as that is used again
	var from io.Reader = &source{c.client, c.up}
	p.stock.Toxics.StartLink(p.server.stock, name+"up", from, c.up.out, stream.Upstream)
	from = &source{c.server, c.down}
	p.stock.Toxics.StartLink(p.server.stock, name+"down", from, c.down.out, stream.Downstream)
}

// mayBeHeld says whether an order holds what goes up, for all that is known.
func (c *conn) mayBeHeld() bool {
	c.up.mu.Lock()
	defer c.up.mu.Unlock()
	c.up.refresh()
	return c.up.plan.hold
}

// read looks into a chunk on its way for the identity and for the target's 101; nil is
// the end of stream. A target that says something else than HTTP before it was asked for
// anything whole tells that there is no identity to come. The lane's lock is held.
func (c *conn) read(way chaos.Direction, chunk *stream.StreamChunk) {
	if way == chaos.Down {
		if chunk != nil && c.status.feed(chunk.Data) {
			c.upgraded.Store(true)
			c.proxy.upgraded.Add(1)
		}
		if chunk != nil && c.who.Load() == nil && !couldBeAnswer(chunk.Data) {
			c.introduced(identity{client: foreign | c.ordinal, opaque: true})
			c.up.poke()
		}
		c.seen.status.Store(int32(c.status.status()))
		return
	}
	if c.who.Load() != nil {
		return
	}
	var who identity
	named, done := false, true
	if chunk != nil {
		who, named, done = c.request.feed(chunk.Data)
	}
	if !done {
		return
	}
	if !named {
		who.client = foreign | c.ordinal
	}
	c.introduced(who)
	c.down.poke()
}

// crossed counts bytes that were written to the other side.
func (c *conn) crossed(way chaos.Direction, n int) {
	if way == chaos.Up {
		c.proxy.bytesUp.Add(int64(n))
		return
	}
	c.proxy.bytesDown.Add(int64(n))
	if c.serving.Load() && !c.served.Load() {
		if c.upgraded.Load() {
			c.openedFor()
		}
		c.served.Store(true)
	}
}

// letsIn says whether what is written to the client next is the first that tells it that it
// has been let in. The client may act on it before the write has returned, so that is known
// before; whoever asks closes answered after it.
func (c *conn) letsIn() bool {
	if c.serving.Load() {
		return false
	}
	who := c.who.Load()
	in := c.upgraded.Load() || who != nil && who.opaque
	c.serving.Store(in)
	return in
}

// wasServed says whether the client has been told that it was let in. A write that tells it,
// and goes on, is waited for: it ends at once, unless the client's window has no room for it.
func (c *conn) wasServed() bool {
	if c.serving.Load() && !c.served.Load() {
		select {
		case <-c.answered:
		case <-time.After(settleTime):
		}
	}
	return c.served.Load()
}

// holding returns the orders that are in force and ought to hold what goes this way.
// It does not ask the lane.
func (c *conn) holding(way chaos.Direction, end bool) []*order {
	var found []*order
	for _, o := range *c.proxy.orders.Load() {
		if !c.over.Load() && o.holding(c, way, end) {
			found = append(found, o)
		}
	}
	return found
}

// fate is what became of a connection that was to be cut.
type fate uint8

const (
	livesOn   fate = iota // the order was not obeyed
	isCut                 // ended as was wanted: with a RST, unless it says otherwise
	wasClosed             // it had ended before
)

// cut ends the connection with a RST on both sides, and counts it for the order when
// the client's socket was really closed so. One that is ending with a FIN has ended.
func (c *conn) cut(o *order) fate {
	if c.proxy.deaf {
		return livesOn
	}
	c.cutMu.Lock()
	defer c.cutMu.Unlock()
	if !c.ends() {
		return wasClosed
	}
	// With a linger of 0 closing flushes nothing and waits for nothing: the kernel drops
	// what is unsent and sends the RST at once, idle or not. The target's side, of which
	// nothing is claimed, comes first, as the lanes close it too once the client's is gone.
	c.endedBy("fault", true, c.proxy.clock()) // before the lanes see what it does
	_ = c.server.SetLinger(0)
	err := c.client.SetLinger(0)
	if err == nil {
		err = c.client.Close()
	}
	now := c.proxy.clock()
	_ = c.server.Close()
	c.stop()
	if err != nil {
		return wasClosed
	}
	if !c.isCanary() {
		o.cut.Add(1)
	}
	c.hitBy(o, now)
	return isCut
}

// ends says that the connection is being ended, unless it has been already, or its client is
// being told the last that it hears, or was: a RST would overtake that, which counts as told.
func (c *conn) ends() bool {
	c.down.mu.Lock() // under which it is decided what goes on
	defer c.down.mu.Unlock()
	if c.over.Load() || c.hushed.Load() || c.linger.Load() != nil {
		return false
	}
	c.down.barred = true
	return true
}

// end closes both sockets.
func (c *conn) end() {
	_ = c.client.Close()
	_ = c.server.Close()
	c.stop()
}

// stop makes the lanes end, whatever they hold.
func (c *conn) stop() {
	c.over.Store(true)
	for _, l := range []*lane{c.up, c.down} {
		l.mu.Lock()
		l.moved.Broadcast()
		l.mu.Unlock()
		l.poke()
	}
	c.leave()
}

// partEnded notes that a source or a sink has ended; after all four, the connection is no
// more, and what an order left open of it is closed.
func (c *conn) partEnded() {
	if c.parts.Add(-1) == 0 {
		c.end()
	}
}

// leave takes the connection out of the proxy's living, once.
func (c *conn) leave() {
	c.gone.Do(func() {
		c.proxy.forget(c)
		c.left()
	})
	if t := c.linger.Load(); t != nil {
		t.Stop()
	}
}
