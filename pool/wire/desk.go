package wire

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// absence is how long a visitor may stay away before the connection's own goroutine reads
// again: at least so long, and at most twice.
const absence = 10 * time.Millisecond

// often is by how much a state changes between two looks whose visitor comes often.
const often = 32 * uint64(roles)

// Desk sees to it that every connection is read whose visitor has gone away. It has a
// goroutine while there are any with visitors, which looks at them all while one moves. The
// zero value is ready.
type Desk struct {
	mu      sync.Mutex
	lent    []*Conn
	minding sync.WaitGroup
	poke    chan struct{}
	running bool
	asleep  atomic.Bool // nobody was away, and nothing had moved
}

// lend enters a connection, and leaves it to its visitors. Nothing may be done with it after
// that, for it may be over.
func (d *Desk) lend(c *Conn, v *visits) {
	d.mu.Lock()
	if !v.listed {
		v.listed = true
		d.lent = append(d.lent, c)
	}
	if !d.running {
		d.running = true
		d.poke = make(chan struct{}, 1)
		d.minding.Go(d.mind)
	}
	v.change(resident, nobody)
	d.mu.Unlock()
	d.stir()
}

// stir has the connections looked at again.
func (d *Desk) stir() {
	if d.asleep.Load() && d.asleep.CompareAndSwap(true, false) {
		d.poke <- struct{}{}
	}
}

// mind looks at the connections until there are none.
func (d *Desk) mind() {
	tick := time.NewTicker(absence)
	defer tick.Stop()
	for {
		<-tick.C
		moves, any := d.look()
		if !any {
			return
		}
		if moves {
			continue
		}
		d.asleep.Store(true)
		if d.away() && d.asleep.CompareAndSwap(true, false) {
			continue
		}
		tick.Stop()
		<-d.poke
		tick.Reset(absence)
	}
}

// look goes through the connections once: moves: one may be without a reader, or has changed
// since the last look; any: there are some.
func (d *Desk) look() (moves, any bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lent = slices.DeleteFunc(d.lent, func(c *Conn) bool {
		v := c.visits.Load()
		state := v.state.Load()
		same := state == v.seen
		if state-v.seen > often {
			v.enough.Store(max(1, v.enough.Load()/2))
		}
		v.seen = state
		if same && c.reside(nobody) {
			v.decline()
		}
		v.listed = v.role() != resident
		moves = moves || v.listed && (!same || v.role() == nobody)
		return !v.listed
	})
	d.running = len(d.lent) > 0
	return moves, d.running
}

// away tells whether a connection has no reader.
func (d *Desk) away() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.lent, func(c *Conn) bool { return c.visits.Load().role() != visitor })
}

// Wait waits for the goroutine. No connection may be lent any more.
func (d *Desk) Wait() { d.minding.Wait() }
