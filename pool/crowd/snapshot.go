package crowd

import (
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// Snapshot is the shared state at one moment.
type Snapshot struct {
	Storm     bool
	Panic     bool
	Budget    float64 // attempts that are left in the retry budget
	Asking    int     // clients that wait for admission
	Dialing   int     // admitted dials under way
	Endpoints []EndpointSnapshot
}

// EndpointSnapshot is one endpoint at one moment.
type EndpointSnapshot struct {
	Key         string
	Health      Health
	Until       heal.Instant // Ejected: when it is probed
	Connections int
	Dialing     int
	Limit       float64       // handshakes that may be under way at once
	Latency     time.Duration // smoothed time of a handshake
}

// Snapshot returns the state; endpoints are in the order of their indices, those that
// are off the list included.
func (c *Crowd) Snapshot() Snapshot {
	s := Snapshot{
		Storm: c.storm.on, Panic: c.tier.panic, Budget: c.budget.tokens,
		Asking: c.book.waiting(), Dialing: c.dialing,
		Endpoints: make([]EndpointSnapshot, len(c.endpoints)),
	}
	for i := range c.endpoints {
		e := &c.endpoints[i]
		s.Endpoints[i] = EndpointSnapshot{
			Key: e.Key, Health: e.health, Connections: e.connections, Dialing: e.dialing,
			Limit: e.limit.now, Latency: e.limit.smooth,
		}
		if e.health == Ejected {
			s.Endpoints[i].Until = e.until
		}
	}
	return s
}
