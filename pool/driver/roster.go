package driver

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// pageSize is how many clients' places are kept and let go together.
const pageSize = 256

// roster finds clients by number. Numbers count up and are never used again; what is
// kept of a client that has left is its place, and of a page of such, nothing. Looking up
// takes no lock.
type roster struct {
	mu    sync.Mutex // serialises join and leave
	count atomic.Int64
	pages atomic.Pointer[[]*page] // by number/pageSize; nil: all of the page have left
}

type page struct {
	clients [pageSize]atomic.Pointer[client]
	left    int // how many have left; guarded by roster.mu
}

// join gives out the next number, and puts the client that build makes of it there; nil:
// the number is used up.
func (r *roster) join(build func(n int) *client) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := int(r.count.Load())
	if n%pageSize == 0 {
		var pages []*page
		if p := r.pages.Load(); p != nil {
			pages = *p
		}
		pages = append(pages[:len(pages):len(pages)], new(page))
		r.pages.Store(&pages)
	}
	c := build(n)
	(*r.pages.Load())[n/pageSize].clients[n%pageSize].Store(c)
	r.count.Store(int64(n + 1))
	if c == nil {
		r.forget(n)
	}
	return n
}

// leave takes a client out.
func (r *roster) leave(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	(*r.pages.Load())[n/pageSize].clients[n%pageSize].Store(nil)
	r.forget(n)
}

// forget counts a place as used up, and lets go of its page when all of it is.
func (r *roster) forget(n int) {
	pages := *r.pages.Load()
	p := pages[n/pageSize]
	if p.left++; p.left == pageSize {
		next := append([]*page(nil), pages...)
		next[n/pageSize] = nil
		r.pages.Store(&next)
	}
}

// get returns the client of a number, nil when it has left. A number that was never
// given out panics.
func (r *roster) get(n int) *client {
	if n < 0 || int64(n) >= r.count.Load() {
		panic(fmt.Sprintf("fleet: there is no client %d", n))
	}
	if p := (*r.pages.Load())[n/pageSize]; p != nil {
		return p.clients[n%pageSize].Load()
	}
	return nil
}

// each calls f for all clients that are there, in order of their numbers.
func (r *roster) each(f func(*client)) {
	pages := r.pages.Load()
	if pages == nil {
		return
	}
	for _, p := range *pages {
		if p == nil {
			continue
		}
		for i := range p.clients {
			if c := p.clients[i].Load(); c != nil {
				f(c)
			}
		}
	}
}
