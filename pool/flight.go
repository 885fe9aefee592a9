package pool

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/wsheal/wsheal/pool/driver"
)

// parcel is what the fleet hands back with its events about a message. Both are called
// with the pool's mutex held.
type parcel interface {
	written(gen uint32)
	dropped(gen uint32, o driver.Outcome)
}

// flight is one message on its way through the pool, from Send to its outcome. The pool's
// mutex guards it.
//
//	Send ──▶ waits for room ──▶ given to a slot ──▶ written ──▶ answered
//	              ▲                   │ slot goes        │ connection lost
//	              │                   ▼                  ▼
//	              └─────────────── homeless ◀── idempotent, else unknown
type flight struct {
	pool     *Pool
	message  Message
	receipt  *Receipt     // which outlives it
	id       string       // by which its answer is known
	expects  bool         // an answer belongs to it
	answer   chan Message // Request: its answer; nil: nobody waits for it
	bound    bool         // to its connection: it goes over no other
	rented   bool         // it is among its lease's; its mutex guards that, and all of such a flight
	kept     bool         // whoever sends it will look at it once it was written
	lease    *Lease       // that it was sent over; nil: none
	deadline time.Time    // when the answer is not waited for any more; zero: see Request

	slot           *slot
	before, behind *flight // of those of the slot

	gen   uint32 // connection that it was written to
	out   bool   // written
	tried bool   // some of it was written, to this connection or one before
	over  bool
	early *Message // its answer, which came before the report that it was written; nil: it did not
}

// spent are flights that are over and known to nobody. To make one for each message, and to
// be told of it by an Event and not by driver.Carried, was a twentieth of the CPU time of an
// echo (bench/cost, echo).
var spent = sync.Pool{New: func() any { return new(flight) }}

func newFlight(p *Pool, m Message) *flight {
	f := spent.Get().(*flight)
	f.pool, f.message, f.receipt = p, m, new(Receipt)
	return f
}

// recycle is for a flight whose outcome was told by the fleet, which lets go of it with that.
func (f *flight) recycle() {
	*f = flight{}
	spent.Put(f)
}

// attach gives a flight to a slot.
func (p *Pool) attach(f *flight, s *slot) {
	f.slot, f.out, f.gen, f.early = s, false, 0, nil
	s.flights.add(f)
	p.inFlight++
	if p.busy() {
		p.wake()
	}
}

// detach takes it back.
func (p *Pool) detach(f *flight) {
	s := f.slot
	if s == nil {
		return
	}
	f.slot = nil
	s.flights.remove(f)
	p.inFlight--
	if s.flights.n == 0 {
		p.idle(s)
	}
	if p.draining {
		p.change.all()
	}
}

// settle ends a flight.
func (p *Pool) settle(f *flight, o Outcome, why error) {
	if f.over {
		return
	}
	p.detach(f)
	f.over, f.message.Payload = true, nil
	if f.expects && p.answers[f.id] == f {
		delete(p.answers, f.id)
	}
	p.settled(f.receipt, o, why)
	if p.draining {
		p.wake() // it may have been without a connection
	}
}

// settled makes an outcome final and counts it.
func (p *Pool) settled(r *Receipt, o Outcome, why error) {
	if r.settle(o, why) {
		p.count.outcomes[o]++
		if o == Unknown {
			p.unknown++
			p.wake()
		}
	}
}

// unsure settles a flight whose connection was lost when the peer may have had it, or
// lets it go again.
func (p *Pool) unsure(f *flight, why error) {
	f.tried = true
	if p.closed {
		why = ErrClosed
	}
	switch {
	case f.over:
	case f.message.Idempotent && f.expects && !f.bound && !p.closed:
		p.count.resent++
		p.shelter(f)
	default:
		p.settle(f, Unknown, why)
	}
}

// shelter keeps a flight that has lost its slot until another one has room.
func (p *Pool) shelter(f *flight) {
	p.detach(f)
	f.receipt.advance(Queued)
	p.homeless = append(p.homeless, f)
	p.wake()
}

// expect bounds the wait for the answer to a flight that was accepted.
func (p *Pool) expect(f *flight) {
	if f.expects && f.answer == nil && !f.over {
		f.deadline = p.now().Add(p.config.AnswerWithin)
		if len(p.aging) > 2*len(p.answers)+64 { // most were answered long ago
			p.aging = slices.DeleteFunc(p.aging, func(f *flight) bool { return f.over })
		}
		p.aging = append(p.aging, f)
		if len(p.aging) == 1 {
			p.wake()
		}
	}
}

// unsent is the outcome of a flight that will not be sent, or not again.
func (f *flight) unsent() Outcome {
	if f.tried || f.slot != nil {
		return Unknown
	}
	return NotSent
}

func (f *flight) written(gen uint32) {
	p := f.pool
	if f.over || f.slot == nil {
		return
	}
	f.out, f.gen = true, gen
	if !f.expects {
		p.settle(f, Written, nil)
		if !f.kept {
			f.recycle()
		}
		return
	}
	f.receipt.advance(Written)
	if f.early != nil {
		p.answer(f, *f.early)
	}
}

func (f *flight) dropped(gen uint32, o driver.Outcome) {
	if f.lease != nil {
		f.lease.surrender(f)
	}
	p, s := f.pool, f.slot
	switch {
	case f.over || s == nil:
	case o != driver.NotSent && f.early != nil: // its peer had read enough of it
		f.tried = true
		p.answer(f, *f.early)
	case o != driver.NotSent: // its connection is ending, which will tell why
		f.out, f.gen, f.tried = true, gen, true
	case p.closed:
		p.settle(f, NotSent, ErrClosed)
	case f.bound:
		p.settle(f, NotSent, ErrLeaseOver)
	case s.retiring:
		p.shelter(f)
	default: // it made room
		p.settle(f, NotSent, ErrQueueFull)
	}
}

// left notes that a message left a slot's queue.
func (p *Pool) left(s *slot) {
	s.progress++
	if s.full {
		s.full = false
		p.refit(s)
	}
}

var errRetired = errors.New("its connection was taken out of the pool")

// lostError is why what was in flight on a slot's last connection is.
func (s *slot) lostError() error {
	if s.failure == nil {
		return errRetired
	}
	return s.failure
}
