package pool

import (
	"context"
	"iter"
	"slices"
	"sync"
)

// watchRing is how many events a watcher may be behind.
const watchRing = 1024

// Watch is one who watches a pool. It holds the last 1024 events that were not read yet;
// older ones make room and are counted in Event.Skipped, so that a slow watcher never
// keeps the pool waiting.
type Watch struct {
	owner *watchers
	ctx   context.Context

	mu      sync.Mutex
	ring    []Event // grows to watchRing
	head    int     // of the oldest
	held    int
	skipped uint64 // since the last event that was read
	over    bool
	more    chan struct{}
}

// Next returns the next event, waiting for it. Its error is that of a context that ended,
// Next's own or the one that Watch was given, or ErrClosed after the last event of a pool
// that was closed.
func (w *Watch) Next(ctx context.Context) (Event, error) {
	given(ctx)
	for {
		if ev, ok, over := w.take(); ok {
			return ev, nil
		} else if over {
			return Event{}, ErrClosed
		}
		select {
		case <-w.more:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		case <-w.ctx.Done():
			w.owner.remove(w)
			return Event{}, w.ctx.Err()
		}
	}
}

// Events ranges over the events until the context ends or the pool is closed.
func (w *Watch) Events(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			ev, err := w.Next(ctx)
			if err != nil || !yield(ev) {
				return
			}
		}
	}
}

func (w *Watch) take() (ev Event, ok, over bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held == 0 {
		if w.over {
			poke(w.more) // for the next one who asks
		}
		return Event{}, false, w.over
	}
	ev = w.ring[w.head]
	w.ring[w.head] = Event{}
	w.head = (w.head + 1) % len(w.ring)
	w.held--
	ev.Skipped, w.skipped = w.skipped, 0
	if w.held > 0 || w.over {
		poke(w.more)
	}
	return ev, true, false
}

func (w *Watch) put(ev Event) {
	w.mu.Lock()
	if w.held == len(w.ring) && w.held < watchRing {
		grown := make([]Event, min(max(16, 2*w.held), watchRing))
		for i := range w.held {
			grown[i] = w.ring[(w.head+i)%len(w.ring)]
		}
		w.ring, w.head = grown, 0
	}
	if w.held == watchRing {
		w.head = (w.head + 1) % watchRing
		w.held--
		w.skipped++
	}
	w.ring[(w.head+w.held)%len(w.ring)] = ev
	w.held++
	w.mu.Unlock()
	poke(w.more)
}

func (w *Watch) end() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	poke(w.more)
}

// watchers are all who watch one pool.
type watchers struct {
	mu   sync.Mutex
	all  []*Watch
	over bool
}

func (ws *watchers) add(ctx context.Context) *Watch {
	w := &Watch{owner: ws, ctx: ctx, more: make(chan struct{}, 1)}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.all = slices.DeleteFunc(ws.all, func(w *Watch) bool { return w.ctx.Err() != nil })
	if ws.over {
		w.over = true
	} else {
		ws.all = append(ws.all, w)
	}
	return w
}

func (ws *watchers) remove(w *Watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.all = slices.DeleteFunc(ws.all, func(other *Watch) bool { return other == w })
}

// publish hands an event to everyone. It never waits for a reader.
func (ws *watchers) publish(ev Event) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, w := range ws.all {
		w.put(ev)
	}
}

// end lets everyone read what is left.
func (ws *watchers) end() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.over = true
	for _, w := range ws.all {
		w.end()
	}
	ws.all = nil
}
