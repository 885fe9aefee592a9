package target

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/chaos/door"
)

// Server is an echo server. Its Stats and Sessions may be read at any time.
type Server struct {
	options   Options
	count     counters
	reception *reception
	security  *security // nil: no TLS
	replies   *replies  // nil: all as usual
	front     front
	hooks     hooks
	deaf      bool          // it obeys no hook; for tests
	ordinals  atomic.Uint64 // of connections, from 0

	mu          sync.Mutex
	connections map[*connection]struct{} // accepted and not yet ended
	turned      int                      // of them, those that do not count: they were turned away
	closing     bool
}

// Session is an upgraded connection of a client that says who it is.
type Session struct {
	Client     uint64 `json:"client"`
	Generation uint32 `json:"gen"`
}

// New returns a server, or every mistake in its options. Listen and Control are not
// used: Serve is handed its listener.
func New(o Options) (*Server, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	s := &Server{options: o.withDefaults(), connections: map[*connection]struct{}{}}
	s.reception = newReception(s.options.Handshake, &s.count)
	s.replies = newReplies(s.options.Replies, s.options.Clock)
	if o.TLS {
		var err error
		if s.security, err = newSecurity(o.Authority); err != nil {
			return nil, fmt.Errorf("tls: %w", err)
		}
	}
	return s, nil
}

const (
	acceptPause    = 5 * time.Millisecond // after a failed accept, doubling
	maxAcceptPause = time.Second
)

// Serve accepts connections from ln until ctx ends, then closes ln and every
// connection and returns nil once all of them have ended; otherwise it returns the
// listener's error. Failed accepts, as for want of descriptors, are waited out. A
// server serves once.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	receiving, stopReceiving := context.WithCancel(context.Background())
	defer stopReceiving()
	var reception, closer, serving sync.WaitGroup
	reception.Go(func() { s.reception.run(receiving) })
	closer.Go(func() {
		<-ctx.Done()
		ln.Close()
		s.clearAll()
		s.closeAll()
	})

	s.front.mu.Lock()
	s.front.ln = ln
	s.front.mu.Unlock()
	err := s.accept(ctx, ln, &serving)

	stopped := ctx.Err() != nil
	cancel()
	closer.Wait()
	serving.Wait()
	stopReceiving()
	reception.Wait()
	if stopped {
		return nil
	}
	return fmt.Errorf("accept on %v: %w", ln.Addr(), err)
}

func (s *Server) accept(ctx context.Context, ln net.Listener, serving *sync.WaitGroup) error {
	pause := acceptPause
	for {
		conn, err := next(ln)
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil && s.front.waits(ctx) {
			continue
		}
		if err != nil {
			s.count.acceptErrors.Add(1)
			select {
			case <-ctx.Done():
				return err
			case <-time.After(pause):
			}
			pause = min(2*pause, maxAcceptPause)
			continue
		}
		pause = acceptPause
		s.count.accepted.Add(1)
		c := &connection{server: s, raw: conn, conn: conn, ordinal: s.ordinals.Add(1) - 1, answered: make(chan struct{})}
		if !s.track(c) {
			conn.Close()
			continue
		}
		serving.Go(func() {
			defer s.forget(c)
			c.serve(ctx)
		})
	}
}

// next accepts the next connection for which there is room, so that the control API stays in
// reach when all descriptors are in use.
func next(ln net.Listener) (net.Conn, error) {
	if err := door.Room(door.Spare); err != nil {
		return nil, err
	}
	return ln.Accept()
}

// track refuses connections that were accepted while the server was closing the others.
func (s *Server) track(c *connection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.connections[c] = struct{}{}
	return true
}

func (s *Server) forget(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.connections, c)
	if c.turned {
		s.turned--
	}
}

func (s *Server) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	for c := range s.connections {
		c.raw.Close()
	}
}

// identify notes whose connection it is, and what it brought to prove it.
func (s *Server) identify(c *connection, who identity, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.who, c.token = who, token
}

// open are the connections that have been upgraded and have not ended.
func (s *Server) open() []*connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*connection
	for c := range s.connections {
		if c.open {
			list = append(list, c)
		}
	}
	return list
}

func (s *Server) opened(c *connection) {
	s.count.upgraded.Add(1)
	s.count.live.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	c.open = true
}

func (s *Server) closed(c *connection) {
	s.count.live.Add(-1)
	s.mu.Lock()
	defer s.mu.Unlock()
	c.open = false
}

// unopened takes back what opened has counted: the answer did not reach the client.
func (s *Server) unopened(c *connection) {
	s.count.upgraded.Add(-1)
	s.closed(c)
}

// tooMany says whether there are more than max connections, this one among them; then it
// counts no longer, so that the next may come in its place.
func (s *Server) tooMany(c *connection, max int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.connections)-s.turned <= max {
		return false
	}
	if !c.turned {
		c.turned = true
		s.turned++
	}
	return true
}

// CA is the certificate of the authority that signed the server's, PEM; nil without TLS.
func (s *Server) CA() []byte {
	if s.security == nil {
		return nil
	}
	return s.security.authority.pem()
}

// Stats returns the server's counters.
func (s *Server) Stats() Stats {
	stats := s.count.read()
	stats.Replies = s.replies.done()
	return stats
}

// Sessions returns the clients whose connections the server still counts as open, by
// client and generation. Connections that do not say whose they are are not among them.
func (s *Server) Sessions() []Session {
	s.mu.Lock()
	out := []Session{}
	for c := range s.connections {
		if c.open && c.who.known {
			out = append(out, Session{c.who.client, c.who.gen})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(out, func(a, b Session) int {
		return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.Generation, b.Generation))
	})
	return out
}
