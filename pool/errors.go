package pool

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/pool/wire"
)

// What callers branch on. Errors of the pool wrap these, with the operation and what is
// known of the reason; errors.Is finds them.
var (
	ErrClosed          = errors.New("pool closed")
	ErrDraining        = errors.New("pool draining") // no new messages; what is in flight goes on
	ErrNotSent         = errors.New("not sent")      // no byte of the message reached the kernel: sending it again cannot double it
	ErrOutcomeUnknown  = errors.New("outcome unknown")
	ErrQueueFull       = errors.New("queue full")
	ErrTooLarge        = errors.New("message too large")
	ErrNotText         = errors.New("text message is not UTF-8")           // nothing of it was queued
	ErrNoConnection    = errors.New("no connection")                       // none was usable in time; the pool goes on trying
	ErrLeased          = fmt.Errorf("%w: all are leased", ErrNoConnection) // is an ErrNoConnection
	ErrGaveUp          = errors.New("gave up")                             // a *Failure says why; Restart tries again
	ErrDuplicate       = errors.New("already in use")
	ErrTooManySessions = errors.New("too many sessions") // Config.Sessions are open
	ErrSequence        = errors.New("number out of order")
	ErrLeaseOver       = errors.New("lease over")
	ErrSlowConsumer    = errors.New("slow consumer")
	ErrNoCorrelation   = errors.New("no id to know the answer by")
)

// given panics where a method was called without a context, before anything is begun.
func given(ctx context.Context) {
	if ctx == nil {
		panic("pool: nil Context")
	}
}

// Failure is why an attempt failed or a connection ended. Errors that name one are
// found with errors.As.
type Failure struct {
	Endpoint string     // its name, or its URL where it has none, and the address
	Cause    heal.Cause // what happened
	Code     uint16     // HTTP status or close code; 0: none
	Err      error      // what was behind it; nil: nothing that is known
}

func (f *Failure) Error() string {
	text := f.Cause.String()
	if f.Code != 0 {
		text = fmt.Sprintf("%s %d", text, f.Code)
	}
	if f.Endpoint != "" {
		text = f.Endpoint + ": " + text
	}
	err := f.Err
	var dial *wire.Error
	if errors.As(err, &dial) && strings.HasPrefix(f.Endpoint, dial.URL) { // once is enough
		err = dial.Err
	}
	if err != nil {
		text += ": " + err.Error()
	}
	return text
}

func (f *Failure) Unwrap() error { return f.Err }

// because joins what callers branch on with the reason, if there is one.
func because(what error, reason *Failure) error {
	if reason == nil {
		return what
	}
	return fmt.Errorf("%w: %w", what, reason)
}
