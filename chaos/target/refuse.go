package target

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

func init() { obeys(func(chaos.Refuse) rule { return refuse{} }) }

// refuse has the kernel turn new connections off: the target no longer listens, and keeps
// its port. What the kernel does nobody counts, so the target knocks at its own door, when
// the fault begins and when it ends, and counts how often it was refused.
type refuse struct{}

// knocks at the beginning, and as many at the end.
const knocks = 2

func (refuse) start(h *hook, s *Server) (stop func(), err error) {
	open, err := s.front.shut()
	if err != nil {
		return nil, err
	}
	s.front.knock(h, 0)
	return func() {
		s.front.knock(h, knocks)
		open()
	}, nil
}

// front is the listener that connections are accepted from.
type front struct {
	mu    sync.Mutex
	ln    net.Listener  // nil before Serve
	until chan struct{} // closed when it listens again; nil while it does
}

var errShut = errors.New("the target listens no more already")

// shut has the kernel refuse connections; open has it listen again.
func (f *front) shut() (open func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.ln == nil:
		return nil, errors.New("the target does not listen yet")
	case f.until != nil:
		return nil, errShut
	}
	opened := make(chan struct{})
	f.until = opened
	if err := stopListening(f.ln); err != nil {
		f.until = nil
		return nil, fmt.Errorf("stop listening on %v: %w", f.ln.Addr(), err)
	}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if listenAgain(f.ln) != nil {
			_ = f.ln.Close() // Serve ends, and says so
		}
		f.until = nil
		close(opened)
	}, nil
}

// waits says whether an error of Accept is because the target does not listen; it returns
// when it does again, or ctx ended.
func (f *front) waits(ctx context.Context) bool {
	f.mu.Lock()
	opened := f.until
	f.mu.Unlock()
	if opened == nil {
		return false
	}
	select {
	case <-opened:
	case <-ctx.Done():
	}
	return true
}

// knock dials the target, as anybody would, and counts when that is refused.
func (f *front) knock(h *hook, from uint64) {
	for n := from; n < from+knocks; n++ {
		who := uint64(foreign | 1<<62 | n) // which no ordinal is
		h.mu.Lock()
		h.targeted[who] = struct{}{}
		h.mu.Unlock()
		conn, err := net.DialTimeout("tcp", f.ln.Addr().String(), time.Second)
		if err == nil {
			_ = conn.Close()
		} else if errors.Is(err, syscall.ECONNREFUSED) {
			h.count(who, "refused", 1)
		}
	}
}
