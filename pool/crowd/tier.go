package crowd

import (
	"math"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// tier is which priority is in use.
type tier struct {
	priority int
	some     bool         // there has been a list
	all      bool         // no priority has a fit endpoint: every listed endpoint is used
	panic    bool         // too few of the tier are fit
	better   int          // a better priority that is fit again
	since    heal.Instant // since when; never: there is none
}

func (t *tier) nobody() { t.since = never }

// refit counts the fit endpoints anew and chooses the tier: the best that has one. A
// worse one is taken at once, a better one after it has been fit for FailbackHold.
func (c *Crowd) refit() {
	t := &c.tier
	const nowhere = math.MaxInt
	lowest, best := nowhere, nowhere
	current := false
	for i := range c.endpoints {
		e := &c.endpoints[i]
		if fit := e.ready() && !e.long && !e.failing(&c.p); fit != e.fit {
			e.fit = fit
			c.stir(time.Second) // there may be somewhere to move to
		}
		if !e.listed() {
			continue
		}
		lowest = min(lowest, e.Priority)
		if e.fit {
			best = min(best, e.Priority)
			current = current || t.some && e.Priority == t.priority
		}
	}
	if lowest == nowhere {
		return
	}
	if best != nowhere { // the last one is not the last any more
		for i := range c.endpoints {
			if e := &c.endpoints[i]; e.ready() && e.failing(&c.p) {
				c.exile(e)
			}
		}
	}
	t.all = best == nowhere
	switch {
	case t.all:
		t.priority, t.since = lowest, never
	case !current || best == t.priority:
		t.priority, t.since = best, never
	case t.since == never || best != t.better:
		t.better, t.since = best, c.now
		c.wake(c.now.Add(c.p.FailbackHold))
	case c.now >= t.since.Add(c.p.FailbackHold):
		t.priority, t.since = best, never
		c.stir(0)
	}
	t.some = true
	c.alarm()
}

// alarm finds out whether too few are fit. It counts the tier in use alone: the others
// are there to be failed over to, one tier at a time.
func (c *Crowd) alarm() {
	t := &c.tier
	fit, of := 0, 0
	for i := range c.endpoints {
		if e := &c.endpoints[i]; e.listed() && (t.all || e.Priority == t.priority) {
			of++
			if e.fit {
				fit++
			}
		}
	}
	panics := float64(fit) < c.p.PanicBelow*float64(of)
	if panics == t.panic {
		return
	}
	if t.panic = panics; panics {
		c.tell(PanicBegan)
	} else {
		c.tell(PanicOver)
		c.stir(time.Second)
	}
}

// sweepTier goes back to a better tier when it has been fit for long enough.
func (c *Crowd) sweepTier() {
	if t := &c.tier; t.since != never {
		if over := t.since.Add(c.p.FailbackHold); c.now < over {
			c.wake(over)
		} else {
			c.refit()
		}
	}
}
