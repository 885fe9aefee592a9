package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/wsheal/wsheal/pool"
)

// pace is how often each sender sends, on average.
const pace = 400 * time.Millisecond

// tally is what senders know of their messages.
type tally struct {
	sync.Mutex
	outcomes map[string]map[pool.Outcome]int // by verb
	unsent   []string                        // ids of messages of which no byte was written
	answered int                             // requests
}

func (t *tally) count(verb string, o pool.Outcome) {
	t.Lock()
	defer t.Unlock()
	if t.outcomes[verb] == nil {
		t.outcomes[verb] = map[pool.Outcome]int{}
	}
	t.outcomes[verb][o]++
}

// sent is a message that was accepted.
type sent struct {
	word    word
	receipt *pool.Receipt
}

// sender sends messages of one kind until it is told to stop, and sees their receipts
// become final.
type sender struct {
	soak *soak
	verb string
	key  string
	send func(ctx context.Context, w word, payload []byte) (*pool.Receipt, error)
	open []sent
	rand *rand.Rand
}

// run sends until stop is over, and then waits for outcomes as long as ctx allows.
func (x *sender) run(ctx, stop context.Context) {
	for n := uint64(1); stop.Err() == nil; n++ {
		w := word{x.verb, x.key, n}
		payload := w.with(x.size())
		for {
			r, err := x.send(stop, w, payload)
			if err == nil {
				x.open = append(x.open, sent{w, r})
				break
			}
			if x.verb != "keep" {
				x.soak.tally.Lock()
				x.soak.tally.unsent = append(x.soak.tally.unsent, w.id())
				x.soak.tally.Unlock()
				break // a number that was refused is not used again
			}
			if !transient(err) && stop.Err() == nil {
				x.soak.house.record.breach("%s: %v", w.id(), err)
				return
			}
			if wait(stop, 100*time.Millisecond) != nil {
				break
			}
		}
		x.settled()
		_ = wait(stop, time.Duration(x.rand.Int64N(int64(2*pace))))
	}
	for len(x.open) > 0 {
		select {
		case <-x.open[0].receipt.Done():
			x.settled()
		case <-ctx.Done():
			x.soak.house.record.breach("%s: %d messages have no outcome, the first is %v (%v)", x.key, len(x.open), x.open[0].word.id(), x.open[0].receipt.Outcome())
			return
		}
	}
}

// transient tells whether a message that was refused may be accepted later.
func transient(err error) bool {
	return errors.Is(err, pool.ErrGaveUp) || errors.Is(err, pool.ErrQueueFull) || errors.Is(err, pool.ErrNoConnection)
}

// size is mostly small, and sometimes more than a frame.
func (x *sender) size() int {
	if x.rand.IntN(50) == 0 {
		return 40 << 10
	}
	return 16 + x.rand.IntN(1000)
}

// settled looks at the outcomes that have become final.
func (x *sender) settled() {
	left := x.open[:0]
	for _, s := range x.open {
		select {
		case <-s.receipt.Done():
			x.settle(s)
		default:
			left = append(left, s)
		}
	}
	x.open = left
}

// settle holds an outcome against what the servers have got.
func (x *sender) settle(s sent) {
	record, o := x.soak.house.record, s.receipt.Outcome()
	x.soak.tally.count(x.verb, o)
	switch {
	case x.verb == "keep" && o != pool.Acked:
		record.breach("%s became %v: %v", s.word.id(), o, s.receipt.Err())
	case x.verb == "keep" && record.highest(x.key) < s.word.n:
		record.breach("%s was acknowledged, and the servers have only %d", s.word.id(), record.highest(x.key))
	case x.verb == "ask" && o == pool.Acked && !record.has(s.word.id()):
		record.breach("%s was answered, and no server has it", s.word.id())
	case o == pool.NotSent:
		x.soak.tally.Lock()
		x.soak.tally.unsent = append(x.soak.tally.unsent, s.word.id())
		x.soak.tally.Unlock()
	}
}

