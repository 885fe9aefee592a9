package toxi

import (
	"math/rand/v2"
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

	holds  bool            // partition
	resets resetRule       // reset, reset_peer
	delay  time.Duration   // latency
	jitter time.Duration   // latency, at most delay
	way    chaos.Direction // of holding, delaying, and of what sets off a reset_peer

	armed, cleared, first, last                         atomic.Int64 // clock
	cut, heldChunks, heldBytes, leaked, delayed, addedN atomic.Int64

	mu                     sync.Mutex
	targeted, hit, control map[uint64]struct{}
}

// resetRule says when an order resets connections.
type resetRule uint8

const (
	noReset   resetRule = iota
	resetOnce           // all of the cohort when it comes into force, then it is over
	resetKeep           // and, until cleared, any on which something crosses: Toxiproxy's reset_peer
)

// has says whether the order touches a client.
func (o *order) has(client uint64) bool { return chaos.InCohort(o.seed, o.key, client, o.share) }

// target notes a client of the cohort with a connection while the order is in force.
func (o *order) target(client uint64) {
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
	o.mu.Lock()
	defer o.mu.Unlock()
	set := &o.hit
	if !chaos.InCohort(o.seed, o.key, client, o.share) {
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

// inForce says whether the order has been confirmed and not yet cleared.
func (o *order) inForce() bool { return o.armed.Load() != 0 && o.cleared.Load() == 0 }

// draw returns the delay of the n-th chunk of a client in one direction: uniform in
// delay ± jitter, and the same for the same seed, whenever it is asked.
func (o *order) draw(client uint64, way chaos.Direction, n uint64) time.Duration {
	if o.jitter == 0 {
		return o.delay
	}
	var pcg rand.PCG
	salt := o.seed
	for _, b := range []byte(o.key + string(way)) {
		salt = (salt ^ uint64(b)) * 0x100000001b3 // FNV's prime
	}
	pcg.Seed(salt^n*0x9e3779b97f4a7c15, client)
	u := float64(pcg.Uint64()>>11) / (1 << 53)
	return o.delay - o.jitter + time.Duration(u*float64(2*o.jitter))
}

// evidence returns what was counted so far.
func (o *order) evidence() chaos.Evidence {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := chaos.Evidence{
		Armed: o.armed.Load(), First: o.first.Load(), Last: o.last.Load(), Cleared: o.cleared.Load(),
		Targeted: len(o.targeted), ControlHit: len(o.control),
		Resets: o.cut.Load(), HeldChunks: o.heldChunks.Load(), HeldBytes: o.heldBytes.Load(),
		Leaked: o.leaked.Load(), Delayed: o.delayed.Load(), DelayNS: o.addedN.Load(),
	}
	for client := range o.hit {
		if _, ok := o.targeted[client]; ok {
			e.Hit++
		}
	}
	return e
}
