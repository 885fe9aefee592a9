package pool

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// SubscribeConfig is one subscription.
type SubscribeConfig struct {
	Topic   string  // which messages it is for, as Config.Topic names them
	Message Message // what asks the peer for them
	// Again returns what asks for them on another connection, given the last message that
	// arrived, nil if none did; nil: Message. It must not block. What can never be sent
	// (ErrTooLarge, ErrNotText) ends the subscription.
	Again func(last *Message) Message
	// Confirm tells whether a message is the peer's answer to the asking, and how the stream
	// goes on; nil: none is waited for, and after a heal the stream is Fresh. It must not block.
	// A new connection is not used before, or until half of Policy.ProveTimeout is over.
	Confirm func(Message) (Continuity, bool)
	Cancel  Message // what tells the peer that it is over; no payload: nothing

	Messages int // held for a slow reader; 0: 256
	Bytes    int // payload bytes of the same; 0: 1 MiB
	// Slow is what happens to a reader that is slower; 0: SkipOldest. Backlog holds up all
	// that comes over its connection, answers included.
	Slow Slow
}

// Subscription is a stream of messages that goes on over changing connections. It lives
// on one connection of the pool; when that is lost it is asked for again at once on
// another one that is ready, or on the first that will be, before newer messages.
//
// While a connection is replaced as planned, both carry the stream: nothing is missing,
// and a message may come twice.
type Subscription struct {
	pool   *Pool
	config SubscribeConfig
	inbox  *inbox

	// Guarded by the pool's mutex.
	home    *slot     // nil: adrift
	errands []*errand // askings at home: over the connection in use, and over one that is to replace it
	asked   bool      // asked for at least once
	asking  bool      // and Confirm has not seen the answer
	last    *Message
	ready   chan struct{}
	isReady bool
	over    bool
}

// Subscribe asks for the messages of a topic, and returns when the peer confirmed (or,
// without Confirm, when the asking was written). ctx bounds that wait alone; when it ends
// first, what was not written of the asking is not sent, and else the peer gets Cancel.
func (p *Pool) Subscribe(ctx context.Context, c SubscribeConfig) (*Subscription, error) {
	given(ctx)
	if p.config.Topic == nil {
		return nil, errors.New("subscribe: Config.Topic is not set")
	}
	either(&c.Messages, 256)
	either(&c.Bytes, 1<<20)
	either(&c.Slow, SkipOldest)
	if err := c.faults(p.config.QueueBytes); err != nil {
		return nil, fmt.Errorf("subscribe %s: %w", c.Topic, err)
	}
	c.Message.Payload = slices.Clone(c.Message.Payload)
	c.Cancel.Payload = slices.Clone(c.Cancel.Payload)
	s := &Subscription{pool: p, config: c, inbox: newInbox(c.Messages, c.Bytes, c.Slow), ready: make(chan struct{})}
	p.mu.Lock()
	err := p.refusal()
	if err == nil {
		p.topics[c.Topic] = append(slices.Clip(p.topics[c.Topic]), s)
		p.adrift[s] = struct{}{}
		p.subscriptions++
		p.wake()
	}
	p.mu.Unlock()
	for err == nil {
		p.mu.Lock()
		change, refused := p.change.wait(), p.refusal()
		p.mu.Unlock()
		if refused != nil {
			err = refused
			break
		}
		select {
		case <-s.ready:
			return s, nil
		case <-change:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	s.leave(err)
	return nil, fmt.Errorf("subscribe %s: %w", c.Topic, err)
}

// faults returns all that is wrong with a completed SubscribeConfig.
func (c *SubscribeConfig) faults(largest int) error {
	var all []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			all = append(all, fmt.Errorf("SubscribeConfig."+format, args...))
		}
	}
	message := func(name string, m Message) {
		err := m.sound()
		wrong(err != nil, "%s: %w", name, err)
		wrong(len(m.Payload) > largest, "%s: %w: %d bytes, and Config.QueueBytes is %d", name, ErrTooLarge, len(m.Payload), largest)
	}
	message("Message", c.Message)
	message("Cancel", c.Cancel)
	wrong(c.Messages < 0, "Messages: expected at least 0, got %d", c.Messages)
	wrong(c.Bytes < 0, "Bytes: expected at least 0, got %d", c.Bytes)
	wrong(c.Slow > Hangup, "Slow: expected Backlog, SkipOldest or Hangup, got %d", c.Slow)
	return errors.Join(all...)
}

// Next returns what comes next, in order: a message, or a statement about the stream. Its
// error is ctx's, or why the subscription is over: ErrClosed, ErrSlowConsumer, or what is
// wrong with the message that Again returned.
func (s *Subscription) Next(ctx context.Context) (Delivery, error) {
	given(ctx)
	d, err := s.inbox.next(ctx)
	if err != nil {
		return d, fmt.Errorf("subscription %s: %w", s.config.Topic, err)
	}
	return d, nil
}

// All ranges over the stream until ctx ends or the subscription is over.
func (s *Subscription) All(ctx context.Context) iter.Seq[Delivery] { return all(ctx, s.Next) }

// all ranges over what next returns, until its first error.
func all[T any](ctx context.Context, next func(context.Context) (T, error)) iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			d, err := next(ctx)
			if err != nil || !yield(d) {
				return
			}
		}
	}
}

// Close ends the subscription and tells the peer, if Cancel says how. It does not wait.
func (s *Subscription) Close() { s.leave(ErrClosed) }

// leave takes a subscription out of the pool.
func (s *Subscription) leave(why error) {
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.over {
		return
	}
	s.over = true
	s.depart()
	delete(p.adrift, s)
	p.subscriptions--
	topic := slices.DeleteFunc(slices.Clone(p.topics[s.config.Topic]), func(x *Subscription) bool { return x == s })
	if p.topics[s.config.Topic] = topic; len(topic) == 0 {
		delete(p.topics, s.config.Topic)
	}
	s.inbox.end(why)
}

// goesOn notes that the peer has been asked, or has answered, and tells the reader how
// the stream goes on.
func (s *Subscription) goesOn(c Continuity) {
	if s.asked && c.Kind != Unbroken {
		s.inbox.tell(c)
	}
	s.asked, s.asking = true, false
	if !s.isReady {
		s.isReady = true
		close(s.ready)
	}
}

// question is what asks for the stream now. It runs the user's code: no lock is held. Its
// error says that it can never be sent.
func (s *Subscription) question() (m Message, err error) {
	p := s.pool
	p.mu.Lock()
	last, asked := s.last, s.asked
	p.mu.Unlock()
	if s.config.Again == nil || !asked {
		return s.config.Message, nil
	}
	m = s.config.Again(last)
	err = m.sound()
	if most := p.config.QueueBytes; len(m.Payload) > most {
		err = fmt.Errorf("%w: %d bytes, and Config.QueueBytes is %d", ErrTooLarge, len(m.Payload), most)
	}
	if err != nil {
		return m, fmt.Errorf("again: %w", err)
	}
	return m, nil
}
