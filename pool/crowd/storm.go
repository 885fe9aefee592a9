package crowd

import (
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

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

	lost  int           // in this storm
	told  int           // of them when everybody was scattered last
	wide  time.Duration // within which
	back  int           // connections proved since it began
	calm  heal.Instant  // when it may be found calm
	until heal.Instant  // when it is over, whoever is back
}

// most is the share of those lost that must be back for a storm to be over.
const most = 0.8

// longestSpread bounds the window over which a storm is scattered.
const longestSpread = 5 * time.Minute

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
			c.do(Action{Kind: Scatter, Client: client, N: 1, Within: s.wide})
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

// scatter spreads those who are waiting over the time that the server needs for as many
// as were lost, as far as is known. Everybody is told again each time that the losses have
// doubled; who is lost in between is told alone, else half of a storm could come back
// within the window that is for a single loss.
func (c *Crowd) scatter() {
	s := &c.storm
	within := c.p.StormSpread
	if rate := c.pace.seen(c.now); rate > 0 {
		within = max(within, time.Duration(min(float64(s.lost)/rate, longestSpread.Seconds())*float64(time.Second)))
	}
	s.told, s.wide = s.lost, within
	s.until = c.now.Add(2 * within)
	c.wake(s.calm)
	c.do(Action{Kind: Scatter, Client: -1, N: s.lost, Within: within})
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

// pace measures how many handshakes per second the endpoints take. Only spells in which
// clients had to wait because of the limits throughout tell that, of a second at least and
// of as many handshakes as the limits let through at once; any other tells how many there
// were. A spell in which one failed tells that something was broken. So does one that was
// cut short by an outage, which is why what was measured holds for a while only: believed
// for ever, a few handshakes between two outages would have everybody wait for minutes,
// and nobody would find out that they need not.
type pace struct {
	from   heal.Instant
	opened int
	full   bool
	rate   float64      // handshakes per second
	until  heal.Instant // rate holds until then
}

// paceHolds is how long a pace that was measured is believed.
const paceHolds = time.Minute

func (p *pace) note(full bool) { p.full = p.full && full }

// seen is the pace in handshakes per second; 0: not known.
func (p *pace) seen(now heal.Instant) float64 {
	if now >= p.until {
		return 0
	}
	return p.rate
}

// measure closes a spell that was long enough. More than before is believed at once, less
// slowly: a window that is too short costs a queue, which admission holds, one that is too
// long costs everybody time.
func (c *Crowd) measure() {
	p, now := &c.pace, c.now
	span := now.Sub(p.from)
	if span < time.Second || p.full && p.opened < c.round() {
		return
	}
	if p.full && p.opened > 0 {
		rate := float64(p.opened) / span.Seconds()
		if before := p.seen(now); rate < before {
			rate = before + (rate-before)/8
		}
		p.rate, p.until = rate, now.Add(paceHolds)
	}
	p.from, p.opened, p.full = now, 0, true
}

// round is how many handshakes may be under way at once where clients are sent.
func (c *Crowd) round() (n int) {
	for i := range c.endpoints {
		if e := &c.endpoints[i]; c.inUse(e) {
			n += e.limit.room()
		}
	}
	return min(n, c.p.Dials)
}
