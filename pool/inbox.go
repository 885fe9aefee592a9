package pool

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/wsheal/wsheal/pool/driver"
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

	line    *driver.Reading // of which all goes into it, for a reader to read for himself; nil: there is none
	reading bool            // a reader attends to it
	stirred atomic.Bool     // since he does there is something new for him
	waiting int             // how many wait for more, beside him
	putting int             // how many wait for room
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
			b.vacate() // for the next one who waits
			b.mu.Unlock()
			return dropped
		case b.fits(len(m.Payload)):
			b.add(m)
			b.unlock()
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
			b.unlock()
			return 1
		}
		b.waits = len(m.Payload)
		b.putting++
		b.mu.Unlock()
		<-b.room
		b.mu.Lock()
		b.putting--
		b.mu.Unlock()
	}
}

// unlock releases the mutex when there is news for the reader.
func (b *inbox) unlock() {
	attended := b.reading
	b.arrive()
	b.mu.Unlock()
	if attended {
		b.line.Recall()
	}
}

// arrive has a reader look. The mutex must be held.
func (b *inbox) arrive() {
	if b.reading {
		b.stirred.Store(true)
	}
	if b.waiting > 0 {
		poke(b.more)
	}
}

// vacate has somebody look who waits for room. The mutex must be held.
func (b *inbox) vacate() {
	if b.putting > 0 {
		poke(b.room)
	}
}

// accept is put for who cannot wait, as the goroutine that reads a line; false: it would have
// to, or a message would be lost.
func (b *inbox) accept(m Message) bool {
	b.mu.Lock()
	if b.over != nil || b.ending || !b.fits(len(m.Payload)) {
		b.mu.Unlock()
		return false
	}
	b.add(m)
	b.arrive()
	b.mu.Unlock()
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
	b.unlock()
}

// pause gives err to a reader who has read everything, until it is nil again.
func (b *inbox) pause(err error) {
	b.mu.Lock()
	b.paused = err
	b.unlock()
}

// finish says that little more will come, and that nobody may be held up by it.
func (b *inbox) finish() {
	b.mu.Lock()
	b.ending, b.most = true, max(b.bytes, b.size)+b.size+b.waits
	b.vacate()
	b.unlock()
}

// end lets the reader finish what is queued, and then gives it err.
func (b *inbox) end(err error) {
	b.mu.Lock()
	if b.over == nil {
		b.over = err
	}
	b.vacate()
	b.unlock()
}

// attend has the reader read the line himself, until there is something new; false: he has
// to wait until somebody else has read. To have ctx call him away took what it saves. The
// mutex must be held, but is not while he reads.
func (b *inbox) attend(ctx context.Context) bool {
	if b.line == nil || b.reading || b.ending || ctx.Done() != nil {
		return false
	}
	b.reading = true
	b.stirred.Store(false)
	b.mu.Unlock()
	read := b.line.Attend(b.stirred.Load)
	b.mu.Lock()
	b.reading = false
	b.arrive() // one of those who wait is next
	return read || b.stirred.Load()
}

// next returns what is oldest. It is for one reader at a time; others wait their turn.
func (b *inbox) next(ctx context.Context) (Delivery, error) {
	for b.mu.Lock(); ; {
		if len(b.queue) > 0 {
			d := b.take()
			b.vacate()
			if len(b.queue) > 0 || b.over != nil || b.paused != nil {
				b.arrive()
			}
			b.mu.Unlock()
			return d, nil
		}
		over := b.over
		if over == nil {
			over = b.paused
		}
		if over != nil {
			b.arrive() // for the next one who asks
			b.mu.Unlock()
			return Delivery{}, over
		}
		if b.attend(ctx) {
			continue
		}
		b.waiting++
		b.mu.Unlock()
		err := b.await(ctx)
		b.mu.Lock()
		b.waiting--
		if err != nil {
			b.mu.Unlock()
			return Delivery{}, err
		}
	}
}

// await waits for more.
func (b *inbox) await(ctx context.Context) error {
	done := ctx.Done()
	if done == nil { // nobody will take the reader away: one channel is waited for in half the time of two
		<-b.more
		return nil
	}
	select {
	case <-b.more:
		return nil
	case <-done:
		return ctx.Err()
	}
}

// take takes what is oldest out.
func (b *inbox) take() Delivery {
	d := b.queue[0]
	b.queue[0] = Delivery{}
	b.queue = b.queue[1:]
	if d.Continuity.Kind == Unbroken {
		b.held--
		b.bytes -= len(d.Message.Payload)
	}
	b.clear()
	return d
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
