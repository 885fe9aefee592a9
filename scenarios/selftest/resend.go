package selftest

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/scenarios/engine"
)

// patience is how long a message may go without an answer.
const patience = 300 * time.Millisecond

// resend is a fleet on top of which messages that were written and have no answer yet are
// sent once more: what became of them is not known, and most have arrived.
type resend struct {
	*driver.Fleet
	stop context.CancelFunc
	done sync.WaitGroup

	mu  sync.Mutex // protects following
	out map[uint64]*unanswered
}

// unanswered is a message of which no answer has come.
type unanswered struct {
	client  int
	payload []byte
	sent    time.Time // zero: it waits in the queue
	again   bool
}

func openResend(o driver.Options) (engine.Healer, error) {
	r := &resend{out: map[uint64]*unanswered{}}
	ack, observe := o.Ack, o.Observe
	o.Observe = func(ev driver.Event) {
		switch ev.Kind {
		case driver.Sent:
			ev.Again = r.sent(ev.Seq)
		case driver.Received:
			if seq, ok := ack(ev.Client, ev.Payload); ok {
				r.answered(seq)
			}
		}
		observe(ev)
	}
	var err error
	if r.Fleet, err = driver.Open(o); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.done.Go(func() { every(ctx, tick, r.look) })
	return r, nil
}

func (r *resend) Send(client int, m driver.Message) error {
	r.mu.Lock()
	r.out[m.Seq] = &unanswered{client: client, payload: bytes.Clone(m.Payload)}
	r.mu.Unlock()
	return r.Fleet.Send(client, m)
}

// sent notes that a message was written, and says whether it had been before.
func (r *resend) sent(seq uint64) (again bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.out[seq]
	if u == nil { // its answer was faster
		return false
	}
	if u.sent.IsZero() {
		u.sent = time.Now()
	}
	return u.again
}

func (r *resend) answered(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if u := r.out[seq]; u != nil && !u.again { // else the note of the second sending may come yet
		delete(r.out, seq)
	}
}

// look sends again what has waited for too long.
func (r *resend) look(now time.Time) {
	r.mu.Lock()
	due := map[uint64]unanswered{}
	for seq, u := range r.out {
		if !u.again && !u.sent.IsZero() && now.Sub(u.sent) >= patience {
			u.again = true
			due[seq] = *u
		}
	}
	r.mu.Unlock()
	for seq, u := range due {
		_ = r.Fleet.Send(u.client, driver.Message{Seq: seq, Payload: u.payload}) // a queue that is full has spared it
	}
}

func (r *resend) Close(ctx context.Context) error {
	r.stop()
	r.done.Wait()
	return r.Fleet.Close(ctx)
}
