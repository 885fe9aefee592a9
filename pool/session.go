package pool

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// SessionConfig is one session.
type SessionConfig struct {
	Key string // names the session in this pool; must not be empty, and be unique among the open ones
	// Ack tells what an inbound message acknowledges. With it the session is at-least-once:
	// a message with a Seq is kept until it was acknowledged, and is sent again on each new
	// connection, in order, before newer ones; the peer tells doubles by their number. nil:
	// the session is at-most-once. It must not block.
	Ack func(Message) (Ack, bool)
	// Hello returns what the session says first on each connection; nil: nothing.
	Hello func(State) Message
	// Accept reads the peer's answer to Hello, the first message on the connection: how the
	// session goes on. Resumed and Gap acknowledge everything sent up to From; where that is more
	// than was sent, as after a restart of this program, the reader is told at once, and
	// Send takes only higher numbers from then on (ErrSequence). Unless it is Fresh, the peer
	// goes on behind State.Last, and what connections before this one still bring is dropped:
	// it comes again. An error says that the connection will not do. nil: no answer is waited
	// for, and the session is Fresh.
	Accept func(Message) (Continuity, error)

	Ring     Ring // what is kept until it is acknowledged, or sent
	Messages int  // inbound, held for a slow reader; 0: 256
	Bytes    int  // payload bytes of the same; 0: 1 MiB
	Slow     Slow // what happens to a slower one; 0: Backlog, which holds up this session alone
}

// State is what a session knows of itself when it says Hello.
type State struct {
	Key    string
	First  bool     // it has not been connected before
	Acked  uint64   // the highest number that was acknowledged
	Last   *Message // the last message that was received, be it read yet or not; nil: none
	Unsure int      // messages that the peer may have, or not: they will follow
}

// Session is a logical connection to one peer over changing connections of its own:
// order is kept, and continuity is told. Its methods may be called from many goroutines at
// once.
//
//	Send ──▶ ring ──▶ fleet's queue ──▶ connection 1 ──✕
//	          │                                          lost
//	          └── unacknowledged, again ──▶ connection 2 ──▶ …
//	                                          │
//	Receive ◀── Resumed, Gap or Fresh ◀── Hello, Accept
type Session struct {
	pool   *Pool
	config SessionConfig
	inbox  *inbox
	slot   *slot

	// Guarded by the pool's mutex.
	ring    replay
	ever    bool   // it has been connected
	hold    bool   // a connection is being validated: what is handed over now might go astray
	asked   uint32 // the connection on which Hello was said last, until it is known what came of it; 0: that is
	resumes bool   // its peer sends what came after State.Last
	from    uint32 // the connection on which a peer did so: what those before it still bring comes twice
	stating []statement
	pumping bool
	acked   uint64
	last    *Message
	closing bool
	over    error
	change  signal
}

// Session opens a session and returns when it is connected and accepted. ctx bounds that
// wait alone. The session's connection comes in addition to Config.Max, up to
// Config.Sessions of them.
func (p *Pool) Session(ctx context.Context, c SessionConfig) (*Session, error) {
	given(ctx)
	if err := ctx.Err(); err != nil { // no connection is opened for a caller who has left
		return nil, fmt.Errorf("session %s: %w", c.Key, err)
	}
	s, err := p.newSession(c)
	if err == nil {
		if err = s.connected(ctx); err == nil {
			return s, nil
		}
		s.end(err)
	}
	return nil, fmt.Errorf("session %s: %w", c.Key, err)
}

// faults returns all that is wrong with a completed SessionConfig.
func (c *SessionConfig) faults() error {
	var all []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			all = append(all, fmt.Errorf("SessionConfig."+format, args...))
		}
	}
	wrong(c.Key == "", "Key: expected one")
	wrong(c.Accept != nil && c.Hello == nil, "Accept: expected Hello with it")
	wrong(c.Ring.Messages < 0, "Ring.Messages: expected at least 0, got %d", c.Ring.Messages)
	wrong(c.Ring.Bytes < 0, "Ring.Bytes: expected at least 0, got %d", c.Ring.Bytes)
	wrong(c.Ring.Age < 0, "Ring.Age: expected at least 0, got %v", c.Ring.Age)
	wrong(c.Messages < 0, "Messages: expected at least 0, got %d", c.Messages)
	wrong(c.Bytes < 0, "Bytes: expected at least 0, got %d", c.Bytes)
	wrong(c.Slow > Hangup, "Slow: expected Backlog, SkipOldest or Hangup, got %d", c.Slow)
	return errors.Join(all...)
}

