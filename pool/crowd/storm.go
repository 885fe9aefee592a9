package crowd

import "github.com/wsheal/wsheal/pool/heal"

// storm finds losses that have one cause: StormShare of the live connections, and at
// least StormLeast, within StormWindow. No single client can see that; the pool can.
//
// What the pool meant does not count, nor do early deaths: those are the endpoint's
// failures, for which backoff and ejection are there, and would make a server that
// accepts and closes one endless storm.
type storm struct {
	on    bool
	slots [8]int // losses by slot of StormWindow/8; the window is the last eight
	slot  int64  // the newest
	sum   int

	lost  int          // in this storm
	told  int          // of them when everybody was scattered last
	back  int          // connections proved since it began
	calm  heal.Instant // when it may be found calm
	until heal.Instant // when it is over, whoever is back
}

// most is the share of those lost that must be back for a storm to be over.
const most = 0.8

// missing counts a connection that client lost and should not have.
func (c *Crowd) missing(client int) {
	s := &c.storm
	c.turn()
	s.slots[s.slot%int64(len(s.slots))]++
	s.sum++
	if s.on {
		s.lost++
		s.calm = c.now.Add(c.p.StormWindow)
		if s.lost >= 2*s.told {
			c.scatter()
		} else {
			c.do(Action{Kind: Scatter, Client: client, N: 1, Within: c.p.StormSpread})
		}
		return
	}
	if s.sum < c.p.StormLeast || float64(s.sum) < c.p.StormShare*float64(c.connections+s.sum) {
		return
	}
	s.on, s.lost, s.back = true, s.sum, 0
	s.calm = c.now.Add(c.p.StormWindow)
	for i := range c.endpoints {
		l := &c.endpoints[i].limit
		l.cut(l.epoch)
	}
	c.tell(StormBegan)
	c.scatter()
}

// turn drops what is older than the window.
func (c *Crowd) turn() {
	s := &c.storm
	n := int64(len(s.slots))
	now := int64(c.now) / max(1, int64(c.p.StormWindow)/n)
	for range min(now-s.slot, n) {
		s.slot++
		s.sum -= s.slots[s.slot%n]
		s.slots[s.slot%n] = 0
	}
	s.slot = now
}

// scatter spreads those who are waiting over StormSpread. It is told to everybody again
// each time that the losses have doubled, and to who is lost in between alone, else half of
// a storm could come back within the window that is for a single loss.
//
// The window does not grow with the losses: who comes back sooner than the endpoints can
// take him waits for admission, which follows what they take and costs them nothing. A
// window that is too long would cost everybody time.
func (c *Crowd) scatter() {
	s := &c.storm
	s.told = s.lost
	s.until = c.now.Add(2 * c.p.StormSpread)
	c.wake(s.calm)
	c.do(Action{Kind: Scatter, Client: -1, N: s.lost, Within: c.p.StormSpread})
}

// sweepStorm ends a storm: nothing was lost for a whole window, and most are back. Those
// that cannot come back, because the endpoint is still down or they gave up, do not keep
// it on for more than twice the time over which they were spread.
func (c *Crowd) sweepStorm() {
	s := &c.storm
	switch {
	case !s.on:
	case c.now < s.calm:
		c.wake(s.calm)
	case float64(s.back) >= most*float64(s.lost) || c.now >= s.until:
		s.on = false
		c.tell(StormOver)
		c.stir(0)
	default:
		c.wake(min(s.until, c.now.Add(c.p.StormWindow)))
	}
}
