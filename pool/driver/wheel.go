package driver

import (
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

const (
	tick     = time.Millisecond
	slotBits = 6
	slots    = 1 << slotBits
	slotMask = slots - 1
	levels   = 8 // 64^8 ticks are more than an Instant can hold
)

// timer is one client's place in a wheel.
type timer struct {
	at         heal.Instant
	number     uint32 // heal's number of the timer
	client     *client
	next, prev *timer
	level      int8
	slot       int8
	armed      bool
}

// wheel holds the timers of one shard: a hierarchical timing wheel (Varghese and
// Lauck, 1987) of 1 ms ticks whose levels are told apart by the highest bits in which
// a timer differs from now, so that a timer moves down at most once per level.
//
//	level 0   64 slots of 1 ms      timers due in this 64 ms
//	level 1   64 slots of 64 ms     timers due in this 4 s
//	level 2   64 slots of 4 s       …
//
// It is tickless: due says when to look next, which is the exact time of the earliest
// timer once that has come down to level 0. Arming and disarming take constant time.
// It is not safe for concurrent use. The zero value is an empty wheel at instant 0.
type wheel struct {
	now   uint64         // the tick up to which everything has been fired
	used  [levels]uint64 // a bit per slot that is not empty
	heads [levels][slots]*timer
	ready []*timer     // scratch of advance
	armed atomic.Int64 // timers in it; the one thing that others may look at
}

// arm puts a timer that is not armed into the wheel. One that is overdue fires at the
// next advance.
func (w *wheel) arm(t *timer) {
	at := max(uint64(max(t.at, 0))/uint64(tick), w.now)
	level := 0
	if differing := at ^ w.now; differing > 0 {
		level = (bits.Len64(differing) - 1) / slotBits
	}
	slot := at >> (slotBits * level) & slotMask
	t.level, t.slot, t.armed = int8(level), int8(slot), true
	t.prev, t.next = nil, w.heads[level][slot]
	if t.next != nil {
		t.next.prev = t
	}
	w.heads[level][slot] = t
	w.used[level] |= 1 << slot
	w.armed.Add(1)
}

// disarm takes a timer out, armed or not.
func (w *wheel) disarm(t *timer) {
	if !t.armed {
		return
	}
	if t.next != nil {
		t.next.prev = t.prev
	}
	if t.prev != nil {
		t.prev.next = t.next
	} else if w.heads[t.level][t.slot] = t.next; t.next == nil {
		w.used[t.level] &^= 1 << t.slot
	}
	t.next, t.prev, t.armed = nil, nil, false
	w.armed.Add(-1)
}

// earliest finds the first slot that is not empty, and the tick at which it begins.
func (w *wheel) earliest() (level int, slot, begins uint64, ok bool) {
	for level := range levels {
		shift := slotBits * level
		here := w.now >> shift & slotMask
		if ahead := w.used[level] >> here; ahead != 0 {
			slot := here + uint64(bits.TrailingZeros64(ahead))
			begins := w.now>>(shift+slotBits)<<(shift+slotBits) | slot<<shift
			return level, slot, begins, true
		}
	}
	return 0, 0, 0, false
}

// due returns when advance has something to do next; false: never, as things stand.
func (w *wheel) due() (heal.Instant, bool) {
	level, slot, begins, ok := w.earliest()
	if !ok {
		return 0, false
	}
	if level > 0 {
		return heal.Instant(begins * uint64(tick)), true
	}
	t := w.heads[0][slot]
	at := t.at
	for t = t.next; t != nil; t = t.next {
		at = min(at, t.at)
	}
	return at, true
}

// advance takes out every timer that is due at now and hands it to fire, in order of
// ticks. fire may arm the timer that it was given; if that is due already, it waits
// for the next advance, so that a loop of timers cannot hold the shard.
func (w *wheel) advance(now heal.Instant, fire func(*timer)) {
	to := uint64(max(now, 0)) / uint64(tick)
	w.ready = w.ready[:0]
	for {
		level, slot, begins, ok := w.earliest()
		if !ok || begins > to {
			break
		}
		w.now = max(w.now, begins)
		if level == 0 {
			w.take(slot, now)
			if begins == to {
				break // what is left there is due later in this tick
			}
			continue
		}
		for t := w.heads[level][slot]; t != nil; t = w.heads[level][slot] {
			w.disarm(t)
			w.arm(t)
		}
	}
	w.now = max(w.now, to)
	for _, t := range w.ready {
		fire(t)
	}
}

// take moves what is due from a slot of level 0 to w.ready.
func (w *wheel) take(slot uint64, now heal.Instant) {
	for t := w.heads[0][slot]; t != nil; {
		next := t.next
		if t.at <= now {
			w.disarm(t)
			w.ready = append(w.ready, t)
		}
		t = next
	}
}
