package driver

import (
	"context"
	"sync"
	"time"
)

// bound is the context of a dial: it ends at its deadline, or when the dial is over or not
// wanted any more. Each dial has one, on which package net and package wire hang a function
// each, one after the other. With a context of package context that was a fourth of what a
// dial allocates, and 5 % of the CPU time of coming back after a reset of all (bench/cost,
// reconnect).
type bound struct {
	deadline time.Time
	timer    *time.Timer
	done     chan struct{}

	mu    sync.Mutex
	err   error   // nil: it has not ended
	hooks [2]hook // more are on a list
	more  []*hook
}

// hook is a function that is to be called when a bound ends; its uses are counted.
type hook struct {
	f   func() // nil: it is free
	use uint
}

// limit begins the bound.
func (b *bound) limit(d time.Duration) {
	b.deadline, b.done = time.Now().Add(d), make(chan struct{})
	b.timer = time.AfterFunc(d, func() { b.end(context.DeadlineExceeded) })
}

// cancel ends it before its time. It may be called again.
func (b *bound) cancel() {
	b.timer.Stop()
	b.end(context.Canceled)
}

func (b *bound) end(why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return
	}
	b.err = why
	close(b.done)
	for i := range b.hooks {
		b.hooks[i].call()
	}
	for _, h := range b.more {
		h.call()
	}
}

func (h *hook) call() {
	if h.f != nil {
		go h.f()
		h.f = nil
	}
}

// Deadline implements context.Context.
func (b *bound) Deadline() (time.Time, bool) { return b.deadline, true }

// Done implements context.Context.
func (b *bound) Done() <-chan struct{} { return b.done }

// Err implements context.Context.
func (b *bound) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// Value implements context.Context: there are none.
func (b *bound) Value(any) any { return nil }

// AfterFunc is context.AfterFunc, which looks for it, and so do contexts that are derived.
func (b *bound) AfterFunc(f func()) (stop func() bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		go f()
		return func() bool { return false }
	}
	h := b.free()
	h.f = f
	h.use++
	use := h.use
	return func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		if h.use != use || h.f == nil { // called, or taken back before
			return false
		}
		h.f = nil
		return true
	}
}

// free is a hook that nobody uses. The mutex must be held.
func (b *bound) free() *hook {
	for i := range b.hooks {
		if b.hooks[i].f == nil {
			return &b.hooks[i]
		}
	}
	h := new(hook)
	b.more = append(b.more, h)
	return h
}