func (p *Pool) newSession(c SessionConfig) (*Session, error) {
	either(&c.Ring.Messages, 1024)
	either(&c.Ring.Bytes, 1<<20)
	either(&c.Ring.Age, 5*time.Minute)
	either(&c.Messages, 256)
	either(&c.Bytes, 1<<20)
	either(&c.Slow, Backlog)
	if err := c.faults(); err != nil {
		return nil, err
	}
	s := &Session{pool: p, config: c, inbox: newInbox(c.Messages, c.Bytes, c.Slow)}
	s.ring.limit = c.Ring
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, ErrClosed
	case p.draining:
		return nil, ErrDraining
	case p.sessions[c.Key] != nil:
		return nil, ErrDuplicate
	case len(p.sessions) >= p.config.Sessions:
		return nil, fmt.Errorf("%w: Config.Sessions is %d", ErrTooManySessions, p.config.Sessions)
	}
	p.sessions[c.Key] = s
	s.slot = p.add(s)
	return s, nil
}

// connected waits for the first connection.
func (s *Session) connected(ctx context.Context) error {
	p := s.pool
	for {
		p.mu.Lock()
		change, ready, over, why := s.change.wait(), s.live(), s.over, s.refusal()
		failure := s.slot.failure
		p.mu.Unlock()
		switch {
		case over != nil:
			return over
		case why != nil:
			return why
		case ready:
			return nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", because(ErrNoConnection, failure), ctx.Err())
		}
	}
}

// live tells whether there is a connection that carries data.
func (s *Session) live() bool { return s.slot.ready() }

// refusal is why nothing new is accepted.
func (s *Session) refusal() error {
	switch {
	case s.over != nil:
		return s.over
	case s.closing:
		return ErrClosed
	case s.slot.phase == heal.GaveUp:
		return because(ErrGaveUp, s.slot.failure)
	case s.pool.draining:
		return ErrDraining
	}
	return nil
}

// Receive returns what comes next, in order: a message, or a statement about continuity.
// Its error is ctx's, or why there is nothing more: ErrClosed, ErrSlowConsumer, or, as long
// as it lasts, ErrGaveUp.
func (s *Session) Receive(ctx context.Context) (Delivery, error) {
	given(ctx)
	d, err := s.inbox.next(ctx)
	if err != nil {
		return d, fmt.Errorf("session %s: %w", s.config.Key, err)
	}
	return d, nil
}

// All ranges over what Receive returns, until its first error.
func (s *Session) All(ctx context.Context) iter.Seq[Delivery] { return all(ctx, s.Receive) }

// Key is the session's name.
func (s *Session) Key() string { return s.config.Key }

// Close takes no new messages, waits until those in the ring are acknowledged (or
// written, where nothing acknowledges), and ends the session and its connection. When ctx
// ends first, it ends them all the same, and its error says how many were left: their
// receipts are NotSent or Unknown. It may be called again.
func (s *Session) Close(ctx context.Context) error {
	given(ctx)
	p := s.pool
	var late error
	for late == nil {
		p.mu.Lock()
		s.closing = true
		change, left, over := s.change.wait(), s.ring.waiting, s.over
		p.mu.Unlock()
		if over != nil {
			return nil
		}
		if left == 0 {
			break
		}
		select {
		case <-change:
		case <-ctx.Done():
			late = fmt.Errorf("session %s: close with %d messages left: %w", s.config.Key, left, ctx.Err())
		}
	}
	s.end(ErrClosed)
	return late
}

// end ends the session now.
func (s *Session) end(why error) {
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	s.finish(why)
}

func (s *Session) finish(why error) {
	p := s.pool
	if s.over != nil {
		return
	}
	s.over = why
	delete(p.sessions, s.config.Key)
	s.inbox.end(why)
	for _, e := range s.ring.entries {
		switch e.place {
		case here:
			s.settle(e, NotSent, why)
		case gone:
			s.settle(e, Unknown, why)
		}
	}
	p.retire(s.slot) // what is handed over is told of as it leaves the queue
	s.change.all()
	if p.draining {
		p.change.all()
	}
}
