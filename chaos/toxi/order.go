package toxi

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// order is one fault on one proxy: what the taps obey, and what they and the sinks
// counted of it. Its first fields never change once it is in a list.
type order struct {
	name  string
	key   string // of the cohort; the name unless the toxic says otherwise
	seed  uint64
	share float64
	lasts time.Duration // 0: until cleared

	ramp  time.Duration // over which the cohort grows to share; 0: at once
	flap  chaos.Flap    // zero: it does not
	conns chaos.Conns   // empty: all
	way   chaos.Direction
	rule  rule
	once  bool // over as soon as it has swept

	from  atomic.Uint64 // ordinal of the first connection that was accepted after it came into force
	steps atomic.Uint32 // of rampSteps by which the cohort has grown
	quiet atomic.Uint32 // of them, those that every lane obeys

	lifted atomic.Uint32 // lowered, raised or lowering
	turns  atomic.Uint32 // how often it has come into force again

	armed, cleared, first, last                         atomic.Int64 // clock
	cut, heldChunks, heldBytes, leaked, delayed, addedN atomic.Int64

	doing sync.RWMutex // held for reading by what its rule does to connections of its own accord, until it is counted

	acting sync.RWMutex // held for reading while something is done at the door and counted; taken before mu

	mu                     sync.Mutex
	ctx                    context.Context // done when it is over; nil: nobody has asked
	release                context.CancelFunc
	targeted, hit, control map[uint64]struct{}
	counts                 map[string]int64 // by the names of the kind's Proof
}

// rampSteps is in how many steps a cohort grows.
const rampSteps = 50

// has says whether the order touches a client, for as far as its cohort has grown.
func (o *order) has(client uint64) bool { return o.within(client, &o.steps) }

func (o *order) within(client uint64, steps *atomic.Uint32) bool {
	share := o.share
	if o.ramp > 0 {
		share *= float64(steps.Load()) / rampSteps
	}
	return chaos.InCohort(o.seed, o.key, client, share)
}

// mine says whether a client is of the cohort when that has grown to its full share.
func (o *order) mine(client uint64) bool { return chaos.InCohort(o.seed, o.key, client, o.share) }

// covers says whether a connection is one of those that the order is meant for, by when
// it was accepted.
func (o *order) covers(c *conn) bool {
	return o.conns.Covers(c.wasOpen(o))
}

// holding says whether the order must not let bytes, or an end of stream, of a connection
// cross: it is in force, and every lane obeys it. It asks no lane.
func (o *order) holding(c *conn, way chaos.Direction, end bool) bool {
	h, ok := o.rule.(holder)
	if !ok || !o.inForce() || !o.way.Covers(way) || !o.covers(c) {
		return false
	}
	if bytes, ends := h.holds(); end && !ends || !end && !bytes {
		return false
	}
	if who := c.who.Load(); who != nil {
		return o.within(who.client, &o.quiet)
	}
	return o.share >= 1 && (o.ramp == 0 || o.quiet.Load() == rampSteps)
}

// count adds to a counter of the kind's Proof.
func (o *order) count(name string, n int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.counts == nil {
		o.counts = map[string]int64{}
	}
	o.counts[name] += n
}

// counts adds to a counter of an order what that did to the connection, unless it is a
// canary's.
func (c *conn) counts(o *order, name string, n int64) {
	if !c.isCanary() {
		o.count(name, n)
	}
}

// isCanary says whether a fault is not to count what it does to the connection. What crosses
// that should not is counted all the same.
func (c *conn) isCanary() bool {
	who := c.who.Load()
	return who != nil && chaos.IsCanary(who.client)
}

// target notes a client of the cohort with a connection while the order is in force.
func (o *order) target(client uint64) {
	if chaos.IsCanary(client) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.targeted == nil {
		o.targeted = map[uint64]struct{}{}
	}
	o.targeted[client] = struct{}{}
}

// act notes that the order acted on a client's connection. It is called where bytes are
// held back or released and sockets closed, and asks anew whether the client is one
// that it should have acted on.
func (o *order) act(client uint64, now int64) {
	o.acted(now)
	if chaos.IsCanary(client) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	set := &o.hit
	if !o.mine(client) {
		set = &o.control
	}
	if *set == nil {
		*set = map[uint64]struct{}{}
	}
	(*set)[client] = struct{}{}
}

// acted moves the times of the first and the last act.
func (o *order) acted(now int64) {
	o.first.CompareAndSwap(0, now)
	for {
		last := o.last.Load()
		if last >= now || o.last.CompareAndSwap(last, now) {
			return
		}
	}
}

// inForce says whether the order has been confirmed and not yet cleared, nor lifted.
func (o *order) inForce() bool {
	return o.armed.Load() != 0 && o.cleared.Load() == 0 && o.lifted.Load() == lowered
}

// done returns when what is being done for the order's sake is done and counted: a peer may
// have seen it before.
func (o *order) done() {
	for _, l := range []*sync.RWMutex{&o.acting, &o.doing} {
		func() {
			l.Lock()
			defer l.Unlock()
		}()
	}
}

// evidence returns what was counted so far, of all that anybody has seen of the order.
func (o *order) evidence() chaos.Evidence {
	o.done()
	o.mu.Lock()
	defer o.mu.Unlock()
	e := chaos.Evidence{
		Armed: o.armed.Load(), First: o.first.Load(), Last: o.last.Load(), Cleared: o.cleared.Load(),
		Targeted: len(o.targeted), ControlHit: len(o.control),
		Resets: o.cut.Load(), HeldChunks: o.heldChunks.Load(), HeldBytes: o.heldBytes.Load(),
		Leaked: o.leaked.Load(), Delayed: o.delayed.Load(), DelayNS: o.addedN.Load(),
		Counts: maps.Clone(o.counts),
	}
	for client := range o.hit {
		if _, ok := o.targeted[client]; ok {
			e.Hit++
		}
	}
	return e
}
