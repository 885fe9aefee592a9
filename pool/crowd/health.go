package crowd

import "time"

// All transitions of an endpoint's health are in this file; doc.go has the picture.

// change makes a transition known. It does not count the tiers anew: its callers do,
// when they are done.
func (c *Crowd) change(e *endpoint, h Health) {
	e.health = h
	c.do(Action{Kind: Report, Notice: HealthChanged, Endpoint: c.at(e), Health: h})
}

// failing tells whether the endpoint has failed so often that it should be ejected. Of
// early deaths there must be as many as half of the connections that were opened in that
// time: when thousands come back at once, a few that die before the first is stable say
// nothing.
func (e *endpoint) failing(p *Policy) bool {
	return e.fails >= p.EjectAfter || e.deaths >= p.EjectAfter && 2*e.deaths >= e.opens
}

// blame counts a failure against an endpoint, unless the attempt was admitted before the
// endpoint was found unfit last: stragglers say nothing new.
func (c *Crowd) blame(e *endpoint, term uint32, death bool) {
	if term != e.term || !e.listed() {
		return
	}
	if death {
		e.deaths++
	} else {
		e.fails++
	}
	e.blamed = c.now
	untested := e.health == Warming && !e.tested
	switch {
	case e.health == Ejected: // it was used in a panic; its time stays as it is
	case untested, e.health == Probing, e.failing(&c.p):
		c.unfit(e)
	}
}

// unfit takes an endpoint out of use, unless it is the last one that is fit: somebody has
// to be asked. That one counts as failing, which begins a panic, and goes as soon as
// another is fit, or when it has not failed for EjectCap, for then nothing is known of it.
func (c *Crowd) unfit(e *endpoint) {
	if e.health == Probing {
		c.exile(e)
	} else {
		e.fails = max(e.fails, c.p.EjectAfter)
		c.wake(e.blamed.Add(c.p.EjectCap))
	}
	c.refit()
}

// exile makes an endpoint Ejected, if the share of those allows it, else Probing, which
// is a trickle instead: one attempt in about a Floor.
func (c *Crowd) exile(e *endpoint) {
	e.fails, e.deaths, e.opens = 0, 0, 0
	e.term++
	ejected := 0
	for i := range c.endpoints {
		if x := &c.endpoints[i]; x != e && x.health == Ejected {
			ejected++
		}
	}
	if ejected < c.ejectable() {
		c.eject(e)
		return
	}
	e.until = c.now.Add(time.Duration(c.around(float64(c.p.Floor))))
	c.wake(e.until)
	if e.health != Probing {
		c.change(e, Probing)
		c.stir(c.p.ProbeLease)
	}
}

// ejectable is how many endpoints may be ejected at once.
func (c *Crowd) ejectable() int {
	n := 0
	for i := range c.endpoints {
		if c.endpoints[i].listed() {
			n++
		}
	}
	return min(int(c.p.EjectShare*float64(n)), n-1)
}

// eject keeps an endpoint from new connections: n times EjectFor, ±20 %, the jitter after
// the cap. n counts ejections, and one is forgotten for each EjectFor that the endpoint
// was healthy before.
func (c *Crowd) eject(e *endpoint) {
	if e.health == Healthy || e.health == Degraded {
		e.ejections = max(0, e.ejections-int(c.now.Sub(e.since)/c.p.EjectFor))
	}
	e.ejections++
	span := min(float64(c.p.EjectFor)*float64(e.ejections), float64(c.p.EjectCap))
	e.until = c.now.Add(time.Duration(c.around(span)))
	c.wake(e.until)
	c.change(e, Ejected)
}

// acquit takes a proof: the first of an unknown endpoint, or one that an endpoint is fit
// again, whoever brought it.
func (c *Crowd) acquit(e *endpoint, term uint32) {
	if term != e.term {
		return
	}
	e.fails = 0
	switch {
	case e.health == Unknown && !e.late:
		e.since, e.tested = c.now, true
		c.change(e, Healthy)
	case e.health == Unknown, e.health == Probing, e.health == Ejected:
		e.since, e.tested, e.deaths, e.opens = c.now, false, 0, 0
		c.change(e, Warming)
	}
	c.refound(e)
}

// vouch takes a connection that became stable: now the weight may grow.
func (c *Crowd) vouch(e *endpoint, term uint32) {
	if term != e.term {
		return
	}
	e.deaths, e.opens = 0, 0
	if e.health == Warming && !e.tested {
		e.tested, e.since = true, c.now
		c.wake(c.now.Add(c.p.WarmUp))
	}
	c.refound(e)
}

// refound counts the tiers anew when an endpoint that was not fit is.
func (c *Crowd) refound(e *endpoint) {
	if !e.fit && e.ready() && !e.failing(&c.p) {
		c.refit()
	}
}

// slow takes what the pings say of an endpoint that is fit: whether it is an outlier, and
// how much of its weight is left if it is.
func (c *Crowd) slow(e *endpoint, outlier bool, lag float64) {
	e.lag = lag
	switch {
	case e.health == Healthy && outlier:
		c.change(e, Degraded)
	case e.health == Degraded && !outlier:
		c.change(e, Healthy)
	}
}

// sweepEndpoint makes the transitions whose time has come.
func (c *Crowd) sweepEndpoint(e *endpoint) {
	if e.long && c.now >= e.pause {
		e.long = false
		c.refit()
	}
	if e.ready() && e.failing(&c.p) {
		if over := e.blamed.Add(c.p.EjectCap); c.now < over {
			c.wake(over)
		} else {
			e.fails, e.deaths, e.opens = 0, 0, 0
			c.refit()
		}
	}
	switch {
	case (e.health == Ejected || e.health == Probing) && c.now < e.until:
		c.wake(e.until)
	case e.health == Ejected:
		e.fails, e.deaths, e.opens = 0, 0, 0
		c.change(e, Probing)
		c.stir(time.Second)
	case e.health == Warming && e.tested:
		if full := e.since.Add(c.p.WarmUp); c.now < full {
			c.wake(full)
		} else {
			e.since = c.now
			c.change(e, Healthy)
		}
	}
	if c.now < e.pause {
		c.wake(e.pause)
	}
}

// vanished takes an endpoint off the list.
func (c *Crowd) vanished(e *endpoint) {
	e.before, e.leaving = e.health, 0
	c.change(e, Draining)
	c.emptied(e)
}

// emptied removes an endpoint that is off the list once nobody is there any more.
func (c *Crowd) emptied(e *endpoint) {
	if e.health == Draining && !e.busy() {
		e.since = c.now
		c.change(e, Removed)
	}
}

// returned puts an endpoint back on the list. One that was left for good begins anew,
// slowly, save that its exile is not forgotten.
func (c *Crowd) returned(e *endpoint) {
	h := e.before
	if e.health == Removed && h != Ejected && h != Probing {
		h = Unknown
		e.late, e.tested = c.connections > 0, false
	}
	e.leaving = 0
	c.change(e, h)
}

// releaseSurplus lets endpoints out of exile when a new list has made them too many, those
// first whose time is over first.
func (c *Crowd) releaseSurplus() {
	for {
		var next *endpoint
		ejected := 0
		for i := range c.endpoints {
			if e := &c.endpoints[i]; e.health == Ejected {
				ejected++
				if next == nil || e.until < next.until {
					next = e
				}
			}
		}
		if ejected == 0 || ejected <= c.ejectable() {
			return
		}
		next.until = c.now
		c.change(next, Probing)
		c.stir(time.Second)
	}
}
