package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// house is what the servers have in common.
type house struct {
	record  *record
	servers []*server
	visits  atomic.Uint64
	version atomic.Uint64 // of the credentials that count
	hits    [kinds]atomic.Int64
}

// hit counts whom a fault has met.
func (h *house) hit(k kind, n int) { h.hits[k].Add(int64(n)) }

// token is what an upgrade has to bring.
func (h *house) token() string { return fmt.Sprintf("Bearer %d", h.version.Load()) }

// open starts n servers.
func (h *house) open(n int) error {
	for range n {
		s := &server{house: h, record: h.record, visits: map[*visit]struct{}{}}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		s.address = l.Addr().String()
		s.listen(l)
		h.servers = append(h.servers, s)
	}
	return nil
}

// close ends all servers, and waits.
func (h *house) close() {
	for _, s := range h.servers {
		s.stop()
		s.running.Wait()
	}
}

// server is one server that can do everything wrong.
type server struct {
	house   *house
	record  *record
	address string
	weather weather // of all its connections
	running sync.WaitGroup
	life    sync.Mutex // held while it starts or stops

	mu     sync.Mutex
	l      net.Listener
	downs  int // times that it was stopped and not started again
	visits map[*visit]struct{}
	modes  [kinds]int // faults of newcomers that go on
}

func (s *server) listen(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.l = l
	s.running.Go(func() { s.accept(l) })
}

func (s *server) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		v := &visit{line: newLine(c.(*net.TCPConn), &s.weather), server: s, number: s.house.visits.Add(1), order: map[string]uint64{}}
		s.mu.Lock()
		if s.downs > 0 {
			s.mu.Unlock()
			v.reset()
			continue
		}
		s.visits[v] = struct{}{}
		s.running.Go(func() {
			v.leave(v.serve())
			s.mu.Lock()
			delete(s.visits, v)
			s.mu.Unlock()
		})
		s.mu.Unlock()
	}
}

// opened notes that a connection carries data.
func (s *server) opened(v *visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.open = true
}

// is tells whether newcomers meet a fault, and counts it.
func (s *server) is(k kind) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.modes[k] == 0 {
		return false
	}
	s.house.hit(k, 1)
	return true
}

// mode lets newcomers meet a fault, or, with -1, not any more.
func (s *server) mode(k kind, by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.modes[k] += by
}

// open are the connections that carry data.
func (s *server) open() (all []*visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v := range s.visits {
		if v.open {
			all = append(all, v)
		}
	}
	return all
}

// some draws a share of them, one at least if there are any.
func (s *server) some(share float64) []*visit {
	all := s.open()
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(len(all), max(1, int(share*float64(len(all)))))]
}

// stop ends the process, so to speak: nobody listens, and every connection is reset.
func (s *server) stop() int {
	s.life.Lock()
	defer s.life.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.downs++; s.downs == 1 {
		_ = s.l.Close()
	}
	for v := range s.visits {
		v.reset()
	}
	return len(s.visits)
}

// start brings it back at the same address, once nobody wants it down any more. Somebody's
// own port may be that one for a while.
func (s *server) start() error {
	s.life.Lock()
	defer s.life.Unlock()
	s.mu.Lock()
	s.downs--
	down := s.downs > 0
	s.mu.Unlock()
	for try := 0; !down; try++ {
		l, err := net.Listen("tcp", s.address)
		if err == nil {
			s.listen(l)
			return nil
		}
		if try == 100 {
			return err
		}
		_ = wait(context.Background(), 50*time.Millisecond)
	}
	return nil
}

// wait waits for d, or for the end of ctx.
func wait(ctx context.Context, d time.Duration) error {
	clock := time.NewTimer(d)
	defer clock.Stop()
	select {
	case <-clock.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
