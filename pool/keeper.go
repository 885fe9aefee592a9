package pool

import (
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// keep is the pool's one goroutine for all that is not done on the way of a message: it
// acts on what was noted, and on time.
//
//	demand ────▶ size ────▶ Add, Remove        gave up, and its time has come ─▶ Start
//	homeless ──▶ another slot                  answers, leases, rings ─▶ too late
//	adrift ────▶ another slot                  askings that nobody waits for ─▶ taken back
func (p *Pool) keep() {
	clock := time.NewTimer(0)
	defer clock.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-p.kick:
		case <-clock.C:
		}
		p.mu.Lock()
		p.next = p.now().Add(time.Hour)
		p.mu.Unlock()
		p.resize()
		p.remove()
		p.revive()
		p.resettle()
		p.recall()
		p.anchor()
		p.giveUpWaiting()
		p.leaks()
		p.tidySessions()
		p.report()
		p.mu.Lock()
		clock.Reset(max(p.next.Sub(p.now()), 0))
		p.mu.Unlock()
	}
}

// wake makes the keeper look now.
func (p *Pool) wake() { poke(p.kick) }

// at makes the keeper look again at a time, at the latest.
func (p *Pool) at(t time.Time) {
	if t.Before(p.next) {
		p.next = t
	}
}

// due notes when there will be something for the keeper to look for, which is not before when
// says; zero: there is nothing.
func (p *Pool) due(when *time.Time, t time.Time) {
	if when.IsZero() || t.Before(*when) {
		*when = t
		if t.Before(p.next) {
			p.wake()
		}
	}
}

// come tells whether a time that due noted has come, and forgets it if so; else the keeper looks
// again then.
func (p *Pool) come(when *time.Time) bool {
	if when.IsZero() {
		return false
	}
	if p.now().Before(*when) {
		p.at(*when)
		return false
	}
	*when = time.Time{}
	return true
}

// busy tells whether more is in flight than the pool should carry at its size.
func (p *Pool) busy() bool {
	n := p.size()
	return n < p.limits.Max && float64(p.inFlight) > p.limits.GrowAt*float64(p.limits.Load*n)
}

// size is how many connections of its own the pool has, or will have.
func (p *Pool) size() int { return p.slotsOwned }

// resize grows or shrinks the pool to what package crowd says. One that drains grows only for
// messages that have lost their connection, and does not shrink.
func (p *Pool) resize() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.draining && len(p.homeless) == 0 {
		return
	}
	gave := p.census.gaveUp
	waiting := p.senders.Len() + p.renters.Len()*p.limits.Load + len(p.homeless) + len(p.adrift)
	now := heal.Instant(p.now().Sub(p.epoch))
	target, again := p.sizing.Step(now, crowd.Demand{
		Size: p.slotsOwned - gave, Usable: p.usable(), Waiting: waiting, InFlight: p.inFlight + len(p.leases)*p.limits.Load,
	}, &p.limits)
	if again > now {
		p.at(p.epoch.Add(time.Duration(again)))
	}
	before := p.slotsOwned
	for p.slotsOwned < target { // those that gave up are not doubled
		p.add(nil)
	}
	for p.slotsOwned > target+gave && !p.draining {
		s := p.spare()
		if s == nil {
			break
		}
		p.retire(s)
	}
	if p.slotsOwned != before {
		p.publish(Event{Kind: Resized, N: p.slotsOwned})
	}
}

// spare is the slot that is missed least: one that is not connected, else the one with
// the least to do.
func (p *Pool) spare() (least *slot) {
	weight := func(s *slot) int {
		if !s.ready() {
			return -1
		}
		return s.load() + len(s.subs)
	}
	for s := range p.own {
		if s.lease == nil && !s.reserved && (least == nil || weight(s) < weight(least)) {
			least = s
		}
	}
	return least
}

// add makes a slot, of the pool's own or a session's, and starts its client.
func (p *Pool) add(of *Session) *slot {
	s := newSlot(p.fleet.Add())
	s.session = of
	p.slots[s.client] = s
	p.recount(s)
	if of == nil {
		p.slotsOwned++
	} else {
		p.undivided.Store(nil)
	}
	p.fleet.Start(s.client)
	return s
}

// retire takes a slot out of the pool. Its client finishes what is in flight, within
// Policy.DrainTimeout, and is gone.
func (p *Pool) retire(s *slot) {
	if s.retiring {
		return
	}
	if s.session == nil {
		p.slotsOwned--
	}
	s.retiring = true
	p.refit(s)
	for sub := range s.subs {
		sub.castOff()
	}
	p.retired = append(p.retired, s.client)
	p.wake()
}

// remove lets go of clients that retired.
func (p *Pool) remove() {
	p.mu.Lock()
	all := p.retired
	p.retired = nil
	p.mu.Unlock()
	for _, client := range all {
		p.fleet.Remove(client)
	}
}

// revive starts clients that gave up and whose time has come.
func (p *Pool) revive() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.census.due == 0 {
		return
	}
	now := p.now()
	var due []*slot
	for _, s := range p.slots {
		if s.phase != heal.GaveUp || s.restart.IsZero() || s.retiring {
			continue
		}
		if now.Before(s.restart) {
			p.at(s.restart)
			continue
		}
		due = append(due, s)
	}
	p.restart(due)
}

// restart starts clients that gave up.
func (p *Pool) restart(all []*slot) {
	for _, s := range all {
		s.restart, s.phase = time.Time{}, heal.Idle // until it is heard of
		p.recount(s)
		p.tell(s, Event{Kind: Restarted})
		p.fleet.Start(s.client)
	}
}

// tidySessions gives up what sessions have kept for too long.
func (p *Pool) tidySessions() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.come(&p.stale) {
		return
	}
	for _, s := range p.sessions {
		s.expire()
	}
}

// report tells of what is too frequent to be told one by one.
func (p *Pool) report() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unknown > 0 {
		p.publish(Event{Kind: OutcomeUnknown, N: p.unknown})
		p.unknown = 0
	}
	for _, s := range p.overflowed {
		p.tell(s, Event{Kind: MessagesDropped, N: s.dropped, Endpoint: s.endpoint})
		s.dropped = 0
	}
	p.overflowed = nil
}
