package driver

import (
	"context"
	"slices"

	"github.com/wsheal/wsheal/pool/heal"
)

// Full says what happens to a message for which the queue has no room. One that would
// never fit is refused with ErrQueueFull at once, whatever it says.
type Full uint8

const (
	FailFast   Full = iota // Send fails with ErrQueueFull
	Block                  // SendWait waits for room, as long as its context lets it; Send fails
	DropOldest             // the oldest message of which nothing was written makes room, as Dropped
	Disconnect             // the connection is killed as WriteStall, and Send fails
)

// waiter is a SendWait that waits for room.
type waiter struct {
	message Message
	err     error         // why it was not queued; valid when done is closed
	done    chan struct{} // closed when its message was queued or refused
}

// send takes one message, and sees to it that it is written if it can be.
func (c *client) send(m Message) error {
	c.mu.Lock()
	dropped, err := c.offer(m)
	c.unlock()
	c.fleet.tell(dropped)
	return err
}

// unlock releases the mutex, and writes what was queued if nobody does. The payload of the
// message that was queued last need not be copied if all of it is in what is written here.
func (c *client) unlock() {
	k := c.live
	var b *batch
	if k != nil && c.outbox.pending() {
		b = k.promptly()
	}
	if m := c.outbox.newest(); m != nil && m.by == nil {
		m.own()
	}
	c.mu.Unlock()
	if b != nil {
		k.push(b)
	}
}

// offer queues one message, or says why not, and whom it displaced. Its payload is the
// caller's until unlock. The mutex must be held.
func (c *client) offer(m Message) (dropped []Event, err error) {
	o, size := &c.fleet.options, len(m.Payload)
	switch {
	case c.closed != accepting:
		return nil, c.closed.err()
	case c.tooLate(m.Gen):
		return nil, ErrEnded
	case size > o.QueueBytes:
		return nil, ErrQueueFull
	case c.room(size):
		c.queue(m)
		return nil, nil
	case o.Full == DropOldest:
		dropped, ok := c.makeRoom(size)
		if !ok {
			return dropped, ErrQueueFull
		}
		c.queue(m)
		return dropped, nil
	case o.Full == Disconnect && c.live != nil:
		c.live.end(ending{cause: heal.WriteStall, err: ErrQueueFull})
	}
	return nil, ErrQueueFull
}

// room tells whether a message of size bytes may be queued now: those that wait for room
// come first. The mutex must be held.
func (c *client) room(size int) bool {
	o := &c.fleet.options
	return c.waiters == nil && c.outbox.fits(size, o.QueueFrames, o.QueueBytes)
}

// queue puts a message into the outbox. The mutex must be held.
func (c *client) queue(m Message) {
	c.outbox.push(m)
	c.shard.waiting.Add(1)
}

// makeRoom gives up the oldest messages that can still be given up, until one of size
// bytes fits. The mutex must be held.
func (c *client) makeRoom(size int) (dropped []Event, ok bool) {
	for !c.room(size) {
		m := c.outbox.oldest()
		if m == nil {
			return dropped, false
		}
		dropped = append(dropped, c.giveUp(m))
		c.outbox.finish(m)
	}
	return dropped, true
}

// giveUp is the report of a message that is given up. The mutex must be held, and the
// message must be finished.
func (c *client) giveUp(m *message) Event {
	c.shard.waiting.Add(-1)
	gen := c.seen.gen
	if m.by != nil {
		gen = m.by.gen
	}
	return Event{Kind: Dropped, At: c.fleet.now(), Client: c.id, Gen: gen, Seq: m.seq, Ref: m.ref, Outcome: m.outcome()}
}

// sendWait is send for a caller that may wait for room.
func (c *client) sendWait(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o, size := &c.fleet.options, len(m.Payload)
	c.mu.Lock()
	if o.Full != Block || c.closed != accepting || c.tooLate(m.Gen) || size > o.QueueBytes || c.room(size) {
		dropped, err := c.offer(m)
		c.unlock()
		c.fleet.tell(dropped)
		return err
	}
	w := &waiter{message: m.own(), done: make(chan struct{})}
	if c.waiters == nil {
		c.waiters = new([]*waiter)
	}
	*c.waiters = append(*c.waiters, w)
	c.mu.Unlock()
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-w.done: // it was let in, or refused, in the same moment
		return w.err
	default:
	}
	i := slices.Index(*c.waiters, w)
	*c.waiters = slices.Delete(*c.waiters, i, i+1)
	c.letIn() // who came after it may fit where it did not
	return ctx.Err()
}

// letIn queues the messages of those who wait for room, in order, as far as it goes. The
// mutex must be held.
func (c *client) letIn() {
	if c.waiters == nil {
		return
	}
	if c.live != nil {
		defer c.live.kick()
	}
	o := &c.fleet.options
	for len(*c.waiters) > 0 {
		w := (*c.waiters)[0]
		if !c.outbox.fits(len(w.message.Payload), o.QueueFrames, o.QueueBytes) {
			return
		}
		*c.waiters = slices.Delete(*c.waiters, 0, 1)
		c.queue(w.message)
		close(w.done)
	}
	c.waiters = nil
}

// tooLate tells whether the connection is over that a message goes over alone. The next one
// may be announced before it is live. The mutex must be held.
func (c *client) tooLate(gen uint32) bool {
	switch {
	case gen == 0 || c.live != nil && c.live.gen == gen:
		return false
	case c.live != nil && gen < c.live.gen:
		return true
	}
	return gen <= c.past
}

// forsake gives up what goes over connections up to gen's alone, those that wait for room
// among it. The mutex must be held.
func (c *client) forsake(gen uint32) (dropped []Event) {
	c.outbox.forsake(gen, func(m *message) {
		ev := c.giveUp(m)
		ev.Gen = m.gen
		dropped = append(dropped, ev)
	})
	if c.waiters != nil {
		*c.waiters = slices.DeleteFunc(*c.waiters, func(w *waiter) bool {
			over := w.message.Gen != 0 && w.message.Gen <= gen
			if over {
				w.err = ErrEnded
				close(w.done)
			}
			return over
		})
	}
	c.letIn()
	return dropped
}

// shutQueue ends the queueing. The mutex must be held.
func (c *client) shutQueue(why closure) {
	if c.closed != accepting {
		return
	}
	c.closed = why
	if c.waiters != nil {
		for _, w := range *c.waiters {
			w.err = why.err()
			close(w.done)
		}
		c.waiters = nil
	}
}

// acknowledge frees the message that an answer names; false: nothing waited for it.
func (c *client) acknowledge(seq uint64) (ref any, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ref, ok = c.outbox.acknowledge(seq); ok {
		c.shard.waiting.Add(-1)
		c.letIn()
	}
	return ref, ok
}

// dropAll gives up everything that is queued, at the end of the client.
func (c *client) dropAll() {
	c.mu.Lock()
	var dropped []Event
	for i := int(c.outbox.head); i < len(c.outbox.messages); i++ {
		if m := &c.outbox.messages[i]; !m.done {
			dropped = append(dropped, c.giveUp(m))
		}
	}
	c.outbox = outbox{}
	c.mu.Unlock()
	c.fleet.tell(dropped)
}
