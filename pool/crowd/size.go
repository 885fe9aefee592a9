package crowd

import (
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// SizePolicy is the rules by which a pool grows and shrinks. Zero values as named.
type SizePolicy struct {
	Min, Max   int           // connections; Min >= 0, Max >= max(Min, 1)
	Load       int           // messages or leases in flight that one connection should have at most; 0: 16
	GrowAt     float64       // share of that load above which the pool grows; 0: 0.8
	ShrinkAt   float64       // share under which it shrinks; must be less than GrowAt; 0: 0.3
	IdleAfter  time.Duration // how long the load must stay low, or a connection unused, before one goes; 0: 1 min
	ShrinkStep float64       // most of the pool that goes at once; 0: 0.25
}

// Demand is what a pool is used for at one moment.
type Demand struct {
	Size     int // connections there are or will be, retiring ones not counted
	Usable   int
	InFlight int // messages that were given to connections, and leases
	Waiting  int // callers that wait for a connection or for room
}

// Size is the memory of a pool's size. The zero value is a pool that has just begun.
type Size struct{}

// Step says how many connections there should be, and when to ask again at the latest.
func (s *Size) Step(now heal.Instant, d Demand, p *SizePolicy) (target int, again heal.Instant) {
	panic("contract")
}
