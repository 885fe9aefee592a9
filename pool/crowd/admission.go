package crowd

import "time"

// moveYields is how much later than it asked it is the turn of a client that has a
// connection that works: those that have none go first, but not for ever.
const moveYields = 10 * time.Second

// lookahead is how many clients of a lane are tried when the first does not want to go
// where there is room.
const lookahead = 8

// asked queues a client. One that asks again keeps its place; one that asks although its
// dial was never answered has given that up.
func (c *Crowd) asked(ev Event) {
	s := c.book.find(ev.Client)
	if s == nil {
		s = c.book.add(ev.Client)
		s.stage = open // of nothing: it is fresh
	}
	to, at := fresh, c.now
	switch {
	case ev.Planned:
		to, at = move, c.now.Add(moveYields)
	case s.stage == failed:
		to = retry
	case s.stage == dialing || s.stage == asking && s.lane != move:
		to = s.lane
	}
	s.avoid = ev.Avoid
	if s.stage == asking && s.lane == to {
		return
	}
	c.giveUp(s)
	if s.stage == open {
		s.last = -1
	}
	s.stage, s.lane, s.at = asking, to, at
	c.book.join(s, int8(to))
}

// withdrawn forgets a client, wherever it is. A probe that is withdrawn has found
// nothing out.
func (c *Crowd) withdrawn(client int) {
	if s := c.book.find(client); s != nil {
		c.giveUp(s)
		c.book.drop(s)
	}
}

// admit lets clients dial for as long as there are some that may.
func (c *Crowd) admit() {
	for c.book.waiting() > 0 && c.dialing < c.p.Dials {
		if o := c.openings(); !c.admitOne(&o) {
			break
		}
	}
}

// openings is where clients could be sent now.
type openings struct {
	probe  int     // a Probing endpoint with a slot; -1: none
	used   int     // endpoints in use
	usable int     // of them those with room
	most   float64 // largest weight among them
	unit   float64 // connections that a unit of weight should have, while they are being levelled; 0: they are not
}

// openings finds out where clients could be sent, and leaves the weights of those in use
// that have room in c.chances, 0 for others.
func (c *Crowd) openings() openings {
	o := openings{probe: -1}
	if c.moves.level {
		o.unit = c.perWeight()
	}
	for i := range c.endpoints {
		e := &c.endpoints[i]
		c.chances[i] = 0
		if !e.listed() {
			continue
		}
		if c.now < e.pause {
			if c.inUse(e) {
				o.used++
			}
			continue
		}
		if !c.inUse(e) {
			if o.probe < 0 && c.probes(e) {
				o.probe = i
			}
			continue
		}
		o.used++
		if e.dialing >= e.limit.room() {
			continue
		}
		o.usable++
		c.chances[i] = c.weight(e)
		o.most = max(o.most, c.chances[i])
	}
	return o
}

// probes tells whether the endpoint has a free slot for a probe, and its tier is needed.
func (c *Crowd) probes(e *endpoint) bool {
	return e.health == Probing && c.now >= e.until && e.Priority <= c.tier.priority &&
		e.probes < c.p.Probes && e.dialing < e.limit.room()
}

// inUse tells whether ordinary dials go to the endpoint: it is fit and of the tier in
// use or, in a panic, of that tier at all.
func (c *Crowd) inUse(e *endpoint) bool {
	return e.listed() && (e.fit || c.tier.panic) && (e.Priority == c.tier.priority || c.tier.all)
}

// admitOne admits the client whose turn it is, or the next for whom there is room; false
// when there is none.
func (c *Crowd) admitOne(o *openings) bool {
	if o.probe < 0 && o.usable == 0 {
		return false
	}
	var heads [lanes]*seat
	for l := range heads {
		heads[l] = c.book.first(int8(l))
	}
	for range heads {
		oldest := -1
		for l, s := range heads {
			if s != nil && (oldest < 0 || s.at < heads[oldest].at) {
				oldest = l
			}
		}
		if oldest < 0 {
			return false
		}
		for s, k := heads[oldest], 0; s != nil && k < lookahead; s, k = c.book.after(s), k+1 {
			if i, probe := c.place(s, o); i >= 0 {
				c.let(s, i, probe)
				return true
			}
		}
		heads[oldest] = nil
	}
	return false
}

// place chooses the endpoint for a client, -1 when it has to wait. Of those with room, it
// is not the one that the client avoids, not one beyond its budget and, if there is
// another, neither the one where its last attempt failed nor, for a client that moves so
// that loads become level, one that has its share.
func (c *Crowd) place(s *seat, o *openings) (i int, probe bool) {
	avoid := int(s.avoid)
	if avoid >= 0 && (avoid >= len(c.endpoints) || o.used == 0 || o.used == 1 && c.inUse(&c.endpoints[avoid])) {
		avoid = -1 // there is no other
	}
	if o.probe >= 0 && o.probe != avoid {
		return o.probe, true
	}
	if o.usable == 0 {
		return -1, false
	}
	may := func(i int) (load, weight float64) {
		e := &c.endpoints[i]
		if c.chances[i] == 0 || i == avoid || s.lane == retry && !c.affords(e) {
			return 0, 0
		}
		return float64(e.connections + e.dialing), c.chances[i]
	}
	i, ok := c.pick(o, func(i int) (load, weight float64) {
		if i == int(s.last) || s.lane == move && o.unit > 0 && c.over(&c.endpoints[i], o.unit) >= 0 {
			return 0, 0
		}
		return may(i)
	})
	if !ok {
		i, ok = c.pick(o, may)
	}
	if !ok {
		return -1, false
	}
	return i, false
}

// pick picks by the policy's balance. In a panic it draws by weight alone: to have few
// connections is then no merit, for those that accept nobody have the fewest.
func (c *Crowd) pick(o *openings, of func(i int) (load, weight float64)) (int, bool) {
	if c.tier.panic {
		i := c.picker.draw(len(c.endpoints), o.most, -1, of)
		return i, i >= 0
	}
	return c.picker.Pick(len(c.endpoints), o.most, of)
}

// let admits a client.
func (c *Crowd) let(s *seat, i int, probe bool) {
	e := &c.endpoints[i]
	if s.lane == retry && !probe {
		c.pay(e)
	}
	s.stage, s.at, s.probe, s.proven, s.last = dialing, c.now, probe, false, int16(i)
	s.epoch, s.term = e.limit.epoch, e.term
	e.dialing++
	c.dialing++
	if probe {
		e.probes++
		c.book.join(s, probes)
		c.wake(c.now.Add(c.p.ProbeLease))
	} else {
		c.book.join(s, dials)
		c.wake(c.now.Add(2 * c.p.ProbeLease))
	}
	c.do(Action{Kind: Admit, Client: s.client, Endpoint: uint8(i)})
}
