package serve

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/wsheal/wsheal/report/live"
)

const (
	drawEvery = time.Second      // how often a page changes while it is looked at
	askLimit  = 10 * time.Second // for a request to be read, and for an answer to be taken
	idleLimit = time.Minute
	watchers  = 32  // who may have a page open at once: each costs a descriptor of the run's
	remembers = 100 // events that the page tells, the last ones
)

// Server serves one run. Its zero value is not usable: Listen makes one.
type Server struct {
	listener net.Listener
	http     *http.Server
	done     chan struct{} // closed when nothing is served any more
	leaving  chan struct{} // closed when nobody is waited for any more
	soFar    soFar

	mu      sync.Mutex // protects following
	state   live.State
	begun   bool
	over    bool // no state will follow
	events  []live.Event
	drawn   []byte        // the state as HTML, for all who watch; nil: to be drawn
	shown   time.Time     // when those who watch were last told
	changed chan struct{} // closed when they are told again
	final   *Final
	watched int           // pages that are open
	due     int           // of these, how many have yet to ask for the report
	fetched chan struct{} // closed when none has
}

// Final is what is served when the run is over.
type Final struct {
	Page    []byte // the report, HTML
	Metrics []byte // of the report, Prometheus text; served below those of the run
}

// Listen serves at an address, a host and a port, of which 0 means any.
func Listen(addr string) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve the run: %w", err)
	}
	s := &Server{listener: l, done: make(chan struct{}), changed: make(chan struct{}), fetched: make(chan struct{}), leaving: make(chan struct{})}
	s.http = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: askLimit, ReadTimeout: askLimit, IdleTimeout: idleLimit, MaxHeaderBytes: 16 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // whoever hangs up has nothing to do with the run
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // which ends by Close
	}()
	return s, nil
}

// URL of the page.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() + "/" }

// Record says how to write the report of what is recorded so far, when somebody asks.
func (s *Server) Record(page func(io.Writer) error) { s.soFar.set(page) }

// Draw keeps a state.
func (s *Server) Draw(state live.State) { s.keep(state, false) }

// Close keeps the last state of the run. The server goes on.
func (s *Server) Close(state live.State) { s.keep(state, true) }

func (s *Server) keep(state live.State, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, state.Events...)
	s.events = s.events[max(0, len(s.events)-remembers):]
	s.state, s.begun, s.over = state, true, last
	if now := time.Now(); last || now.Sub(s.shown) >= drawEvery {
		s.shown = now
		s.tell()
	}
}

// tell wakes those who watch. The caller holds the lock.
func (s *Server) tell() {
	s.drawn = nil
	close(s.changed)
	s.changed = make(chan struct{})
}

// Finish serves the report instead of the run, and has the pages that are open ask for it.
func (s *Server) Finish(f Final) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.final = &f
	if s.due = s.watched; s.due == 0 {
		close(s.fetched)
	}
	s.tell()
}

// Leave ends the server: as soon as the pages that were open have the report, if there is
// one, at the latest when ctx ends.
func (s *Server) Leave(ctx context.Context) error {
	if s.finished() != nil {
		select {
		case <-s.fetched:
		case <-ctx.Done():
		}
	}
	close(s.leaving)
	s.http.SetKeepAlivesEnabled(false)
	err := s.http.Shutdown(ctx) // answers that are under way are finished
	if err != nil {
		err = s.http.Close()
	}
	<-s.done
	return err
}

// delivered counts a page that has got the report.
func (s *Server) delivered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.due > 0 {
		if s.due--; s.due == 0 {
			close(s.fetched)
		}
	}
}
