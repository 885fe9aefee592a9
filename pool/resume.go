package pool

import (
	"context"
	"fmt"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
)

// resume says hello on a new connection, and sends again what the peer may not have.
func (s *Session) resume(ctx context.Context, x driver.Exchange) error {
	p := s.pool
	state, err := s.stand(ctx, x.Gen())
	if err != nil {
		return err
	}
	c := Continuity{Kind: Fresh, Reason: "nothing was said of a session"}
	if hello := s.config.Hello; hello != nil {
		m := hello(state)
		if len(m.Payload) > p.config.QueueBytes {
			return fmt.Errorf("hello: %w: %d bytes, and Config.QueueBytes is %d", ErrTooLarge, len(m.Payload), p.config.QueueBytes)
		}
		if err := x.Send(ctx, driver.Message{Payload: m.Payload, Text: m.Text}); err != nil {
			return fmt.Errorf("hello: %w", inOurWords(err))
		}
	}
	if accept := s.config.Accept; accept != nil {
		var refused error
		_, err := x.Receive(ctx, func(payload []byte) bool {
			if c, refused = accept(Message{Payload: payload}); refused == nil {
				s.goesOn(c, x.Gen(), c.Kind != Fresh)
			}
			return true
		})
		if err == nil {
			err = refused
		}
		if err != nil {
			return fmt.Errorf("hello: %w", err)
		}
	} else {
		s.goesOn(c, x.Gen(), false)
	}
	p.mu.Lock()
	again := s.ring.unsure()
	p.count.resent += uint64(len(again))
	p.mu.Unlock()
	for _, e := range again {
		if err := x.Send(ctx, e.outgoing()); err != nil {
			return fmt.Errorf("again: %w", err)
		}
	}
	return nil
}

// stand stops handing over, waits until nothing is between here and the connection that
// is being replaced, if there is one, and returns what is known then.
func (s *Session) stand(ctx context.Context, gen uint32) (State, error) {
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return State{}, err
	}
	if is := s.slot.phase; is != heal.Proving && is != heal.Joining { // nobody would end what begins here
		return State{}, inOurWords(driver.ErrOver)
	}
	s.hold = true
	for s.ring.queued > 0 && s.live() && s.over == nil {
		change := s.change.wait()
		p.mu.Unlock()
		select {
		case <-change:
		case <-ctx.Done():
		}
		p.mu.Lock()
		if ctx.Err() != nil {
			return State{}, ctx.Err()
		}
	}
	if s.config.Hello != nil {
		s.asked, s.resumes = gen, false
	}
	return State{Key: s.config.Key, First: !s.ever, Acked: s.acked, Last: s.last, Unsure: len(s.ring.unsure())}, s.over
}

// goesOn takes the peer's word, on connection gen, for how the session goes on. resumes
// says that it knows where: what other connections still bring comes again over this one.
func (s *Session) goesOn(c Continuity, gen uint32, resumes bool) {
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.Kind == Resumed || c.Kind == Gap {
		s.acknowledge(Ack{Seq: c.From, UpTo: true}, gen-1) // nothing of the ring was written to this one yet
	}
	ahead := c.Kind != Fresh && c.From > s.ring.last // it has more than was sent here: what is sent now counts on from there
	if ahead {
		s.ring.last = c.From
	}
	if (s.ever || ahead) && c.Kind != Unbroken {
		s.stating = append(s.stating, statement{gen, c})
		s.state(0)
	}
	s.ever, s.resumes = true, resumes
}

// statement is what a connection begins with.
type statement struct {
	gen        uint32
	continuity Continuity
}

// state tells the reader how the session goes on: behind all that the connections before
// had brought, and before what connection gen brings.
func (s *Session) state(gen uint32) {
	for len(s.stating) > 0 && (s.stating[0].gen <= gen || !s.slot.speaks(s.stating[0].gen)) {
		s.inbox.tell(s.stating[0].continuity)
		s.stating = s.stating[1:]
	}
}

// decided ends the wait for what comes of the connection on which Hello was said.
func (s *Session) decided() {
	if s.asked != 0 && s.asked == s.slot.live && s.resumes {
		s.from = s.asked
	}
	s.hold, s.asked = false, 0
}

// stepped follows the session's client from one phase to another.
func (s *Session) stepped(was heal.Phase) {
	is := s.slot.phase
	if (was == heal.Proving || was == heal.Joining) && is != heal.Proving && is != heal.Joining {
		s.decided()
	}
	if is == heal.GaveUp {
		s.inbox.pause(because(ErrGaveUp, s.slot.failure))
	} else if was == heal.GaveUp {
		s.inbox.pause(nil)
	}
	s.change.all()
	s.pump()
}
