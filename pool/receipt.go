package pool

import (
	"fmt"
	"sync"
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
	mu      sync.Mutex
	outcome Outcome
	final   bool
	err     error
	done    chan struct{} // made when it is asked for
}

// Done is closed when the outcome will not change any more.
func (r *Receipt) Done() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done == nil {
		r.done = make(chan struct{})
		if r.final {
			close(r.done)
		}
	}
	return r.done
}

// Outcome returns what is known now.
func (r *Receipt) Outcome() Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outcome
}

// Err is nil unless the outcome is NotSent (errors.Is ErrNotSent) or Unknown
// (ErrOutcomeUnknown); it then says why.
func (r *Receipt) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// advance notes how far a message has come, unless its outcome is final.
func (r *Receipt) advance(o Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.final {
		r.outcome = o
	}
}

// settle makes an outcome final and tells whether this call did.
func (r *Receipt) settle(o Outcome, why error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.final {
		return false
	}
	r.outcome, r.final = o, true
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
