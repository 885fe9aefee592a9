package target

import (
	"sync"
	"time"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/door"
)

func init() {
	obeys(func(e chaos.AuthExpire) rule {
		r := &authExpire{until: map[string]time.Time{}}
		r.AuthExpire = door.AuthExpire{AuthExpire: e, Expired: r.expired}
		return r
	})
}

// authExpire remembers until when each token is good.
type authExpire struct {
	door.AuthExpire

	mu     sync.Mutex
	until  map[string]time.Time
	timers []*time.Timer
	watch  func(token string) // called when a token that was new has run out; nil: nobody asks
	over   bool
}

// start has the tokens of open connections begin to run out, and where that is to be told to
// connections, all others' as they come.
func (r *authExpire) start(h *hook, s *Server) (stop func(), err error) {
	if r.How() == chaos.Auth4401 {
		r.watch = func(token string) {
			for _, c := range s.open() {
				if c.token == token && h.has(c) {
					h.act(c, "expired", func() bool { return c.part(4401, "token expired") })
				}
			}
		}
	}
	for _, c := range s.open() {
		if c.token != "" {
			r.expired(c.token)
		}
	}
	return r.stop, nil
}

// expired says whether a token has run out; one that is new begins to.
func (r *authExpire) expired(token string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	until, known := r.until[token]
	if !known && !r.over {
		r.until[token] = now.Add(r.TTL)
		if r.watch != nil {
			r.timers = append(r.timers, time.AfterFunc(r.TTL, func() { r.watch(token) }))
		}
	}
	return known && !now.Before(until)
}

func (r *authExpire) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	for _, t := range r.timers {
		t.Stop()
	}
}
