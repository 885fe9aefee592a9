package soak

import (
	"context"
	"fmt"
	"time"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/pool"
)

const (
	// patience is how long a fault waits for somebody to meet.
	patience = 10 * time.Second
	// forgotten is how long a half-open connection's descriptor is kept.
	forgotten = 5 * time.Second
)

// act carries out a fault, from its beginning to its end.
func (s *soak) act(ctx context.Context, f fault) error {
	server := s.house.servers[f.on]
	if other := s.house.servers[1-f.on]; len(server.open()) < 10 && len(other.open()) > 10 {
		server = other // nobody is there to meet it
	}
	for end := time.Now().Add(patience); len(server.open()) < 10 && time.Now().Before(end); {
		_ = wait(ctx, 50*time.Millisecond)
	}
	some := server.some(f.share)
	hit := func(n int) { s.house.hit(f.kind, n) }
	switch f.kind {
	case reset, resetAll:
		if f.kind == resetAll {
			some = server.open()
		}
		for _, v := range some {
			v.reset()
		}
		hit(len(some))
	case partition:
		hit(len(server.open()))
		server.weather.hold()
		_ = wait(ctx, f.lasts)
		server.weather.release()
	case severed:
		for _, v := range some {
			v.own.hold()
		}
		hit(len(some))
		_ = wait(ctx, f.lasts)
		for _, v := range some {
			v.own.release()
		}
	case latency:
		hit(len(server.open()))
		d := f.lasts / 10
		server.weather.lag(d)
		_ = wait(ctx, f.lasts)
		server.weather.lag(-d)
	case halfOpen:
		for _, v := range some {
			v.own.hold()
			time.AfterFunc(forgotten, v.reset)
		}
		hit(len(some))
	case restart, down:
		hit(server.stop())
		_ = wait(ctx, f.lasts)
		return server.start()
	case away, service, later:
		code := map[kind]ws.StatusCode{away: 1001, service: 1012, later: 1013}[f.kind]
		for _, v := range some {
			s.faults.Go(func() { v.goodbye(code) })
		}
		hit(len(some))
	case busy, slam, hang, mute:
		s.newcomers(ctx, server, f)
	case sips:
		for _, v := range some {
			v.own.dawdle(1)
		}
		hit(len(some))
		_ = wait(ctx, f.lasts)
		for _, v := range some {
			v.own.dawdle(-1)
		}
	case rotate:
		s.house.version.Add(1)
		for _, v := range some {
			v.reset()
		}
	case scale:
		s.lists.Lock()
		defer s.lists.Unlock()
		hit(len(server.open()))
		if err := s.pool.SetEndpoints(s.endpoints(server)); err != nil {
			return err
		}
		_ = wait(ctx, f.lasts)
		return s.pool.SetEndpoints(s.endpoints(nil))
	case resize:
		s.lists.Lock()
		defer s.lists.Unlock()
		n := max(1, int(f.share*float64(s.owned)))
		hit(s.owned - n)
		if err := s.pool.Resize(n, n); err != nil {
			return err
		}
		_ = wait(ctx, f.lasts)
		return s.pool.Resize(s.owned, s.owned)
	case renew:
		hit(len(server.open()))
		s.pool.Renew()
	}
	return nil
}

// newcomers lets those who dial meet a fault, and sees to it that somebody does: one such
// fault after the other, for one would hide the other, and at both servers if nobody was
// sent to the one.
func (s *soak) newcomers(ctx context.Context, server *server, f fault) {
	s.guests.Lock()
	defer s.guests.Unlock()
	before := s.house.hits[f.kind].Load()
	server.mode(f.kind, 1)
	defer server.mode(f.kind, -1)
	for _, v := range server.some(f.share) {
		v.reset()
	}
	_ = wait(ctx, f.lasts)
	if s.house.hits[f.kind].Load() > before {
		return
	}
	for _, all := range s.house.servers {
		all.mode(f.kind, 1)
		defer all.mode(f.kind, -1)
		for _, v := range all.some(f.share) {
			v.reset()
		}
	}
	for end := time.Now().Add(patience); s.house.hits[f.kind].Load() == before && time.Now().Before(end); {
		_ = wait(ctx, 50*time.Millisecond)
	}
}

// endpoints are where the pool may connect to, but for one.
func (s *soak) endpoints(without *server) (all []pool.Endpoint) {
	for i, server := range s.house.servers {
		if server != without {
			all = append(all, pool.Endpoint{Name: fmt.Sprint(i), URL: "ws://" + server.address})
		}
	}
	return all
}
