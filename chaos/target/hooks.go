package target

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/door"
)

// hooks are the faults that are in force on a server, and those that were.
type hooks struct {
	list atomic.Pointer[[]*hook] // in force or coming into force, in the order of their coming; never changed

	mu   sync.Mutex // one change of the list at a time
	past map[string]*hook
	shut bool
}

var errInForce = errors.New("a fault of this name is in force already")

// inForce are the hooks to be obeyed.
func (x *hooks) inForce() []*hook {
	if l := x.list.Load(); l != nil {
		return *l
	}
	return nil
}

// inject puts a hook in force and returns when every connection obeys it.
func (s *Server) inject(h *hook, lasts time.Duration) error {
	x := &s.hooks
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.shut {
		h.over()
		return errors.New("the target is closing")
	}
	before := x.inForce()
	if slices.ContainsFunc(before, func(o *hook) bool { return o.name == h.name }) {
		h.over()
		return fmt.Errorf("fault %q: %w", h.name, errInForce)
	}
	if r, ok := h.rule.(door.Rule); ok && r.Stage() == door.Hello && s.security == nil {
		h.over()
		return fmt.Errorf("fault %q: %w", h.name, errNoTLS)
	}
	if r, ok := h.rule.(starter); ok && !s.deaf {
		stop, err := r.start(h, s)
		if err != nil {
			h.over()
			return fmt.Errorf("fault %q: %w", h.name, err)
		}
		h.stop = stop
	}
	if x.past == nil {
		x.past = map[string]*hook{}
	}
	x.past[h.name] = h
	if !s.deaf {
		list := append(slices.Clone(before), h)
		x.list.Store(&list)
	}
	// Whoever came before this line was there before the fault, for all that it knows.
	h.from.Store(s.ordinals.Load())
	h.armed()
	if r, ok := h.rule.(sweeper); ok && !s.deaf {
		s.sweep(h, r)
	}
	if k, _ := chaos.Lookup(h.kind); k.OnceOf(h.conns) {
		x.drop(h)
	} else if lasts > 0 {
		h.mu.Lock()
		h.expiry = time.AfterFunc(lasts, func() { s.clear(h) })
		h.mu.Unlock()
	}
	return nil
}

// sweep lets the hook act on the connections of its cohort that are open: on all at once, so
// that one that does not read holds up no other.
func (s *Server) sweep(h *hook, r sweeper) {
	var all sync.WaitGroup
	for _, c := range s.open() {
		if h.has(c) {
			all.Go(func() { r.sweep(h, c) })
		}
	}
	all.Wait()
}

// drop takes a hook out of the list and out of force. x.mu is held.
func (x *hooks) drop(h *hook) {
	if !h.end() {
		return
	}
	list := slices.DeleteFunc(slices.Clone(x.inForce()), func(o *hook) bool { return o == h })
	x.list.Store(&list)
}

func (s *Server) clear(h *hook) {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	s.hooks.drop(h)
}

// clearNamed ends the hook of a name; that there is none is no error.
func (s *Server) clearNamed(name string) {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	if h := s.hooks.past[name]; h != nil {
		s.hooks.drop(h)
	}
}

// clearAll ends every hook, for good.
func (s *Server) clearAll() {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	s.hooks.shut = true
	for _, h := range s.hooks.inForce() {
		s.hooks.drop(h)
	}
}

// evidenceOf is what was counted for the last fault of a name, also after it ended.
func (s *Server) evidenceOf(name string) (chaos.Evidence, bool) {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	h, ok := s.hooks.past[name]
	if !ok {
		return chaos.Evidence{}, false
	}
	return h.witnessed(), true
}
