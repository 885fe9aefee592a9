package crowd

import (
	"math"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// moves lets clients that are connected go elsewhere: away from an endpoint that is off
// the list, back to a better tier, to one that has less than its share. Only
// RebalanceRate of all go in a second, none in a storm, and none where nothing is fit.
type moves struct {
	at     heal.Instant // when to look next; never: when something has changed
	paid   heal.Instant // credit was added last
	credit float64
	since  heal.Instant // since when one endpoint is too full; 0: none is
	level  bool         // it was for RebalanceAfter: until it is not
}

// gone is after how long a client that was told to move and has not is no longer
// expected to.
const gone = 2 * time.Minute

// stir sees to it that moves are looked at in so long.
func (c *Crowd) stir(after time.Duration) {
	if at := c.now.Add(after); at < c.moves.at {
		c.moves.at = at
	}
	c.wake(c.moves.at)
}

func (c *Crowd) sweepMoves() {
	m := &c.moves
	if c.now < m.at {
		c.wake(m.at)
		return
	}
	m.at = never
	if c.storm.on {
		c.stir(c.p.StormWindow)
		return
	}
	c.lure()
	c.imbalance()
	c.shed()
}

// lure asks one connected client to try an endpoint that waits for its probe although it
// could have one, for nobody is asking: else an endpoint to which nobody goes would never be found fit again.
func (c *Crowd) lure() {
	for i := range c.endpoints {
		e := &c.endpoints[i]
		if e.health != Probing || e.Priority > c.tier.priority {
			continue
		}
		ready := max(e.until, e.pause, e.lured)
		switch {
		case e.probes > 0:
			c.stir(c.p.ProbeLease)
		case c.now < ready:
			c.stir(ready.Sub(c.now))
		default:
			var from *endpoint
			for j := range c.endpoints {
				if x := &c.endpoints[j]; x != e && x.stay() > 0 && x.Priority >= e.Priority && (from == nil || x.stay() > from.stay()) {
					from = x
				}
			}
			e.lured = c.now.Add(c.p.ProbeLease)
			if from != nil {
				c.move(from, 1)
			}
			c.stir(c.p.ProbeLease)
		}
	}
}

// stay is how many connections an endpoint will have when those that were told to have
// left.
func (e *endpoint) stay() int { return e.connections - e.leaving }

// imbalance finds out whether the fullest endpoint has had too much for too long, and
// then until none has more than its share.
func (c *Crowd) imbalance() {
	m := &c.moves
	worst, surplus := 0.0, 0
	if c.p.RebalanceAt > 0 && !c.tier.panic {
		unit := c.perWeight()
		for i := range c.endpoints {
			if e := &c.endpoints[i]; c.inUse(e) {
				if over := c.over(e, unit); over > 0 {
					surplus += over
					worst = max(worst, float64(e.stay())/(unit*e.nominal()))
				}
			}
		}
	}
	switch {
	case surplus == 0:
		m.since, m.level = 0, false
	case m.level:
	case worst <= c.p.RebalanceAt:
		m.since = 0
	case m.since == 0:
		m.since = max(c.now, 1)
		c.stir(c.p.RebalanceAfter)
	case c.now >= m.since.Add(c.p.RebalanceAfter):
		m.level = true
	default:
		c.stir(min(m.since.Add(c.p.RebalanceAfter).Sub(c.now), c.p.RebalanceAfter/10))
	}
}

// perWeight is how many connections one unit of weight should have, over the tier in use.
func (c *Crowd) perWeight() float64 {
	sum, all := 0.0, 0
	for i := range c.endpoints {
		if e := &c.endpoints[i]; c.inUse(e) {
			sum += e.nominal()
			all += e.stay()
		}
	}
	if sum == 0 {
		return 0
	}
	return float64(all) / sum
}

// over is how many connections an endpoint has beyond its share, whole ones.
func (c *Crowd) over(e *endpoint, unit float64) int {
	return e.stay() - int(math.Ceil(unit*e.nominal()))
}

// shed moves as many as the rate allows, and comes again in about a second while there
// are more.
func (c *Crowd) shed() {
	m := &c.moves
	rate := c.p.RebalanceRate * float64(c.connections)
	m.credit = min(m.credit+rate*max(c.now.Sub(m.paid), 0).Seconds(), max(rate, 1))
	m.paid = c.now
	for {
		from, n := c.source()
		if from == nil {
			return
		}
		if m.credit < 1 {
			wait := max(1, (1-m.credit)/max(rate, 1e-3))
			c.stir(time.Duration(c.around(wait * float64(time.Second))))
			return
		}
		n = min(n, int(m.credit))
		m.credit -= float64(n)
		c.move(from, n)
	}
}

// source is the endpoint that clients should leave first, and how many: one that is off
// the list, one of a worse tier, the fullest for its share. There must be another one
// in use that is fit.
func (c *Crowd) source() (*endpoint, int) {
	fit := 0
	for i := range c.endpoints {
		if e := &c.endpoints[i]; e.fit && c.inUse(e) {
			fit++
		}
	}
	var from *endpoint
	n, rank := 0, 0
	unit := c.perWeight()
	for i := range c.endpoints {
		e := &c.endpoints[i]
		if late := e.left.Add(gone).Sub(c.now); e.leaving > 0 && late <= 0 {
			e.leaving = 0
		} else if e.leaving > 0 {
			c.stir(late)
		}
		others := fit
		if e.fit && c.inUse(e) {
			others--
		}
		much, how := e.stay(), 0
		switch {
		case others == 0:
		case !e.listed():
			how = 3
		case c.tier.panic:
		case e.listed() && e.Priority > c.tier.priority:
			how = 2
		case c.moves.level && c.inUse(e):
			much, how = c.over(e, unit), 1
		}
		if much > 0 && how > 0 && (how > rank || how == rank && much > n) {
			from, n, rank = e, much, how
		}
	}
	return from, n
}

// move tells so many clients to go.
func (c *Crowd) move(from *endpoint, n int) {
	from.leaving += n
	from.left = c.now
	c.do(Action{Kind: Shed, Endpoint: c.at(from), N: n})
}