// session opens a session, and returns who sends over it.
func (s *soak) session(ctx context.Context, n int) (*sender, error) {
	c := pool.SessionConfig{Key: "s" + strconv.Itoa(n), Ring: pool.Ring{Messages: 64, Age: time.Hour}}
	x := &sender{soak: s, verb: "keep", key: c.Key, rand: rand.New(rand.NewPCG(s.seed, uint64(n)))}
	switch {
	case n%7 == 0: // at most once
		x.verb = "note"
	case n%2 == 0: // it asks how far the servers have come
		c.Hello = func(st pool.State) pool.Message {
			return pool.Message{Payload: word{"hello", st.Key, 0}.with(0), Text: true}
		}
		c.Accept = func(m pool.Message) (pool.Continuity, error) {
			w, ok := parse(m.Payload)
			if !ok || w.verb != "have" {
				return pool.Continuity{}, fmt.Errorf("expected have, got %q", m.Payload)
			}
			return pool.Continuity{Kind: pool.Resumed, From: w.n}, nil
		}
	}
	if x.verb == "keep" {
		c.Ack = func(m pool.Message) (pool.Ack, bool) {
			w, ok := parse(m.Payload)
			return pool.Ack{Seq: w.n, UpTo: true}, ok && w.verb == "have"
		}
	}
	session, err := s.pool.Session(ctx, c)
	if err != nil {
		return nil, err
	}
	x.send = func(ctx context.Context, w word, payload []byte) (*pool.Receipt, error) {
		m := pool.Message{Payload: payload}
		if x.verb == "keep" {
			m.Seq = w.n
		}
		return session.Send(ctx, m)
	}
	s.readers.Go(func() {
		for {
			d, err := session.Receive(context.Background())
			switch {
			case errors.Is(err, pool.ErrGaveUp):
				_ = wait(context.Background(), 100*time.Millisecond)
			case err != nil:
				return
			case d.Continuity.Kind == pool.Unbroken:
				s.pushes.take(d.Message)
			}
		}
	})
	return x, nil
}

// plain returns one who sends over the pool's own connections, at most once.
func (s *soak) plain(n int) *sender {
	x := &sender{soak: s, verb: []string{"tell", "ask"}[n%2], key: "p" + strconv.Itoa(n), rand: rand.New(rand.NewPCG(s.seed, 1<<32+uint64(n)))}
	x.send = func(ctx context.Context, w word, payload []byte) (*pool.Receipt, error) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		return s.pool.Send(ctx, pool.Message{Payload: payload})
	}
	return x
}

// requests asks idempotent questions one after the other.
func (s *soak) requests(stop context.Context, n int) {
	key := "r" + strconv.Itoa(n)
	for i := uint64(1); stop.Err() == nil; i++ {
		ctx, cancel := context.WithTimeout(stop, 10*time.Second)
		answer, err := s.pool.Request(ctx, pool.Message{Payload: word{"look", key, i}.with(100), Idempotent: true})
		cancel()
		if err == nil {
			if w, ok := parse(answer.Payload); !ok || w.key != key || w.n != i {
				s.house.record.breach("%s/%d was answered by %q", key, i, answer.Payload)
			}
			s.tally.Lock()
			s.tally.answered++
			s.tally.Unlock()
		}
		_ = wait(stop, pace)
	}
}

// correlate knows a question's answer.
var correlate = pool.Correlate{
	Request: func(m pool.Message) (string, bool) {
		w, ok := parse(m.Payload)
		return w.id(), ok && (w.verb == "ask" || w.verb == "look")
	},
	Reply: func(m pool.Message) (string, bool) {
		w, ok := parse(m.Payload)
		return w.id(), ok && w.verb == "answer"
	},
}

// pushes makes sure that what servers send comes in order, with nothing left out.
type pushes struct {
	record *record
	mu     sync.Mutex
	last   map[string]uint64 // by connection
	taken  int
}

func (p *pushes) take(m pool.Message) {
	w, ok := parse(m.Payload)
	switch {
	case ok && w.verb == "answer" && w.key[0] != 's': // it came too late for who asked
		return
	case !ok || w.verb != "push":
		p.record.breach("a client got %q", m.Payload)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken++
	if last := p.last[w.key]; w.n != last+1 {
		p.record.breach("connection %s: push %d was received after %d", w.key, w.n, last)
	}
	p.last[w.key] = w.n
}
