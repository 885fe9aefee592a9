package toxi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	stock "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Options configures a Server. The zero value is good.
type Options struct {
	Clock       func() int64  // nanoseconds above 0, for evidence; nil: since NewServer, which no other process can place
	DialTimeout time.Duration // longest time for a dial to a target; 0: 5 s
	AllowRemote bool          // control API and proxies may listen on, and proxies dial, addresses other than loopback
}

// Server is a set of proxies and their control API.
type Server struct {
	options Options
	deaf    bool // its proxies obey nothing; for tests
	stock   *stock.ApiServer
	leases  leases
	notes   notes

	mu      sync.Mutex
	proxies map[string]*proxy
	closed  bool
}

// numbers tells the proxies of all servers of this process apart, for their taps.
var numbers atomic.Uint64

// NewServer returns a server without proxies. Close ends what it comes to hold.
func NewServer(o Options) *Server {
	if o.Clock == nil {
		began := time.Now()
		o.Clock = func() int64 { return 1 + int64(time.Since(began)) }
	}
	o.DialTimeout = cmp.Or(o.DialTimeout, 5*time.Second)
	return &Server{
		options: o,
		// The links count their bytes in the container whether it is wanted or not.
		stock:   stock.NewServer(stock.NewMetricsContainer(nil), zerolog.Nop()),
		proxies: map[string]*proxy{},
	}
}

// Serve answers the control API on a listener until ctx is done, then ends every proxy
// and every connection, closes the listener and returns nil. It prints nothing.
func Serve(ctx context.Context, ln net.Listener, o Options) error {
	return NewServer(o).Serve(ctx, ln)
}

// Serve is the function of the same name on a server that exists.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	defer s.Close()
	if err := s.allowed("listen", ln.Addr().String()); err != nil {
		_ = ln.Close()
		return fmt.Errorf("control API: %w", err)
	}
	h := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = h.Close() })
	defer stop()
	err := h.Serve(ln)
	if ctx.Err() != nil && errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("control API on %s: %w", ln.Addr(), err)
}

// Handler is the control API.
func (s *Server) Handler() http.Handler { return s.routes() }

// Close ends every proxy and every connection, and waits for them. It may be called
// again; after it no proxy can be created.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	var list []*proxy
	for name, p := range s.proxies {
		list = append(list, p)
		delete(s.proxies, name)
	}
	s.mu.Unlock()
	for _, p := range list {
		p.close()
	}
}

// allowed says whether the server may listen on or dial an address, which is the value
// of a field.
func (s *Server) allowed(field, address string) error {
	if s.options.AllowRemote {
		return nil
	}
	if err := loopback(address); err != nil {
		return badRequest(fmt.Sprintf("%s %v", field, err))
	}
	return nil
}

// CheckListen says whether a control API with these options may listen on host:port.
func (o Options) CheckListen(address string) error {
	if o.AllowRemote {
		return nil
	}
	return loopback(address)
}

// loopback says what is wrong with an address that only this host must reach.
func loopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q: expected host:port", address)
	}
	if ip := net.ParseIP(host); strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("%q: only loopback addresses are allowed", address)
}

// all returns the proxies by name.
func (s *Server) all() []*proxy {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*proxy, 0, len(s.proxies))
	for _, p := range s.proxies {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *proxy) int { return strings.Compare(a.name, b.name) })
	return list
}

// count returns how many proxies there are.
func (s *Server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.proxies)
}

// proxy returns the proxy of a name.
func (s *Server) proxy(name string) (*proxy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.proxies[name]; ok {
		return p, nil
	}
	return nil, stock.ErrProxyNotFound
}

// create adds a proxy and, unless it is to begin disabled, makes it listen. A listen
// address that is empty is a free port of the loopback.
func (s *Server) create(in posted, where string) (*proxy, error) {
	if err := in.complete(where); err != nil {
		return nil, err
	}
	listen := "127.0.0.1:0"
	if in.Listen != nil && *in.Listen != "" {
		listen = *in.Listen
	}
	p, err := newProxy(s, *in.Name, listen, *in.Upstream)
	if err != nil {
		return nil, err
	}
	if err := s.enlist(p); err != nil {
		proxies.Delete(p.number)
		return nil, err
	}
	if in.Enabled == nil || *in.Enabled {
		if err := p.enable(); err != nil && !errors.Is(err, stock.ErrProxyNotFound) { // else it was deleted since
			s.discard(p)
			return nil, err
		}
	}
	return p, nil
}

func (s *Server) enlist(p *proxy) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &stock.ApiError{Message: "the server is closing", StatusCode: http.StatusServiceUnavailable}
	}
	if _, taken := s.proxies[p.name]; taken {
		return stock.ErrProxyAlreadyExists
	}
	s.proxies[p.name] = p
	return nil
}

// createOrReplace leaves a proxy that is the same already alone.
func (s *Server) createOrReplace(in posted) (*proxy, error) {
	if p, err := s.proxy(*in.Name); err == nil {
		if p.same(in) {
			return p, nil
		}
		s.discard(p)
	}
	return s.create(in, "")
}

// remove ends a proxy and its connections.
func (s *Server) remove(name string) error {
	s.mu.Lock()
	p, ok := s.proxies[name]
	delete(s.proxies, name)
	s.mu.Unlock()
	if !ok {
		return stock.ErrProxyNotFound
	}
	p.close()
	return nil
}

// discard ends a proxy, unless another has its name by now.
func (s *Server) discard(p *proxy) {
	s.mu.Lock()
	if s.proxies[p.name] == p {
		delete(s.proxies, p.name)
	}
	s.mu.Unlock()
	p.close()
}

// same says whether a proxy listens and dials where it is asked to.
func (p *proxy) same(in posted) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return in.Listen != nil && resolved(*in.Listen) == p.listen && *in.Upstream == p.upstream
}

// resolved is an address as a listener tells it, or as it was when it is none.
func resolved(listen string) string {
	if a, err := net.ResolveTCPAddr("tcp", listen); err == nil {
		return a.String()
	}
	return listen
}

// update changes a proxy's addresses, which closes its connections, and whether it is
// enabled.
func (p *proxy) update(in posted) error {
	p.editMu.Lock()
	defer p.editMu.Unlock()
	p.mu.Lock()
	listen, upstream, enabled := p.listen, p.upstream, p.listener != nil
	p.mu.Unlock()
	wanted := posted{Listen: &listen, Upstream: &upstream}
	if in.Listen != nil && *in.Listen != "" {
		wanted.Listen = in.Listen
	}
	if in.Upstream != nil && *in.Upstream != "" {
		wanted.Upstream = in.Upstream
	}
	if err := p.server.check(*wanted.Listen, *wanted.Upstream); err != nil {
		return err
	}
	if in.Enabled != nil {
		enabled = *in.Enabled
	}
	same := p.same(wanted)
	if !same || !enabled {
		p.disable()
	}
	p.mu.Lock()
	if !same {
		p.listen, p.upstream = *wanted.Listen, *wanted.Upstream
	}
	p.mu.Unlock()
	if enabled {
		return p.enable()
	}
	return nil
}
