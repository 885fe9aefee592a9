package proc

import (
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// parentEnv tells a program of ours that it is a child, and whose.
const parentEnv = "WSHEAL_PARENT"

// ErrParentGone is the cause of the end of WatchParent's context.
var ErrParentGone = errors.New("the parent process is gone")

// WatchParent is the child's side: it returns a context that ends, with ErrParentGone
// as its cause, when the parent dies or stops the child, which shows as the end of
// stdin. A process that is still there two seconds later is ended with status 1, so
// that no child hangs in its own clean-up. In a program that Start did not start it
// returns ctx and leaves stdin alone. Call it once, early in main.
func WatchParent(ctx context.Context) context.Context {
	if os.Getenv(parentEnv) == "" {
		return ctx
	}
	// What this process starts in turn is not tied to our parent's pipe.
	_ = os.Unsetenv(parentEnv)
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		// The parent never writes; were it to, that is no end either.
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel(ErrParentGone)
		time.Sleep(defaultGrace)
		os.Exit(1)
	}()
	return ctx
}
