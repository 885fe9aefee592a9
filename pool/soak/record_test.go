package soak

import (
	"fmt"
	"sync"
)

// record is what the servers have got. It outlives them, as a database would.
type record struct {
	mu       sync.Mutex
	last     map[string]uint64 // at-least-once: the highest number of a key; all below it are there
	once     map[string]int    // at-most-once: how often each message came
	again    int               // at-least-once: messages that were there already
	arrived  int
	breaches []string // what must not happen: the first of them
	bad      int      // all of them
}

func newRecord() *record {
	return &record{last: map[string]uint64{}, once: map[string]int{}}
}

// breach notes what must not happen.
func (r *record) breach(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken(format, args...)
}

func (r *record) broken(format string, args ...any) {
	if r.bad++; len(r.breaches) < 20 {
		r.breaches = append(r.breaches, fmt.Sprintf(format, args...))
	}
}

// keep takes a message of a session that numbers them, and returns the highest number that
// is kept. One that skips another was overtaken, or the other is lost.
func (r *record) keep(key string, seq uint64) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.arrived++
	switch last := r.last[key]; {
	case seq <= last:
		r.again++
	case seq == last+1:
		r.last[key] = seq
	default:
		r.broken("session %s: %d came after %d", key, seq, last)
		r.last[key] = seq
	}
	return r.last[key]
}

// highest is the highest number that is kept of a session.
func (r *record) highest(key string) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last[key]
}

// note takes a message that must not come twice.
func (r *record) note(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.arrived++
	if r.once[id]++; r.once[id] == 2 {
		r.broken("%s was delivered twice", id)
	}
}

// has tells whether a message came.
func (r *record) has(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.once[id] > 0
}

// count are all messages that came, and how many of a session's came again.
func (r *record) count() (arrived, again int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.arrived, r.again
}

// found returns what must not have happened.
func (r *record) found() ([]string, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.breaches, r.bad
}
