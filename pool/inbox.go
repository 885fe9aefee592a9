package pool

import (
	"context"
	"slices"
	"sync"
)

// inbox is a bounded stream on its way to a reader of its own: a session's, a
// subscription's, a lease's, or the handler of Config.Receive. Statements about continuity
// always find room; those that nobody has read yet become one.
type inbox struct {
	messages, size int // bounds
	slow           Slow

	mu     sync.Mutex
	queue  []Delivery
	desk   *[deskSize]Delivery // what queue lies on, or did; nil: it is its own, or empty
	held   int                 // messages in it
	bytes  int
	waits  int   // bytes of the message that waits for room
	most   int   // ending: bytes in it behind which nothing more is to be expected
	ending bool  // what comes now is the last: nobody waits for room, and there is as much again, and for one more
	over   error // why there will be no more; what is queued is read first
	paused error // why there is no more for now
	more   chan struct{}
	room   chan struct{}
}

func newInbox(messages, size int, slow Slow) *inbox {
	return &inbox{messages: messages, size: size, slow: slow, more: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// put adds a message, waiting for room where slow is Backlog and until the inbox ends.
// It tells how many messages that cost for want of room, its own included; what comes for a
// reader who is gone is none.
func (b *inbox) put(m Message) (dropped int) {
	for {
		b.mu.Lock()
		switch {
		case b.over != nil:
			b.mu.Unlock()
			poke(b.room) // for the next one who waits
			return dropped
		case b.fits(len(m.Payload)):
			b.add(m)
			b.mu.Unlock()
			poke(b.more)
			return dropped
		case b.ending:
			b.mu.Unlock()
			return dropped + 1
		case b.slow == SkipOldest:
			dropped += b.skip()
			b.mu.Unlock()
			continue
		case b.slow == Hangup:
			b.over = ErrSlowConsumer
			b.mu.Unlock()
			poke(b.more)
			return 1
		}
		b.waits = len(m.Payload)
		b.mu.Unlock()
		<-b.room
	}
}

// accept is put for who cannot wait; false: it would have to, or a message would be lost.
func (b *inbox) accept(m Message) bool {
	b.mu.Lock()
	if b.over != nil || b.ending || !b.fits(len(m.Payload)) {
		b.mu.Unlock()
		return false
	}
	b.add(m)
	b.mu.Unlock()
	poke(b.more)
	return true
}

// fits tells whether there is room for a message of so many bytes.
func (b *inbox) fits(size int) bool {
	if b.ending { // the fleet's inbox held as much, and one was on its way from there
		return b.held <= 2*b.messages && b.bytes <= b.most
	}
	return b.held < b.messages && (b.held == 0 || b.bytes+size <= b.size)
}

// desks are lent to inboxes while something lies in them: an idle one holds none.
var desks = sync.Pool{New: func() any { return new([deskSize]Delivery) }}

const deskSize = 64 // deliveries; who has more to hold makes room himself

func (b *inbox) add(m Message) {
	if b.queue == nil {
		b.desk = desks.Get().(*[deskSize]Delivery)
		b.queue = b.desk[:0]
	}
	b.queue = append(b.queue, Delivery{Message: m})
	b.held++
	b.bytes += len(m.Payload)
}

// skip drops the oldest message and leaves a Gap in its place.
func (b *inbox) skip() int {
	for i := range b.queue {
		if b.queue[i].Continuity.Kind != Unbroken {
			continue
		}
		b.held--
		b.bytes -= len(b.queue[i].Message.Payload)
		gap := Delivery{Continuity: Continuity{Kind: Gap, Missed: 1, Reason: ErrSlowConsumer.Error()}}
		if i > 0 && b.queue[i-1].Continuity.Kind == Gap && b.queue[i-1].Continuity.Reason == gap.Continuity.Reason {
			b.queue[i-1].Continuity.Missed++
			b.queue = slices.Delete(b.queue, i, i+1)
		} else {
			b.queue[i] = gap
		}
		return 1
	}
	return 0
}

// tell adds a statement.
func (b *inbox) tell(c Continuity) {
	b.mu.Lock()
	if n := len(b.queue); b.over == nil {
		if n > 0 && b.queue[n-1].Continuity.Kind == c.Kind && c.Kind != Unbroken {
			last := &b.queue[n-1].Continuity
			c.Missed += last.Missed
			c.GivenUp += last.GivenUp
			*last = c
		} else {
			b.queue = append(b.queue, Delivery{Continuity: c})
		}
	}
	b.mu.Unlock()
	poke(b.more)
}

// pause gives err to a reader who has read everything, until it is nil again.
func (b *inbox) pause(err error) {
	b.mu.Lock()
	b.paused = err
	b.mu.Unlock()
	poke(b.more)
}

// finish says that little more will come, and that nobody may be held up by it.
func (b *inbox) finish() {
	b.mu.Lock()
	b.ending, b.most = true, max(b.bytes, b.size)+b.size+b.waits
	b.mu.Unlock()
	poke(b.room)
}

// end lets the reader finish what is queued, and then gives it err.
func (b *inbox) end(err error) {
	b.mu.Lock()
	if b.over == nil {
		b.over = err
	}
	b.mu.Unlock()
	poke(b.more)
	poke(b.room)
}

// next returns what is oldest. It is for one reader at a time; others wait their turn.
func (b *inbox) next(ctx context.Context) (Delivery, error) {
	for {
		b.mu.Lock()
		if len(b.queue) > 0 {
			d := b.queue[0]
			b.queue[0] = Delivery{}
			b.queue = b.queue[1:]
			if d.Continuity.Kind == Unbroken {
				b.held--
				b.bytes -= len(d.Message.Payload)
			}
			b.clear()
			again := len(b.queue) > 0 || b.over != nil || b.paused != nil
			b.mu.Unlock()
			poke(b.room)
			if again {
				poke(b.more)
			}
			return d, nil
		}
		over := b.over
		if over == nil {
			over = b.paused
		}
		b.mu.Unlock()
		if over != nil {
			poke(b.more) // for the next one who asks
			return Delivery{}, over
		}
		done := ctx.Done()
		if done == nil { // nobody will take the reader away: one channel is waited for in half the time of two
			<-b.more
			continue
		}
		select {
		case <-b.more:
		case <-done:
			return Delivery{}, ctx.Err()
		}
	}
}

// clear gives the desk back when nothing lies on it any more.
func (b *inbox) clear() {
	if len(b.queue) > 0 {
		return
	}
	if b.queue = nil; b.desk != nil {
		desks.Put(b.desk)
		b.desk = nil
	}
}

// poke leaves a token where somebody waits, or will.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
