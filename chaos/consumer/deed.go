package consumer

import (
	"sync"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// deed is one fault and what came of it.
type deed struct {
	fault  chaos.Fault
	rate   int64
	born   int
	clock  func() int64
	done   chan struct{} // closed when it is over
	expiry *time.Timer   // nil: it does not end by itself

	mu       sync.Mutex
	counts   chaos.Evidence
	targeted map[uint64]struct{}
	hit      map[uint64]struct{}
}

func newDeed(f chaos.Fault, born int, clock func() int64) *deed {
	return &deed{
		fault: f, rate: chaos.Value(f.Effect).(chaos.SlowConsumer).Rate, born: born, clock: clock, done: make(chan struct{}),
		counts: chaos.Evidence{Armed: clock()}, targeted: map[uint64]struct{}{}, hit: map[uint64]struct{}{},
	}
}

func (d *deed) over() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}

// covers says whether it is in force on a connection.
func (d *deed) covers(c *conn) bool {
	return !d.over() && d.fault.On == c.target && d.fault.Conns.Covers(c.born < d.born) &&
		chaos.InCohort(d.fault.Seed, d.fault.Name, c.client, d.fault.Share)
}

// meet notes a client whose connection it is in force on.
func (d *deed) meet(c *conn) {
	if chaos.IsCanary(c.client) || !d.covers(c) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.targeted[c.client] = struct{}{}
}

// held notes that a read was held back while bytes lay unread.
func (d *deed) held(client uint64, bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over() || chaos.IsCanary(client) {
		return
	}
	e := &d.counts
	e.Last = d.clock()
	if e.First == 0 {
		e.First = e.Last
	}
	e.HeldChunks++
	e.HeldBytes += bytes
	d.hit[client] = struct{}{}
}

func (d *deed) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over() {
		return
	}
	if d.expiry != nil {
		d.expiry.Stop()
	}
	d.counts.Cleared = d.clock()
	close(d.done)
}

func (d *deed) evidence() chaos.Evidence {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.counts
	e.Targeted, e.Hit = len(d.targeted), len(d.hit)
	return e
}
