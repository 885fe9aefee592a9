package driver

import (
	"slices"

	"github.com/wsheal/wsheal/pool/heal"
)

// parcel is one message on its way to the user's code, or the end of its connection.
type parcel struct {
	gen     uint32
	text    bool
	last    bool // no message: nothing follows of this connection
	payload []byte
}

// box holds messages that have arrived and were not taken yet, in order. It is guarded by
// the client's mutex.
type box struct {
	queue []parcel
	bytes int
	ends  int // how many of the queue are no messages
}

func (b *box) put(p parcel) {
	b.queue = append(b.queue, p)
	b.bytes += len(p.payload)
	if p.last {
		b.ends++
	}
}

// pop takes the oldest out.
func (b *box) pop() parcel { return b.take(0) }

func (b *box) take(i int) parcel {
	p := b.queue[i]
	copy(b.queue[1:i+1], b.queue[:i])
	b.queue[0] = parcel{}
	b.queue = b.queue[1:]
	if len(b.queue) == 0 {
		b.queue = nil
	}
	b.bytes -= len(p.payload)
	if p.last {
		b.ends--
	}
	return p
}

// message finds the oldest message; false: there is none.
func (b *box) message() (i int, ok bool) {
	i = slices.IndexFunc(b.queue, func(p parcel) bool { return !p.last })
	return i, i >= 0
}

// inbox is what a client's Receive was not handed yet.
//
//	reader ──▶ hand ──┬──────────────────▶ [ inbox ] ──▶ deliver ──▶ Options.Receive
//	   │              ├▶ Options.Accept, as long as the inbox is empty
//	   │              └▶ [ exchange ] ──▶ what does not match ┘
//	   └─ end ──────────────────▶ last ─────────▲
type inbox struct {
	box
	running bool    // there is a goroutine that delivers
	waiting []*conn // whose readers wait for room
}

// roomy tells whether a message of k of so many bytes fits; one alone always does. What an
// exchange has passed by and what it has not counts together, and one that begins a
// connection has as much room again: else no connection could begin while the user's code
// is behind. The mutex must be held.
func (c *client) roomy(k *conn, size int) bool {
	o, n, bytes := &c.fleet.options, 0, 0
	frames, most := o.InboxFrames, o.InboxBytes
	if in := c.inbox; in != nil {
		n, bytes = len(in.queue)-in.ends, in.bytes
	}
	if x := k.exchange; x != nil {
		n, bytes = n+len(x.queue), bytes+x.bytes
		if x.first { // the inbox may hold one message that is larger than its bound
			frames, most = 2*frames, most+max(most, o.MaxMessage)
		}
	}
	return n == 0 || n < frames && bytes+size <= most
}

// wake lets readers go on that wait for room. The mutex must be held.
func (c *client) wake() {
	if in := c.inbox; in != nil {
		for _, k := range in.waiting {
			k.unhold()
		}
		in.waiting = nil
	}
}

// hand passes a message of k on to the client's own goroutine, or to the exchange that is
// going on. Where there is no room, it does what Options.InboxFull says; false: the
// connection is over.
func (k *conn) hand(p parcel) bool {
	c, o := k.client, &k.client.fleet.options
	// What comes next on this connection comes from this goroutine, so that no lock is needed.
	if !k.exchanging.Load() { // asked first: what an exchange leaves behind is in the inbox before it is over
		if accept := c.straight.Load(); accept != nil && (*accept)(c.id, p.gen, p.payload, p.text) {
			return true
		}
	}
	c.mu.Lock()
	for {
		switch {
		case k.exchange == nil && o.Receive == nil: // nobody wants it
		case c.roomy(k, len(p.payload)), o.InboxFull < DropOldest && k.wire.Attended(): // who attends may be who makes room
			if x := k.exchange; x != nil {
				x.put(p)
				x.arrived()
			} else {
				c.intake().put(p)
				c.rouse()
			}
		case o.InboxFull == DropOldest:
			c.discard(k)
			continue
		case o.InboxFull == Disconnect:
			k.end(ending{cause: heal.Unknown, err: ErrInboxFull})
			c.mu.Unlock()
			return false
		default:
			if !c.wait(k) {
				return false
			}
			continue
		}
		c.mu.Unlock()
		return true
	}
}

