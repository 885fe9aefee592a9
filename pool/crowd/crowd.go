package crowd

import (
	"math"

	"github.com/wsheal/wsheal/pool/heal"
)

// Crowd is the shared state of one pool. Its methods are not safe for concurrent use:
// the driver calls them one after the other, with now never running backwards.
type Crowd struct {
	p   Policy
	r   heal.Rand
	now heal.Instant
	out []Action // of the step under way

	endpoints   []endpoint
	index       map[string]uint8
	connections int
	dialing     int
	book        book
	picker      Picker
	draws       uint64 // of everything but the picker
	chances     [heal.MaxEndpoints]float64

	tier   tier
	budget budget
	storm  storm
	moves  moves
	pings  pings

	armed heal.Instant // the time in force; never when there is none
	due   heal.Instant // the earliest time at which something is due; never when nothing is
}

// never is later than everything.
const never = heal.Instant(math.MaxInt64)

// New makes the state of a pool that has no endpoints yet. The policy must be without
// Faults. Pools draw alike only if they have the same r.
func New(p Policy, r heal.Rand) *Crowd {
	c := &Crowd{p: p.complete(), r: r, index: map[string]uint8{}, book: newBook(), armed: never, due: never}
	// The picker draws by a key of its own, so that neither changes the other's numbers.
	c.picker = Picker{Balance: c.p.Balance, Rand: heal.Rand{Seed: r.Seed, Client: ^r.Client}}
	c.budget.tokens = c.p.Budget
	c.tier.nobody()
	c.moves.at = never
	return c
}

// Step takes one event, appends what is to be done to out and returns it. It allocates
// only where out has no room, or more clients than ever before ask or dial at once.
func (c *Crowd) Step(now heal.Instant, ev Event, out []Action) []Action {
	c.begin(now, out, ev.Kind == Ticked)
	known := int(ev.Endpoint) < len(c.endpoints)
	switch {
	case ev.Kind == Asked:
		c.asked(ev)
	case ev.Kind == Withdrawn:
		c.withdrawn(ev.Client)
	case !known: // there is no such endpoint, so nothing happened at it
	case ev.Kind == Opened:
		c.opened(ev)
	case ev.Kind == Failed:
		c.failed(ev)
	case ev.Kind == Proved:
		c.proved(ev)
	case ev.Kind == Stable:
		c.stable(ev)
	case ev.Kind == Lost:
		c.lost(ev)
	case ev.Kind == Answered:
		c.answered(ev)
	}
	return c.end()
}

// begin opens a step. What was due before now is done first, whether or not the timer
// has been served: time decides, not the driver.
func (c *Crowd) begin(now heal.Instant, out []Action, ticked bool) {
	c.now, c.out = max(c.now, now), out
	if ticked || c.now >= c.armed {
		c.armed = never
		c.sweep()
	}
}

// end closes a step: whoever may dial by now is admitted, and the timer is armed if
// something is due before the time that is in force.
func (c *Crowd) end() []Action {
	c.admit()
	if c.due < c.armed {
		c.armed = c.due
		c.do(Action{Kind: Arm, At: max(c.armed, c.now)})
	}
	out := c.out
	c.out = nil
	return out
}

func (c *Crowd) do(a Action) { c.out = append(c.out, a) }

func (c *Crowd) tell(n Notice) { c.do(Action{Kind: Report, Notice: n}) }

// wake sees to it that there is a step at that time, or before it.
func (c *Crowd) wake(at heal.Instant) { c.due = min(c.due, at) }

// sweep does everything that is due, and finds out what is due next.
func (c *Crowd) sweep() {
	c.due = never
	c.expireLeases()
	for i := range c.endpoints {
		c.sweepEndpoint(&c.endpoints[i])
	}
	c.sweepStorm()
	c.sweepTier()
	c.sweepMoves()
}

// float draws a number in [0, 1).
func (c *Crowd) float() float64 {
	c.draws++
	return c.r.Float(heal.DrawCrowd, c.draws-1)
}

// around draws between 20 % less and 20 % more than x.
func (c *Crowd) around(x float64) float64 { return x * (0.8 + 0.4*c.float()) }
