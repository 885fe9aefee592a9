package pool

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// Outcome is what is known of a message.
type Outcome uint8

const (
	Queued  Outcome = iota // accepted; nothing of it was written yet
	NotSent                // final: no byte of it reached the kernel
	Written                // handed to the kernel whole; final where no answer belongs to it
	Acked                  // final: the peer answered it
	Unknown                // final: the peer may have it or not
)

func (o Outcome) String() string {
	switch o {
	case Queued:
		return "queued"
	case NotSent:
		return "not sent"
	case Written:
		return "written"
	case Acked:
		return "acked"
	case Unknown:
		return "unknown"
	}
	return "invalid"
}

// Receipt tells what became of one message. Its methods may be called from many
// goroutines at once.
//
//	                  ┌──▶ Acked     answered
//	Queued ──▶ Written┤
//	  │               └──▶ Unknown   lost with its connection, or never answered
//	  └──▶ NotSent
//
// An idempotent message that is sent again goes back to Queued.
type Receipt struct {
	// state is an Outcome with marks. Most messages are settled by one change of it, without
	// the lock.
	state atomic.Uint32

	mu   sync.Mutex
	err  error
	done chan struct{} // nil: it was not asked for
}

// Marks of a receipt's state.
const (
	final   = 1 << 8 // the outcome will not change
	awaited = 1 << 9 // done is there to be closed
)

func outcomeOf(state uint32) Outcome { return Outcome(state & 0xff) }

// Done is closed when the outcome will not change any more.
func (r *Receipt) Done() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done == nil {
		r.done = make(chan struct{})
		if r.state.Or(awaited)&final != 0 {
			close(r.done)
		}
	}
	return r.done
}

// Outcome returns what is known now.
func (r *Receipt) Outcome() Outcome { return outcomeOf(r.state.Load()) }

// Err is nil unless the outcome is NotSent (errors.Is ErrNotSent) or Unknown
// (ErrOutcomeUnknown); it then says why.
func (r *Receipt) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// advance notes how far a message has come, unless its outcome is final.
func (r *Receipt) advance(o Outcome) {
	for {
		s := r.state.Load()
		if s&final != 0 || r.state.CompareAndSwap(s, s&awaited|uint32(o)) {
			return
		}
	}
}

// settle makes an outcome final and tells whether this call did.
func (r *Receipt) settle(o Outcome, why error) bool {
	failed := o == NotSent || o == Unknown
	if s := r.state.Load(); !failed && s&(final|awaited) == 0 && r.state.CompareAndSwap(s, uint32(o)|final) {
		return true
	}
	r.mu.Lock() // who asks for Err sees both or neither
	defer r.mu.Unlock()
	for {
		s := r.state.Load()
		if s&final != 0 {
			return false
		}
		if r.state.CompareAndSwap(s, s&awaited|uint32(o)|final) {
			break
		}
	}
	switch o {
	case NotSent:
		r.err = wrap(ErrNotSent, why)
	case Unknown:
		r.err = wrap(ErrOutcomeUnknown, why)
	}
	if r.done != nil {
		close(r.done)
	}
	return true
}

func wrap(what, why error) error {
	if why == nil {
		return what
	}
	return fmt.Errorf("%w: %w", what, why)
}
