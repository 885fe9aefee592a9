package crowd

import (
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// remembered is how long the failure of a client that does not ask again is kept in mind.
// It is more than heal lets any client wait.
const remembered = 15 * time.Minute

// answer returns the seat of an admitted dial that is reported, nil when the report is
// late: the admission was given up, or its lease is over.
func (c *Crowd) answer(ev Event) *seat {
	if s := c.book.find(ev.Client); s != nil && s.stage == dialing && s.last == int16(ev.Endpoint) {
		return s
	}
	return nil
}

// opened counts a connection. A 101 is the end of a handshake; it says nothing of the
// endpoint's health. One that comes late is a connection all the same.
func (c *Crowd) opened(ev Event) {
	e := &c.endpoints[ev.Endpoint]
	e.connections++
	c.connections++
	c.stir(c.p.RebalanceAfter / 10)
	s := c.answer(ev)
	if s == nil {
		return
	}
	e.dialing--
	c.dialing--
	e.opens++
	e.limit.answered(ev.Took, s.epoch, c.now, &c.p)
	s.stage = open
	if !s.probe {
		c.book.leave(s)
	}
}

// failed ends an attempt.
func (c *Crowd) failed(ev Event) {
	e := &c.endpoints[ev.Endpoint]
	c.hold(e, ev)
	s := c.answer(ev)
	if s == nil {
		return
	}
	b := blameFor(ev)
	if b.load {
		e.limit.cut(s.epoch)
	}
	if ev.Cause != heal.Credentials {
		c.spend(ev.Cause == heal.Timeout)
	}
	c.missed(s, b.health, false)
}

// missed turns a seat into that of a client which failed, and says so of the endpoint
// when it is to blame.
func (c *Crowd) missed(s *seat, blame, death bool) {
	e, term := &c.endpoints[s.last], s.term
	if s.stage == dialing {
		c.release(s)
	} else {
		c.unprobe(s)
	}
	s.stage, s.at = failed, c.now
	c.book.join(s, failures)
	c.forget()
	if blame {
		c.blame(e, term, death)
	}
}

// forget drops the failures of clients that have not asked again for long.
func (c *Crowd) forget() {
	for s := c.book.first(failures); s != nil && c.now >= s.at.Add(remembered); s = c.book.first(failures) {
		c.book.drop(s)
	}
}

// proved takes a validated exchange.
func (c *Crowd) proved(ev Event) {
	e := &c.endpoints[ev.Endpoint]
	s := c.book.find(ev.Client)
	if s == nil || !s.proven {
		c.storm.back++
	}
	if s == nil || s.stage != open || s.last != int16(ev.Endpoint) || s.proven {
		return
	}
	s.proven = true
	c.unprobe(s)
	c.earn(e)
	c.acquit(e, s.term)
}

// stable takes a connection that healed.
func (c *Crowd) stable(ev Event) {
	e := &c.endpoints[ev.Endpoint]
	c.deposit()
	s := c.book.find(ev.Client)
	if s == nil || s.stage != open || s.last != int16(ev.Endpoint) {
		return
	}
	c.unprobe(s)
	c.vouch(e, s.term)
	c.book.drop(s)
}

// lost counts a connection out.
func (c *Crowd) lost(ev Event) {
	e := &c.endpoints[ev.Endpoint]
	if e.connections > 0 {
		e.connections--
		c.connections--
	}
	c.stir(c.p.RebalanceAfter / 10)
	if ev.Planned {
		e.leaving = max(e.leaving-1, 0)
	} else {
		c.hold(e, ev)
		if !ev.Early {
			c.missing(ev.Client)
		}
	}
	s := c.book.find(ev.Client)
	mine := s != nil && s.stage == open && s.last == int16(ev.Endpoint)
	switch {
	case mine && (ev.Planned || !ev.Early):
		c.giveUp(s)
		c.book.drop(s)
	case mine:
		b := blameFor(ev)
		if b.load {
			e.limit.cut(s.epoch)
		}
		c.spend(false)
		c.missed(s, b.health, true)
	}
	c.emptied(e)
}

// expireLeases takes dials that nobody answered as timed out, and probes that did not
// prove themselves.
func (c *Crowd) expireLeases() {
	for _, l := range [...]struct {
		list  int8
		lease time.Duration
	}{{probes, c.p.ProbeLease}, {dials, 2 * c.p.ProbeLease}} {
		for {
			s := c.book.first(l.list)
			if s == nil {
				break
			}
			if over := s.at.Add(l.lease); c.now < over {
				c.wake(over)
				break
			}
			c.endpoints[s.last].limit.cut(s.epoch)
			c.spend(true)
			c.missed(s, true, s.stage == open)
		}
	}
}

// giveUp frees what an admission holds, without saying anything of the endpoint.
func (c *Crowd) giveUp(s *seat) {
	switch s.stage {
	case dialing:
		c.release(s)
	case open:
		c.unprobe(s)
	}
}

// release ends a dial.
func (c *Crowd) release(s *seat) {
	e := &c.endpoints[s.last]
	e.dialing--
	c.dialing--
	c.unprobe(s)
	c.book.leave(s)
	c.emptied(e)
}

// unprobe gives the slot of a probe back.
func (c *Crowd) unprobe(s *seat) {
	if s.probe {
		s.probe = false
		c.endpoints[s.last].probes--
		c.book.leave(s)
	}
}
