package toxi

import "github.com/wsheal/wsheal/chaos"

// NewDeafServer returns a server whose taps and sockets obey no order, as one with a
// defect would: evidence must find it out.
func NewDeafServer(o Options) *Server {
	s := NewServer(o)
	s.deaf = true
	return s
}

// Requests that have found their proxy, and come to it later.
type Found struct {
	p *proxy
}

func (s *Server) Find(name string) (Found, error) {
	p, err := s.proxy(name)
	return Found{p}, err
}

func (f Found) Enable() error { return f.p.enable() }

func (f Found) Update(enabled bool) error { return f.p.update(posted{Enabled: &enabled}) }

func (f Found) Post(toxic string) error {
	t, err := parseToxic([]byte(toxic))
	if err != nil {
		return err
	}
	return f.p.server.admit(f.p, t, nil)
}

// Straight is how many chunks went past the link on the connections that are open. Nothing may
// have cut any.
func (f Found) Straight(way chaos.Direction) (n uint64) {
	for _, c := range f.p.living() {
		l := c.down
		if way == chaos.Up {
			l = c.up
		}
		l.mu.Lock()
		n += l.count - l.handed
		l.mu.Unlock()
	}
	return n
}
