package crowd

import (
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// endpoint is what is known of one address.
type endpoint struct {
	Endpoint
	health Health
	fit    bool // as the tier counted it last

	connections int
	dialing     int
	limit       limit

	// Why nothing is admitted for a while.
	pause heal.Instant // the server asked for it, until then
	long  bool         // and for so long that it counts as unfit

	// Health, all of it changed in health.go alone.
	fails     int          // establishment failures since the last proof
	deaths    int          // early deaths since the last stable connection
	opens     int          // 101s since the last stable connection
	blamed    heal.Instant // the last of those failures
	ejections int          // n of the last ejection
	until     heal.Instant // Ejected: when it is probed; Probing: when the next probe may begin
	since     heal.Instant // when it became Healthy, or its weight began to grow
	lured     heal.Instant // Probing: when the last connected client was asked to try it
	term      uint32       // counts how often it became unfit: what was admitted before says nothing any more
	probes    int          // probes under way
	late      bool         // it joined a pool that had connections already
	tested    bool         // Warming: a connection has been stable since it was unfit
	before    Health       // Draining: what it was

	// Retry budget.
	earned int          // attempts that proofs have paid for, while the budget is spent
	floor  heal.Instant // when one attempt is free again

	// Latency against the others, in the window of pings under way.
	pingSum time.Duration
	pingN   int
	outlier int     // windows in a row in which it was one
	lag     float64 // Degraded: what is left of its weight

	// Moves.
	leaving int          // clients that were told to move away and have not yet left
	left    heal.Instant // when the last of them was told
}

// listed tells whether the endpoint is on the list in force.
func (e *endpoint) listed() bool { return e.health != Draining && e.health != Removed }

// ready tells whether it may be used for what its health says; whether it is used
// depends on the others.
func (e *endpoint) ready() bool {
	switch e.health {
	case Unknown, Healthy, Degraded, Warming:
		return true
	}
	return false
}

// coldShare is the share of its weight with which an endpoint begins to warm up.
const coldShare = 0.1

// nominal is its share among equals, as the list says.
func (e *endpoint) nominal() float64 { return float64(max(e.Weight, 1)) }

// weight is its share of new connections now.
func (c *Crowd) weight(e *endpoint) float64 {
	w := e.nominal()
	switch {
	case !e.fit: // used because too few are fit: carefully
		return w * coldShare
	case e.health == Unknown && e.late, e.health == Warming && !e.tested:
		return w * coldShare
	case e.health == Warming:
		warm := float64(c.now.Sub(e.since)) / float64(c.p.WarmUp)
		return w * (coldShare + (1-coldShare)*min(warm, 1))
	case e.health == Degraded:
		return w * e.lag
	}
	return w
}

// at returns the index of an endpoint.
func (c *Crowd) at(e *endpoint) uint8 { return c.index[e.Key] }
