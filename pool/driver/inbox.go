package driver

import "github.com/wsheal/wsheal/pool/heal"

// parcel is one message on its way to Options.Receive.
type parcel struct {
	gen     uint32
	text    bool
	payload []byte
}

// inbox is what has arrived for a client and was not handed over yet, in order, bounded
// by frames and bytes. It is guarded by the client's mutex.
//
//	reader ──▶ hand ──▶ [ inbox ] ──▶ deliver ──▶ Options.Receive
type inbox struct {
	queue   []parcel
	bytes   int
	running bool    // there is a goroutine that delivers
	waiting []*conn // whose readers wait for room
}

// hand passes a message of k on to the client's own goroutine. Where there is no room, it
// does what Options.InboxFull says; false: the connection is over.
func (k *conn) hand(p parcel) bool {
	c, o := k.client, &k.client.fleet.options
	c.mu.Lock()
	for !c.roomy(len(p.payload)) {
		switch o.InboxFull {
		case DropOldest:
			old := c.inbox.pop()
			c.shard.discarded.Add(1)
			c.mu.Unlock()
			o.Observe(Event{Kind: Discarded, At: c.fleet.now(), Client: c.id, Gen: old.gen, Payload: old.payload})
			c.mu.Lock()
		case Disconnect:
			k.end(ending{cause: heal.Unknown, err: ErrInboxFull})
			c.mu.Unlock()
			return false
		default:
			wake := make(chan struct{})
			k.held.Store(&wake)
			c.inbox.waiting = append(c.inbox.waiting, k)
			c.mu.Unlock()
			if k.killed.Load() { // before it could see that somebody waits
				k.unhold()
			}
			<-wake
			if k.killed.Load() {
				return false
			}
			c.mu.Lock()
		}
	}
	c.accept(p)
	c.mu.Unlock()
	return true
}

// roomy tells whether a message of size bytes fits; one alone always does. The mutex must
// be held.
func (c *client) roomy(size int) bool {
	o, in := &c.fleet.options, c.inbox
	return in == nil || len(in.queue) == 0 || len(in.queue) < o.InboxFrames && in.bytes+size <= o.InboxBytes
}

// accept puts a message into the inbox, and starts its delivery. The mutex must be held.
func (c *client) accept(p parcel) {
	if c.inbox == nil {
		c.inbox = new(inbox)
	}
	in := c.inbox
	in.queue = append(in.queue, p)
	in.bytes += len(p.payload)
	if !in.running {
		in.running = true
		c.fleet.users.Add(1)
		go c.deliver()
	}
}

// pop takes the oldest message out.
func (in *inbox) pop() parcel {
	p := in.queue[0]
	in.queue[0] = parcel{}
	in.queue = in.queue[1:]
	in.bytes -= len(p.payload)
	return p
}

// deliver hands over what has arrived, one after the other, until there is nothing.
func (c *client) deliver() {
	defer c.fleet.users.Done()
	for {
		c.mu.Lock()
		in := c.inbox
		if len(in.queue) == 0 || c.fleet.forced.Load() {
			in.queue, in.bytes, in.running = nil, 0, false
			c.mu.Unlock()
			return
		}
		p := in.pop()
		for _, k := range in.waiting {
			k.unhold()
		}
		in.waiting = nil
		c.mu.Unlock()
		c.fleet.options.Receive(c.id, p.gen, p.payload, p.text)
	}
}

// unhold lets the reader go on that waits for room.
func (k *conn) unhold() {
	if wake := k.held.Swap(nil); wake != nil {
		close(*wake)
	}
}
