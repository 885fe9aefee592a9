package pool

import (
	"slices"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// slot is one client of the fleet as the pool sees it. The pool's mutex guards it.
type slot struct {
	client   int
	session  *Session // whose connection it is; nil: the pool's
	lease    *Lease   // who has it to himself; nil: nobody
	phase    heal.Phase
	moved    bool      // its connection replaced another
	ever     bool      // it has been connected
	full     bool      // its queue had no room, and nothing has left it since
	live     uint32    // generation of the connection that carries data; 0: none
	endpoint string    // of the connection, or of the last one
	since    time.Time // when it was connected or lost
	begun    time.Time // when the attempt that is under way was
	failure  *Failure  // why the last attempt or connection ended

	flights  flights   // given to it and not done with
	standing standing  // what it is counted as
	errands  int       // askings that are still to be taken back, or cancelled
	reserved bool      // a caller of Acquire waits until it has nothing in flight
	retiring bool      // it is on its way out
	gone     bool      // it has left the fleet, and is none of Pool.slots any more
	place    int       // in Pool.fit; -1: not there
	progress uint64    // messages that left its queue
	dropped  int       // inbound messages for which there was no room, not told of yet
	restart  time.Time // gave up: when to try again; zero: never
	former   []*Lease  // earlier ones, as long as messages of their lost connections may come
	// connections are those that carry data or have, until nothing more is to be told of them.
	connections []connection

	// strays are ids of messages that were written to its connection and whose answers are not
	// waited for any more: a lease must not get them.
	strays map[string]struct{}

	// Made when they are needed: an idle pool of many connections is the lighter for it.
	subs map[*Subscription]struct{}
}

// connection is what is known of the end of one. Two things tell it, in any order: heal's
// step, which says why, and that everything that had arrived was received.
type connection struct {
	gen          uint32
	lost, silent bool
	why          error // of the end; nil: it is not known yet
}

// connection is the one of a generation.
func (s *slot) connection(gen uint32) *connection {
	i := slices.IndexFunc(s.connections, func(c connection) bool { return c.gen == gen })
	if i < 0 {
		i = len(s.connections)
		s.connections = append(s.connections, connection{gen: gen})
	}
	return &s.connections[i]
}

// speaks tells whether something may still come of a connection before gen's.
func (s *slot) speaks(gen uint32) bool {
	return slices.ContainsFunc(s.connections, func(c connection) bool { return c.gen < gen && !c.silent })
}

func newSlot(client int) *slot {
	return &slot{client: client, place: -1}
}

// counts tells whether a slot is one of the pool's own that stay.
func (s *slot) counts() bool { return s.session == nil && !s.retiring }

// ready tells whether a slot has a connection that was proved.
func (s *slot) ready() bool { return s.phase.Usable() && s.live != 0 }

// up tells whether a message that is given to it now can go out.
func (s *slot) up() bool { return s.ready() && s.phase != heal.Suspect }

// load is what a choice between slots goes by.
func (s *slot) load() int { return s.flights.n }

// refit puts a slot among those that messages may be given to, or takes it out. Who waits
// for one of his own is told if it is one.
func (p *Pool) refit(s *slot) {
	p.recount(s)
	fit := s.counts() && s.lease == nil && !s.reserved && !s.full && s.up() && !s.gone
	switch {
	case fit && s.place < 0:
		s.place = len(p.fit)
		p.fit = append(p.fit, s)
		p.invite()
		p.admit()
		if len(p.adrift)+len(p.errands) > 0 {
			p.wake()
		}
	case !fit && s.place >= 0:
		last := p.fit[len(p.fit)-1]
		p.fit[s.place], last.place = last, s.place
		p.fit[len(p.fit)-1] = nil
		p.fit = p.fit[:len(p.fit)-1]
		s.place = -1
	case s.reserved && p.free() == s:
		p.offer()
	}
}

// own are the pool's own slots, those that go not counted.
func (p *Pool) own(yield func(*slot) bool) {
	for _, s := range p.slots {
		if s.counts() && !yield(s) {
			return
		}
	}
}

// gaveUp is why nothing can be sent for now: all of the pool's connections gave up.
func (p *Pool) gaveUp() (why *Failure) {
	if len(p.fit) > 0 || p.census.gaveUp < p.census.own {
		return nil
	}
	for s := range p.own {
		why = s.failure
	}
	return why
}

// usable counts the pool's connections that are ready.
func (p *Pool) usable() int { return p.census.usable }
