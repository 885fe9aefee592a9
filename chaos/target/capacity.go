package target

import "time"

// fate is what becomes of a handshake. From admitted on it is settled.
type fate uint8

const (
	waiting  fate = iota // in the queue
	working              // a worker is on it
	admitted             // its cost is spent and the client is still there: it gets its 101
	stale                // its cost was spent on a client that had left
	left                 // its client left before it cost anything
	refused              // the queue was full
)

func (f fate) String() string {
	return [...]string{"waiting", "working", "admitted", "stale", "left", "refused"}[f]
}

// ticket is one handshake on its way through the capacity.
type ticket[T any] struct {
	value T
	fate  fate
	gone  bool          // the client has left
	until time.Duration // end of its work, while working and the cost is waited

	line       *line[T] // the one that it stands in
	prev, next *ticket[T]
}

// stallAfter is how late the end of a handshake may be noticed and still count as
// having happened on time. Timers of a busy process are late by milliseconds, and
// the schedule must not drift with them; but a process that was itself stopped did no
// work, and its workers must not be found to have served hundreds meanwhile.
const stallAfter = 250 * time.Millisecond

// capacity decides who is served when: workers, a queue, a discipline. It holds no
// clock: every method is told the time, counted from any zero, and the times must not
// decrease. With the cost waited, a worker is done exactly cost after it began, and a
// queued handshake begins exactly when a worker is done, however late that is noticed;
// so the rate under load is workers/cost without drift. With the cost burnt, the
// driver says when a worker is done.
type capacity[T any] struct {
	workers int // 0: no limit
	cost    time.Duration
	burn    bool
	limit   int // of the queue; 0: none
	lifo    bool
	keep    bool // a client that has left keeps its place

	busy  int
	queue line[T]
	// due holds what is being worked on in order of its end. That is the order of its
	// beginning, since all cost the same: a list is all it takes.
	due line[T]

	settled []*ticket[T] // reached their final fate since take
	started []*ticket[T] // burn: began since take
	tally   tally
}

// tally counts what has become of handshakes.
type tally struct {
	refused, left, stale int
	stalls               int // times that the schedule was put off
}

func newCapacity[T any](h Handshake) *capacity[T] {
	return &capacity[T]{workers: h.Workers, cost: h.Cost, burn: h.Burn, limit: h.Queue, lifo: h.LIFO, keep: h.StaleWork}
}

// arrive brings a handshake in. Its fate is final at once when it costs nothing or
// finds the queue full.
func (c *capacity[T]) arrive(now time.Duration, t *ticket[T]) {
	c.advance(now)
	switch {
	case c.cost == 0:
		c.settle(t, admitted)
	case c.workers == 0 || c.busy < c.workers:
		c.begin(now, t)
	case c.limit > 0 && c.queue.n >= c.limit:
		c.settle(t, refused)
	default:
		t.fate = waiting
		c.queue.push(t)
	}
}

// leave says that the client is gone. Work that has begun is finished; a place in the
// queue is given up, unless stale work is done. An admission that the client did not
// live to see was stale work after all.
func (c *capacity[T]) leave(now time.Duration, t *ticket[T]) {
	c.advance(now)
	t.gone = true
	switch {
	case t.fate == waiting && !c.keep:
		c.queue.remove(t)
		c.settle(t, left)
	case t.fate == admitted:
		t.fate = stale
		c.tally.stale++
	}
}

// advance lets everything happen that is due by now.
func (c *capacity[T]) advance(now time.Duration) {
	if first := c.due.head; first != nil && now-first.until > stallAfter {
		late := now - first.until
		for t := first; t != nil; t = t.next {
			t.until += late
		}
		c.tally.stalls++
	}
	for t := c.due.head; t != nil && t.until <= now; t = c.due.head {
		c.due.remove(t)
		c.complete(t.until, t)
	}
}

// finish says that the cost of a handshake is burnt.
func (c *capacity[T]) finish(now time.Duration, t *ticket[T]) { c.complete(now, t) }

// next is when advance has something to do; ok is false when it will not, until an
// arrival.
func (c *capacity[T]) next() (at time.Duration, ok bool) {
	if c.due.head == nil {
		return 0, false
	}
	return c.due.head.until, true
}

// take returns what has happened since it was last called.
func (c *capacity[T]) take() (settled, started []*ticket[T]) {
	settled, started = c.settled, c.started
	c.settled, c.started = nil, nil
	return settled, started
}

func (c *capacity[T]) begin(at time.Duration, t *ticket[T]) {
	c.busy++
	t.fate = working
	if c.burn {
		c.started = append(c.started, t)
		return
	}
	t.until = at + c.cost
	c.due.push(t)
}

func (c *capacity[T]) complete(at time.Duration, t *ticket[T]) {
	c.busy--
	if t.gone {
		c.settle(t, stale)
	} else {
		c.settle(t, admitted)
	}
	next := c.queue.head
	if c.lifo {
		next = c.queue.tail
	}
	if next != nil {
		c.queue.remove(next)
		c.begin(at, next)
	}
}

func (c *capacity[T]) settle(t *ticket[T], f fate) {
	t.fate = f
	switch f {
	case refused:
		c.tally.refused++
	case left:
		c.tally.left++
	case stale:
		c.tally.stale++
	}
	c.settled = append(c.settled, t)
}
