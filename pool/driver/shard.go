package driver

import (
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// shard is one event loop: it alone steps its clients, one after the other.
//
//	Start, Close ───────┐
//	dials: Opened … ────┼──▶ mailbox ──▶ run ──▶ heal.Step ──▶ Arm  ──▶ wheel ─┐
//	readers: Lost … ────┘                 ▲                    Dial, Ping, …   │
//	                                      └───────── TimerFired ───────────────┘
type shard struct {
	fleet *Fleet
	wheel wheel

	mailbox

	events []crowd.Event // scratch of commons.follow

	phases  [len(Snapshot{}.Phases)]atomic.Int64
	dials   atomic.Uint64
	waiting atomic.Int64 // messages

	discarded atomic.Uint64 // messages that had arrived
}

func newShard(p *Fleet) *shard {
	return &shard{fleet: p, mailbox: mailbox{notify: make(chan struct{}, 1)}}
}

// run is the event loop.
func (s *shard) run() {
	defer s.fleet.loops.Done()
	clock := time.NewTimer(0)
	defer clock.Stop()
	serve := s.fire
	for {
		for all := s.collect(); all != nil; all = s.collect() {
			for b := all; b != nil; b = b.recycle() {
				for i := range b.mails[:b.n] {
					if !s.handle(&b.mails[i]) {
						return
					}
				}
				s.wheel.advance(s.fleet.now(), serve) // a storm of mail must not make timers late
			}
		}
		s.wheel.advance(s.fleet.now(), serve)
		if at, ok := s.wheel.due(); ok {
			clock.Reset(at.Sub(s.fleet.now()))
		} else {
			clock.Stop()
		}
		select {
		case <-s.notify:
		case <-clock.C:
		}
	}
}

// handle does what one mail asks; false: the loop is over.
func (s *shard) handle(m *mail) bool {
	switch m.order {
	case step:
		if m.client.admit(m) {
			s.step(m.client, m.event, 0, m)
			m.client.after(m)
		}
	case empty:
		m.conn.empty()
	case scatter:
		s.scatter(m.crowd.Within)
	case shed:
		s.fleet.crowd.choose(m.crowd)
	case notice:
		s.fleet.crowd.observe(m.crowd)
	case over:
		m.client.over(m.conn)
		if m.client.leaving {
			m.client.depart()
		}
	case remove:
		m.client.remove()
	case settle:
		m.client.settle()
	case pass:
		m.passed.Done()
	case force:
		s.each(func(c *client) {
			for k := c.conn; k != nil; k = k.older {
				k.kill()
			}
		})
	case quit:
		s.each((*client).dropAll)
		return false
	}
	return true
}

// each calls f for every client of the shard.
func (s *shard) each(f func(*client)) {
	s.fleet.clients.each(func(c *client) {
		if c.shard == s {
			f(c)
		}
	})
}

// fire serves a timer that is due.
func (s *shard) fire(t *timer) {
	c := t.client
	ev := heal.Event{Kind: heal.TimerFired, Timer: t.number}
	c.witness(&ev)
	s.step(c, ev, s.fleet.now().Sub(t.at), &mail{})
}

// step lets heal decide, reports the decision and carries it out.
func (s *shard) step(c *client, ev heal.Event, late time.Duration, m *mail) {
	o := &s.fleet.options
	now, from := s.fleet.now(), c.state.Phase
	ev.Only = s.fleet.crowd.only(ev.Kind)
	actions := heal.Step(now, ev, &c.state, &o.Policy, heal.Rand{Seed: o.Seed, Client: uint64(c.id)})
	if to := c.state.Phase; to != from {
		s.phases[from].Add(-1)
		s.phases[to].Add(1)
		if to == heal.Retired {
			s.wheel.disarm(&c.timer)
		}
	}
	c.show(from, now)
	c.deafen(&actions)
	gen := ev.Gen
	if gen == 0 {
		gen = c.state.Gen
	}
	e := Event{
		Kind: Stepped, At: now, Client: c.id, Gen: gen,
		Step: ev, From: from, State: c.state, Actions: actions, Late: late, Err: m.err,
	}
	if ev.Kind == heal.Opened {
		e.Connected, e.Secured = m.conn.wire.Connected(), m.conn.wire.Secured()
	}
	o.Observe(e)
	if x := s.fleet.crowd; x != nil {
		x.follow(c, ev, m, &actions)
	}
	for _, a := range actions.All() {
		c.act(a)
	}
}
