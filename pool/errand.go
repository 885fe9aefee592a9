package pool

import (
	"errors"
	"slices"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
)

// errand is one asking for a subscription, over one connection and no other.
//
//	adrift ──▶ settleOn ──▶ queued ──▶ written ──▶ goesOn
//	   ▲                      │           │
//	   └───────── depart ◀────┴───────────┘ connection lost, leased or retired; closed
//	                └──▶ taken back, else Cancel
type errand struct {
	subscription *Subscription
	home         *slot
	gen          uint32
}

// subscribed is what is said of a stream whose peer does not say how it goes on.
var subscribed = Continuity{Kind: Fresh, Reason: "subscribed again"}

// asking is the message that asks, as the fleet takes it.
func (e *errand) asking(m Message) driver.Message {
	return driver.Message{Payload: m.Payload, Text: m.Text, Ref: e, Gen: e.gen}
}

// pending tells whether a connection is not in use yet, and may be.
func (s *slot) pending(gen uint32) bool {
	return gen > s.live && (s.phase == heal.Proving || s.phase == heal.Joining)
}

// counts tells whether the stream may come of an errand.
func (e *errand) counts() bool {
	return slices.Contains(e.subscription.errands, e) && (e.gen == e.home.live || e.home.pending(e.gen))
}

func (e *errand) written(uint32) {
	s := e.subscription
	if s.config.Confirm == nil && e.counts() && e == s.errands[len(s.errands)-1] {
		s.goesOn(subscribed)
	}
}

func (e *errand) dropped(uint32, driver.Outcome) {
	if e.counts() {
		e.subscription.castOff()
	}
}

// settleOn makes a slot the home of a subscription, to be asked for over connection gen.
func (s *Subscription) settleOn(home *slot, gen uint32) *errand {
	delete(s.pool.adrift, s)
	s.home, s.asking = home, s.config.Confirm != nil
	if home.subs == nil {
		home.subs = map[*Subscription]struct{}{}
	}
	home.subs[s] = struct{}{}
	e := &errand{s, home, gen}
	s.errands = append(slices.DeleteFunc(s.errands, func(e *errand) bool { return e.gen != home.live }), e)
	return e
}

// castOff takes a subscription from its home; the next connection that is ready has it.
func (s *Subscription) castOff() {
	if s.home != nil && !s.over {
		s.pool.adrift[s] = struct{}{}
		s.depart()
	}
}

// depart takes a subscription from its home, and has the keeper take back what was asked there.
func (s *Subscription) depart() {
	p := s.pool
	if s.home != nil {
		delete(s.home.subs, s)
		defer p.invite() // it may have kept the connection from being leased
	}
	if len(s.errands) > 0 {
		p.errands = append(p.errands, s.errands...)
		s.home.errands += len(s.errands)
		p.wake()
	}
	s.home, s.errands = nil, nil
}

// recall takes back the askings that nobody waits for any more: those that are still
// queued, so that they are not sent. Where it is too late for that, and the subscription is
// over, the peer is told. It is the keeper's.
func (p *Pool) recall() {
	p.mu.Lock()
	all := p.errands
	p.errands = nil
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, e := range all {
			e.home.errands--
		}
		if len(all) > 0 {
			p.invite()
		}
	}()
	for _, e := range all {
		p.mu.Lock()
		home, progress := e.home, e.home.progress
		p.mu.Unlock()
		back := p.fleet.Recall(home.client, e)
		p.mu.Lock()
		if back {
			p.left(home)
		}
		m, over, live := e.subscription.config.Cancel, e.subscription.over, e.gen == home.live
		if !back && over && home.pending(e.gen) { // it has to be proved first
			p.errands = append(p.errands, e)
			home.errands++
		}
		p.mu.Unlock()
		if back || !over || !live || len(m.Payload) == 0 {
			continue
		}
		err := p.fleet.Send(home.client, driver.Message{Payload: m.Payload, Text: m.Text, Gen: e.gen})
		if errors.Is(err, driver.ErrQueueFull) {
			p.mu.Lock()
			p.errands = append(p.errands, e)
			home.errands++
			p.crowded(home, progress)
			p.mu.Unlock()
		}
	}
}

// crowded notes that the queue of a slot had no room for what the keeper had to send. It
// tries again when it has, or at once if something has left it meanwhile.
func (p *Pool) crowded(s *slot, progress uint64) {
	if s.progress != progress {
		p.wake()
		return
	}
	s.full = true
	p.refit(s)
}

// anchor finds homes for subscriptions that are adrift. It is the keeper's.
func (p *Pool) anchor() {
	var over []*slot // whose connection has ended, of which we have not heard yet
	for {
		p.mu.Lock()
		var s *Subscription
		for s = range p.adrift {
			break
		}
		var home *slot
		if s != nil { // there is seldom one, and every slot is looked at for it
			home = p.harbour(over)
		}
		if home == nil {
			p.mu.Unlock()
			return
		}
		e, progress := s.settleOn(home, home.live), home.progress
		p.mu.Unlock()
		m, err := s.question()
		if err != nil {
			s.leave(err)
			continue
		}
		err = p.fleet.Send(home.client, e.asking(m))
		if err == nil {
			continue // if it has left meanwhile, recall takes it back
		}
		p.mu.Lock()
		if slices.Contains(s.errands, e) {
			s.errands = nil
			s.depart()
			p.adrift[s] = struct{}{}
		}
		if errors.Is(err, driver.ErrQueueFull) {
			p.crowded(home, progress)
		} else {
			over = append(over, home)
		}
		p.mu.Unlock()
	}
}

// harbour is the ready slot with the fewest subscriptions, save some. One that is about to
// be replaced is none: the asking might come too late for the new connection.
func (p *Pool) harbour(save []*slot) (best *slot) {
	for _, s := range p.fit {
		if (best == nil || len(s.subs) < len(best.subs)) && s.phase != heal.Joining && !slices.Contains(save, s) {
			best = s
		}
	}
	return best
}
