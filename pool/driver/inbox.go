package driver

import "github.com/wsheal/wsheal/pool/heal"

// parcel is one message on its way to the user's code.
type parcel struct {
	gen     uint32
	text    bool
	payload []byte
}

// box holds messages that have arrived and were not taken yet, in order. It is guarded by
// the client's mutex.
type box struct {
	queue   []parcel
	bytes   int
	waiting []*conn // whose readers wait for room
}

// roomy tells whether a message of size bytes fits; one alone always does.
func (b *box) roomy(size int, o *Options) bool {
	return len(b.queue) == 0 || len(b.queue) < o.InboxFrames && b.bytes+size <= o.InboxBytes
}

func (b *box) put(p parcel) {
	b.queue = append(b.queue, p)
	b.bytes += len(p.payload)
}

// pop takes the oldest message out, and lets readers go on.
func (b *box) pop() parcel {
	p := b.queue[0]
	b.queue[0] = parcel{}
	b.queue = b.queue[1:]
	if len(b.queue) == 0 {
		b.queue = nil
	}
	b.bytes -= len(p.payload)
	b.wake()
	return p
}

func (b *box) wake() {
	for _, k := range b.waiting {
		k.unhold()
	}
	b.waiting = nil
}

// inbox is what a client's Receive was not handed yet.
//
//	reader ──▶ hand ──┬──────────────────▶ [ inbox ] ──▶ deliver ──▶ Options.Receive
//	                  └▶ [ exchange ] ──▶ what does not match ┘
type inbox struct {
	box
	running bool // there is a goroutine that delivers
}

// hand passes a message of k on to the client's own goroutine, or to the exchange that is
// going on. Where there is no room, it does what Options.InboxFull says; false: the
// connection is over.
func (k *conn) hand(p parcel) bool {
	c, o := k.client, &k.client.fleet.options
	c.mu.Lock()
	for {
		to := c.box(k)
		switch {
		case to == nil: // nobody wants it
		case to.roomy(len(p.payload), o):
			if to.put(p); k.exchange != nil {
				k.exchange.arrived()
			} else {
				c.rouse()
			}
		case o.InboxFull == DropOldest:
			c.discard(to)
			continue
		case o.InboxFull == Disconnect:
			k.end(ending{cause: heal.Unknown, err: ErrInboxFull})
			c.mu.Unlock()
			return false
		default:
			if !c.wait(k, to) {
				return false
			}
			continue
		}
		c.mu.Unlock()
		return true
	}
}

// box is where a message of k goes; nil: nowhere. The mutex must be held.
func (c *client) box(k *conn) *box {
	switch {
	case k.exchange != nil:
		return &k.exchange.box
	case c.fleet.options.Receive == nil:
		return nil
	case c.inbox == nil:
		c.inbox = new(inbox)
	}
	return &c.inbox.box
}

// discard gives up the oldest message of a box. The mutex is held, but not all the time.
func (c *client) discard(b *box) {
	old := b.pop()
	c.shard.discarded.Add(1)
	c.mu.Unlock()
	c.fleet.options.Observe(Event{Kind: Discarded, At: c.fleet.now(), Client: c.id, Gen: old.gen, Payload: old.payload})
	c.mu.Lock()
}

// wait holds up the reader of k until there may be room in a box; false: the connection is
// over. The mutex is held, but while it waits, and not when it is false.
func (c *client) wait(k *conn, b *box) bool {
	wake := make(chan struct{})
	k.held.Store(&wake)
	b.waiting = append(b.waiting, k)
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
		c.fleet.users.Add(1)
		c.fleet.crew.run(job{deliver: c})
	}
}

// deliver hands over what has arrived, one after the other, until there is nothing.
func (c *client) deliver() {
	defer c.fleet.users.Done()
	for {
		c.mu.Lock()
		in := c.inbox
		if c.fleet.forced.Load() {
			in.queue, in.bytes = nil, 0
		}
		if len(in.queue) == 0 {
			in.running = false
			c.mu.Unlock()
			return
		}
		p := in.pop()
		c.mu.Unlock()
		c.fleet.options.Receive(c.id, p.gen, p.payload, p.text)
	}
}
