package toxi

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/door"
)

// doorman is a rule of chaos/door. While one is in force each new connection is looked at
// before it is dialled onwards, on a goroutine of its own: it may wait there, and what it
// has sent by then goes on with it.
type doorman struct{ door.Rule }

// atDoor enters a rule of the door; it touches what comes, which has no direction.
func atDoor[E chaos.Effect](make func(E) door.Rule) {
	obeys(func(e E) (rule, chaos.Direction) { return doorman{make(e)}, chaos.Both })
}

// admit lets the connection in, past the orders that stand at the door.
func (c *conn) admit() {
	if len(c.guards()) == 0 {
		c.start()
		return
	}
	c.proxy.ends.Add(1)
	go func() {
		defer c.proxy.ends.Done()
		if c.passes() {
			c.start()
		}
	}()
}

// guards are the orders in force that stand at the door of this connection, and have it
// stand there at one of some stages; none named: at any.
func (c *conn) guards(stages ...door.Stage) (list []*order) {
	for _, o := range *c.proxy.orders.Load() {
		d, ok := o.rule.(doorman)
		if !ok || o.cleared.Load() != 0 || o.share <= 0 || !o.covers(c) || c.proxy.deaf {
			continue
		}
		for _, s := range stages {
			ok = d.Stage() == s
			if ok {
				break
			}
		}
		if ok {
			list = append(list, o)
		}
	}
	return list
}

// passes sees the connection through the door and says whether it goes on.
func (c *conn) passes() bool {
	stranger := identity{client: foreign | c.ordinal, opaque: true}
	if !c.asked(door.Accepted, nil, stranger) {
		return false
	}
	begin := c.client.endpoint.(*headed)
	var request requestReader
	for spoken := false; ; {
		waits := c.guards(door.Hello, door.Asked)
		if len(waits) == 0 {
			return true
		}
		b, err := peek(begin.TCPConn, waits)
		begin.head = append(begin.head, b...)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			continue // one of them is over
		case err != nil:
			return !c.over.Load() // what came, and its end, goes on
		}
		if !spoken && b[0] == tlsHandshake && !c.asked(door.Hello, begin.head, stranger) {
			return false
		}
		spoken = true
		who, named, done := request.feed(b)
		switch {
		case !done:
			continue
		case who.opaque:
			return true
		case !named:
			who.client = stranger.client
		}
		return c.asked(door.Asked, begin.head, who)
	}
}

// tlsHandshake is the first byte of a connection that speaks TLS.
const tlsHandshake = 0x16

// peek reads what the client sends, until one of some orders is over.
func peek(tcp *net.TCPConn, orders []*order) ([]byte, error) {
	var mu sync.Mutex
	done := false
	for _, o := range orders {
		stop := context.AfterFunc(o.context(), func() {
			mu.Lock()
			defer mu.Unlock()
			if !done { // else it would end a read of the link's
				_ = tcp.SetReadDeadline(past)
			}
		})
		defer stop()
	}
	b := make([]byte, smallBuffer)
	n, err := tcp.Read(b)
	mu.Lock()
	defer mu.Unlock()
	done = true
	_ = tcp.SetReadDeadline(time.Time{})
	if n > 0 {
		return b[:n], nil
	}
	return nil, err
}

// asked says whether the connection passes a stage of the door; when not, it has been
// dealt with.
func (c *conn) asked(stage door.Stage, head []byte, who identity) bool {
	for _, o := range c.guards(stage) {
		if !o.has(who.client) {
			continue
		}
		_, misleads := o.rule.(doorman).Rule.(door.BadAccept)
		caller := &door.Caller{
			Context: o.context(), Conn: &told{TCPConn: c.client.endpoint.(*headed).TCPConn, conn: c, who: who, misleads: misleads}, Head: head,
			TooMany: func(max int) bool { return c.proxy.tooMany(c, max) },
			Act:     func(counter string, do func() bool) bool { return o.does(c, who.client, counter, do) },
		}
		if !o.rule.(doorman).Receive(caller) {
			c.introduced(who)
			by := "client" // who was told nothing left of its own accord, or was sent away in the end
			if o.off() {
				by = "fault"
			}
			c.endedBy(by, false, c.proxy.clock())
			c.end()
			return false
		}
	}
	return true
}

// introduced notes who is at the door, once.
func (c *conn) introduced(who identity) {
	if c.who.CompareAndSwap(nil, &who) {
		c.came(who.client < foreign)
	}
}

// does does something to a caller at the door and counts it when it says that it could; it
// returns false, and does nothing, when the order is over. Whoever finds it cleared finds
// counted what was done.
func (o *order) does(c *conn, client uint64, counter string, do func() bool) bool {
	o.acting.RLock()
	defer o.acting.RUnlock()
	if o.cleared.Load() != 0 {
		return false
	}
	o.target(client)
	if do() {
		if !chaos.IsCanary(client) {
			o.count(counter, 1)
		}
		o.act(client, c.proxy.clock())
	}
	return true
}

// tooMany says whether there are more than max connections, this one among them; then it
// counts no longer.
func (p *proxy) tooMany(c *conn, max int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.conns)-p.turned <= max {
		return false
	}
	if !c.turned {
		c.turned = true
		p.turned++
	}
	return true
}

// headed is a client's socket of which the beginning may have been read at the door.
type headed struct {
	*net.TCPConn
	head []byte
	now  prompt
}

func (h *headed) writeNow(b []byte) (int, error) { return h.now.write(h.TCPConn, b) }

// Read returns the beginning first.
func (h *headed) Read(b []byte) (int, error) {
	if len(h.head) == 0 {
		return h.TCPConn.Read(b)
	}
	n := copy(b, h.head)
	h.head = h.head[n:]
	return n, nil
}

// context is done when the order is over.
func (o *order) context() context.Context {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ctx == nil {
		o.ctx, o.release = context.WithCancel(context.Background())
		if o.off() {
			o.release()
		}
	}
	return o.ctx
}

// released ends what waits for the order's sake. It has been cleared.
func (o *order) released() {
	o.mu.Lock()
	if o.release != nil {
		o.release()
	}
	o.mu.Unlock()
	o.acting.Lock() // when what is being done is done
	defer o.acting.Unlock()
}
