package toxi

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
)

// A lease ties toxics to whoever posted them: it lasts for as long as its holder keeps the
// request open by which it got it, and the kernel ends that however the holder ends.
//
//	GET /wsheal/lease ─▶ {"lease":"7"} … for as long as it is read
//	POST …/toxics {"attributes": {"lease": "7"}}
//	the holder dies ─▶ the request ends ─▶ its toxics are removed
type leases struct {
	mu   sync.Mutex
	last int
	held map[string]bool
}

func (s *leases) begin() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	if s.held == nil {
		s.held = map[string]bool{}
	}
	id := strconv.Itoa(s.last)
	s.held[id] = true
	return id
}

func (s *leases) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, id)
}

// holds says whether a lease is held; of none, which needs no holder, it is.
func (s *leases) holds(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return id == "" || s.held[id]
}

// grant gives a lease until its request ends.
func (s *Server) grant(w http.ResponseWriter, r *http.Request) {
	id := s.leases.begin()
	defer func() {
		s.leases.end(id)
		for _, p := range s.all() {
			p.evict(id)
		}
	}()
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(grant{id}); err != nil {
		return
	}
	if err := http.NewResponseController(w).Flush(); err != nil {
		return
	}
	<-r.Context().Done()
}

// grant is the first and only line of the answer.
type grant struct {
	Lease string `json:"lease"`
}

// evict ends the toxics of a lease that is over.
func (p *proxy) evict(lease string) {
	p.armMu.Lock()
	defer p.armMu.Unlock()
	for _, t := range slices.Clone(p.toxics) {
		if t.lease == lease {
			p.drop(t)
		}
	}
}

// admit puts a toxic in force whose lease, if it has one, is held, and still is then.
func (s *Server) admit(p *proxy, t, replaces *toxic) error {
	refused := badRequest(fmt.Sprintf("attribute %q: nobody holds %q", attrLease, t.lease))
	if !s.leases.holds(t.lease) {
		return refused
	}
	if err := p.add(t, replaces); err != nil {
		return err
	}
	if !s.leases.holds(t.lease) {
		p.evict(t.lease)
		return refused
	}
	return nil
}

// tenancy is the driver's side of its lease.
type tenancy struct {
	mu   sync.Mutex
	id   string // "" while there is none
	stop context.CancelFunc
	over chan struct{} // closed when the request has ended
}

// lease returns the driver's lease, and takes one when there is none or it was lost.
func (d *Driver) lease(ctx context.Context) (string, error) {
	t := &d.tenancy
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.id != "" {
		select {
		case <-t.over:
		default:
			return t.id, nil
		}
	}
	long, stop := context.WithCancel(context.Background())
	unbind := context.AfterFunc(ctx, stop) // only until it is granted
	body, id, err := d.take(long)
	if !unbind() || err != nil {
		stop()
		if body != nil {
			_ = body.Close()
		}
		return "", fmt.Errorf("lease: %w", firstError(ctx.Err(), err))
	}
	t.id, t.stop, t.over = id, stop, make(chan struct{})
	over := t.over
	go func() {
		defer close(over)
		_, _ = io.Copy(io.Discard, body) // until the proxy or the driver ends
		_ = body.Close()
		stop()
	}()
	return id, nil
}

// take asks for a lease and returns the answer that must be read on.
func (d *Driver) take(ctx context.Context) (io.ReadCloser, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.control+"/wsheal/lease", nil)
	if err != nil {
		return nil, "", err
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return nil, "", err
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, "", fmt.Errorf("GET /wsheal/lease: %s", resp.Status)
	}
	var g grant
	line, err := bufio.NewReader(resp.Body).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &g)
	}
	return resp.Body, g.Lease, err
}

// leave gives the lease back, and with it the faults.
func (t *tenancy) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.id != "" {
		t.stop()
		<-t.over
		t.id = ""
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
