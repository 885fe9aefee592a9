package pool

import (
	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// Snapshot is a pool at one moment.
type Snapshot struct {
	Size   int // connections of the pool's own that there are or will be
	Min    int
	Max    int
	Usable int              // of those, ready ones
	Phases [heal.Phases]int // all clients, sessions' included, by heal.Phase
	Leases int
	Timers int // in force: one of each connection that there is or will be, until Close

	Sessions      int
	Subscriptions int
	Adrift        int // subscriptions that no connection carries

	InFlight int // messages given to connections and not done with
	Waiting  int // callers that wait for room or a connection, and messages that lost theirs
	Kept     int // messages in the rings of sessions

	Shared crowd.Snapshot // admission, storm, budget, endpoints
	Totals Totals
	Last   *Failure // why the last attempt or connection ended; nil: none did

	Unresolved error // what was wrong with the last look at the endpoints' names, where what was known before still holds; nil: nothing
}

// Totals are what a pool has counted since Open. They only grow.
type Totals struct {
	Written   uint64              // messages handed to the kernel, again or not
	Received  uint64              // data messages that arrived
	Resent    uint64              // messages that were sent again, or will be
	Dropped   uint64              // inbound messages for which there was no room
	Outcomes  [Unknown + 1]uint64 // by Outcome: final ones
	Dials     uint64
	Connected uint64                // connections that became ready, without moves
	Moved     uint64                // connections that replaced another
	Failed    map[heal.Cause]uint64 // attempts that failed
	Lost      map[heal.Cause]uint64 // ready connections that ended
}

// Snapshot looks at the pool. It is cheap, and holds nobody up.
func (p *Pool) Snapshot() Snapshot {
	fleet := p.fleet.Snapshot()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Snapshot{
		Size: p.slotsOwned, Min: p.limits.Min, Max: p.limits.Max, Usable: p.usable(), Leases: len(p.leases), Timers: fleet.Timers,
		Sessions: len(p.sessions), Subscriptions: p.subscriptions, Adrift: len(p.adrift),
		InFlight: p.inFlight, Waiting: p.senders.Len() + p.renters.Len() + len(p.homeless),
		Shared: fleet.Crowd, Last: p.failure, Unresolved: fleet.Unresolved,
		Totals: Totals{
			Written: p.count.written, Received: p.count.received.Load(), Resent: p.count.resent,
			Dropped: p.count.dropped, Outcomes: p.count.outcomes, Dials: fleet.Dials,
			Connected: p.count.connected, Moved: p.count.moved,
			Failed: byCause(p.count.failed[:]), Lost: byCause(p.count.lost[:]),
		},
	}
	for l := range p.leases {
		l.mu.Lock()
		s.InFlight += l.flights.n
		s.Totals.Written += l.written
		s.Totals.Outcomes[Written] += l.written
		l.mu.Unlock()
	}
	for _, slot := range p.slots {
		s.Phases[slot.phase]++
	}
	for _, session := range p.sessions {
		s.Kept += session.ring.waiting
	}
	return s
}

func byCause(all []uint64) map[heal.Cause]uint64 {
	out := map[heal.Cause]uint64{}
	for cause, n := range all {
		if n > 0 {
			out[heal.Cause(cause)] = n
		}
	}
	return out
}