// straighten says who is offered a message first. The mutex must be held.
func (c *client) straighten() {
	accept := c.accept
	if accept == nil {
		accept = &c.fleet.options.Accept
	}
	if *accept == nil || c.inbox != nil && c.inbox.running {
		accept = nil
	}
	c.straight.Store(accept)
}

// intake is the client's inbox, made when it is needed first. The mutex must be held.
func (c *client) intake() *inbox {
	if c.inbox == nil {
		c.inbox = new(inbox)
	}
	return c.inbox
}

// discard gives up the oldest message of which k's must make room. The mutex is held, but
// not all the time.
func (c *client) discard(k *conn) {
	b := &c.intake().box
	i, ok := b.message()
	if !ok { // then the exchange has some
		b = &k.exchange.box
		i = 0
	}
	old := b.take(i)
	c.shard.discarded.Add(1)
	c.mu.Unlock()
	c.fleet.options.Observe(Event{Kind: Discarded, At: c.fleet.now(), Client: c.id, Gen: old.gen, Payload: old.payload})
	c.mu.Lock()
}

// wait holds up the reader of k until there may be room; false: the connection is over. An
// exchange that checks the connection cannot be answered meanwhile and is excused. The mutex
// is held, but while it waits, and not when it is false.
func (c *client) wait(k *conn) bool {
	wake := make(chan struct{})
	k.held.Store(&wake)
	in := c.intake()
	in.waiting = append(in.waiting, k)
	if x := k.exchange; x != nil && !x.first {
		x.excused = true
		x.cancel()
	}
	c.mu.Unlock()
	if k.killed.Load() { // before it could see that somebody waits
		k.unhold()
	}
	<-wake
	if k.killed.Load() {
		return false
	}
	c.mu.Lock()
	return true
}

// unhold lets the reader go on that waits for room.
func (k *conn) unhold() {
	if wake := k.held.Swap(nil); wake != nil {
		close(*wake)
	}
}

// rouse starts the delivery of what is in the inbox. The mutex must be held.
func (c *client) rouse() {
	if in := c.inbox; !in.running {
		in.running = true
		c.straighten()
		c.fleet.users.Add(1)
		c.fleet.crew.run(job{deliver: c})
	}
}

// silence tells that nothing follows of k, behind all that has arrived on it.
func (k *conn) silence() {
	c := k.client
	c.mu.Lock()
	switch in := c.inbox; {
	case k.exchange != nil:
		k.exchange.last = true
	case in != nil && in.running:
		in.put(parcel{gen: k.gen, last: true})
	default: // everything was handed over
		c.mu.Unlock()
		c.silent(k.gen)
		return
	}
	c.mu.Unlock()
}

// silent tells that nothing follows of a connection.
func (c *client) silent(gen uint32) {
	c.fleet.options.Observe(Event{Kind: Ended, At: c.fleet.now(), Client: c.id, Gen: gen})
	c.mu.Lock()
	c.speaking--
	left := c.closed == leaving
	c.mu.Unlock()
	if left {
		c.shard.post(mail{client: c, order: over})
	}
}

// deliver hands over what has arrived, one after the other, until there is nothing.
func (c *client) deliver() {
	defer c.fleet.users.Done()
	for {
		c.mu.Lock()
		in := c.inbox
		if c.fleet.forced.Load() {
			in.queue = slices.DeleteFunc(in.queue, func(p parcel) bool { return !p.last })
			in.bytes = 0
		}
		if len(in.queue) == 0 {
			in.running = false
			c.straighten()
			c.mu.Unlock()
			return
		}
		p := in.pop()
		c.wake()
		c.mu.Unlock()
		if p.last {
			c.silent(p.gen)
		} else {
			c.fleet.options.Receive(c.id, p.gen, p.payload, p.text)
		}
	}
}
