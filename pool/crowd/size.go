package crowd

import (
	"math"
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
	Size     int // connections there are or will be; those that retire or gave up are not counted
	Usable   int
	InFlight int // messages that were given to connections, and leases
	Waiting  int // callers that wait for a connection or for room
}

// Size is the memory of a pool's size. The zero value is a pool that has just begun.
type Size struct {
	usable int          // at the last step
	size   int          // at the last step
	broken bool         // connections were lost, and most have not been back for settle yet
	whole  heal.Instant // since when most are back, while broken; -1: they are not
	low    bool         // the load has been low since lowAt, and peaked at lowMax
	lowAt  heal.Instant
	lowMax int
}

// settle is how long a pool must be whole after an outage before what waits counts as
// demand: it is what the outage left, and the connections that are back work it off.
const settle = 5 * time.Second

// present is the share of the connections that must be usable for the pool to count
// as whole. One may always be missing.
const present = 0.8

// Step says how many connections there should be, and when to ask again at the latest.
//
// The pool grows at once, to what is needed: so many that the load is GrowAt of what they
// should carry. It does not while connections are on their way, for they may be enough,
// nor in an outage and for 5 s after it, for what waits then waits for the endpoints and
// not for a larger pool. It shrinks after the load has been under ShrinkAt for all of
// IdleAfter, by ShrinkStep at most and never under what the highest load of that time
// needs with room to spare, so that it does not grow back at once.
func (s *Size) Step(now heal.Instant, d Demand, p *SizePolicy) (target int, again heal.Instant) {
	rules := p.complete()
	again = now.Add(rules.IdleAfter)
	whole := s.watch(now, d)
	load := d.InFlight + d.Waiting
	target = d.Size

	if float64(load) >= rules.ShrinkAt*float64(rules.Load)*float64(d.Size) || !whole {
		s.low = false
	} else if !s.low {
		s.low, s.lowAt, s.lowMax = true, now, load
	} else {
		s.lowMax = max(s.lowMax, load)
	}

	switch {
	case whole && float64(load) > rules.GrowAt*float64(rules.Load)*float64(d.Size):
		target = max(target, rules.needed(load, rules.GrowAt))
	case s.low && now >= s.lowAt.Add(rules.IdleAfter):
		step := max(1, int(rules.ShrinkStep*float64(d.Size)))
		least := rules.needed(s.lowMax, (rules.GrowAt+rules.ShrinkAt)/2)
		target = min(target, max(target-step, least))
		s.low = false
	}
	if s.low {
		again = min(again, s.lowAt.Add(rules.IdleAfter))
	}
	if s.broken && s.whole >= 0 {
		again = min(again, s.whole.Add(settle))
	}
	return min(max(target, rules.Min), rules.Max), again
}

// watch tells whether the pool is whole: neither growing, nor in an outage, nor just
// out of one. An empty pool is whole, or it would never begin.
func (s *Size) watch(now heal.Instant, d Demand) bool {
	missing := d.Size - d.Usable
	most := missing <= max(1, int((1-present)*float64(d.Size))) && (d.Usable > 0 || d.Size == 0)
	lost := d.Usable < s.usable && d.Size >= s.size
	s.usable, s.size = d.Usable, d.Size
	switch {
	case !most && lost:
		s.broken, s.whole = true, -1
	case !most:
		s.whole = -1
	case s.broken && s.whole < 0:
		s.whole = now
	}
	if s.broken && s.whole >= 0 && now >= s.whole.Add(settle) {
		s.broken = false
	}
	return most && !s.broken
}

// needed is how many connections carry the load when each has the share of what it
// should have at most.
func (p *SizePolicy) needed(load int, share float64) int {
	return int(math.Ceil(float64(load) / (share * float64(p.Load))))
}
