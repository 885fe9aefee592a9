package foreign

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/ledger"
)

// Options of a Server.
type Options struct {
	URL         string                             // of its control API, http://host:port
	Run         string                             // part of every name; no other run of that time has it
	Clock       func() int64                       // CLOCK_MONOTONIC, ns
	Ledger      *ledger.Ledger                     // where what is created there is written down first
	AllowRemote bool                               // it may be on another host
	Target      func(name, upstream string) string // the WebSocket URL of the target of a name, at host:port; nil: ws://host:port/
}

// lookLimit bounds the opening of a fault's canaries.
const lookLimit = 2 * time.Second

// Server is a toxiproxy-server found at a URL: chaos.Injector, chaos.Wire, and proxies in
// front of targets. It may be used from many goroutines at once.
type Server struct {
	api     *api
	options Options

	mu     sync.Mutex
	fronts map[string]*front  // by target
	faults map[string]*broken // by fault
	hangs  error              // why it was given up
}

var (
	_ chaos.Injector = (*Server)(nil)
	_ chaos.Wire     = (*Server)(nil)
)

// front is one proxy of ours there.
type front struct {
	proxy  string // its name
	addr   string // that clients dial
	target string // the URL behind it
	entry  int    // in the ledger
}

// broken is one fault that was commanded.
type broken struct {
	front  *front
	toxics []toxic

	mu             sync.Mutex
	watch          *watch
	blind          error // why nothing can be seen of it
	expiry         *time.Timer
	armed, cleared int64 // clock
}

// Open finds the server, and asks for its version.
func Open(ctx context.Context, o Options) (*Server, error) {
	a, err := newAPI(o.URL, o.AllowRemote)
	if err != nil {
		return nil, err
	}
	var v struct {
		Version string `json:"version"`
	}
	if err := a.call(ctx, "GET", "/version", nil, &v); err != nil {
		return nil, fmt.Errorf("toxiproxy at %s: %w", a.url, err)
	}
	if !strings.HasPrefix(v.Version, "2.") && v.Version != "git" {
		return nil, fmt.Errorf("toxiproxy at %s says that its version is %q, expected 2.x", a.url, v.Version)
	}
	if o.Target == nil {
		o.Target = func(_, upstream string) string { return "ws://" + upstream + "/" }
	}
	return &Server{api: a, options: o, fronts: map[string]*front{}, faults: map[string]*broken{}}, nil
}

// Front makes a proxy in front of a target, upstream being its host:port, and returns the
// address to dial.
func (s *Server) Front(ctx context.Context, name, upstream string) (string, error) {
	f := &front{proxy: "wsheal_" + s.options.Run + "_" + name, target: s.options.Target(name, upstream)}
	listen := "127.0.0.1:0"
	if ip := net.ParseIP(s.api.host); ip != nil && !ip.IsLoopback() || ip == nil && !strings.EqualFold(s.api.host, "localhost") {
		listen = "0.0.0.0:0"
	}
	entry, err := s.options.Ledger.Write(ledger.Entry{By: chaos.ByToxiproxy, Where: map[string]string{"url": s.api.url, "proxy": f.proxy}})
	if err != nil {
		return "", err
	}
	f.entry = entry
	s.mu.Lock()
	s.fronts[name] = f
	s.mu.Unlock()
	in := map[string]any{"name": f.proxy, "listen": listen, "upstream": upstream, "enabled": true}
	var out struct {
		Listen string `json:"listen"`
	}
	if err := s.call(ctx, "POST", "/proxies", in, &out); err != nil {
		return "", fmt.Errorf("proxy in front of %s: %w", upstream, err)
	}
	f.addr = out.Listen
	if _, port, err := net.SplitHostPort(out.Listen); err == nil && listen == "0.0.0.0:0" {
		f.addr = net.JoinHostPort(s.api.host, port)
	}
	return f.addr, nil
}

// Supports returns why a stock server cannot express a fault, nil when it can.
func (s *Server) Supports(f chaos.Fault) error {
	if f.Share == 0 {
		f.Share = 1
	}
	if err := chaos.Refusal(f, chaos.ByToxiproxy); err != nil {
		return fmt.Errorf("fault %q: %w", f.Name, err)
	}
	_, err := expects(f.Effect)
	return err
}

// Inject puts the fault in force and returns when the server has confirmed it.
func (s *Server) Inject(ctx context.Context, f chaos.Fault) error {
	if err := s.Supports(f); err != nil {
		return err
	}
	expect, err := expects(f.Effect)
	if err != nil {
		return err
	}
	b := &broken{toxics: toxics("wsheal_"+f.Name, f.Effect)}
	s.mu.Lock()
	b.front = s.fronts[f.On]
	if b.front != nil {
		s.faults[f.Name] = b
	}
	s.mu.Unlock()
	if b.front == nil {
		return fmt.Errorf("inject %q: there is no proxy in front of %q", f.Name, f.On)
	}
	// What cannot be seen is broken all the same; its evidence is an error.
	look, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	watch, blind := newWatch(look, b.front.addr, b.front.target, expect)
	for _, t := range b.toxics {
		if err := s.add(ctx, b.front, t); err != nil {
			if watch != nil {
				watch.closeAll()
			}
			return fmt.Errorf("inject %q on %q: %w", f.Name, f.On, err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watch, b.blind = watch, blind
	b.armed = s.options.Clock()
	if b.watch != nil {
		b.watch.begin()
	}
	if f.For > 0 {
		b.expiry = time.AfterFunc(f.For, func() { _ = s.Clear(context.Background(), f.Name) })
	}
	return nil
}

// add posts a toxic, and holds what the server made of it against what was meant.
func (s *Server) add(ctx context.Context, f *front, t toxic) error {
	var got toxic
	if err := s.call(ctx, "POST", proxyPath(f.proxy)+"/toxics", t, &got); err != nil {
		return err
	}
	if got.Type != t.Type || got.Stream != t.Stream || got.Toxicity != t.Toxicity || !maps.Equal(got.Attributes, t.Attributes) {
		return fmt.Errorf("toxiproxy made %+v of %+v", got, t)
	}
	return nil
}

// Clear ends the named fault, and returns when it is not in force any more. That takes
// milliseconds, and up to 15 s, whatever ctx says, where clients have given up meanwhile:
// see slack.
func (s *Server) Clear(ctx context.Context, name string) error {
	s.mu.Lock()
	b := s.faults[name]
	s.mu.Unlock()
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cleared != 0 {
		return nil
	}
	if b.expiry != nil {
		b.expiry.Stop()
	}
	if b.watch != nil {
		b.watch.end()
		defer b.watch.cleared()
	}
	// Whoever clears is seldom as patient as the server needs him to be. It is bounded all
	// the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), slack*s.api.limit)
	defer cancel()
	for _, t := range b.toxics {
		if err := s.call(ctx, "DELETE", toxicPath(b.front.proxy, t.Name), nil, nil); err != nil && !notFound(err) {
			return fmt.Errorf("clear %q: %w", name, err)
		}
	}
	b.cleared = s.options.Clock()
	return nil
}

// Evidence returns what the canaries of the named fault saw. Once it was cleared it waits
// for what the fault had held.
func (s *Server) Evidence(ctx context.Context, name string) (chaos.Evidence, error) {
	s.mu.Lock()
	b, hangs := s.faults[name], s.hangs
	s.mu.Unlock()
	switch {
	case b == nil:
		return chaos.Evidence{}, fmt.Errorf("evidence of %q: it was never injected", name)
	case hangs != nil:
		return chaos.Evidence{}, fmt.Errorf("evidence of %q: %w", name, hangs)
	}
	b.mu.Lock()
	e := chaos.Evidence{Armed: b.armed, Cleared: b.cleared, Counts: map[string]int64{}}
	b.mu.Unlock()
	switch {
	case e.Armed == 0:
		return e, nil
	case b.blind != nil:
		return e, fmt.Errorf("evidence of %q: nothing could be seen of it: %w", name, b.blind)
	}
	if e.Cleared != 0 {
		select {
		case <-b.watch.over:
		case <-ctx.Done():
			return e, ctx.Err()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.watch.saw(&e); err != nil {
		return e, fmt.Errorf("evidence of %q: %w", name, err)
	}
	if e.Hit > 0 {
		e.First, e.Last = e.Armed, e.Armed
	}
	return e, nil
}

// Traffic is empty: a stock server counts what crossed when a connection has ended.
func (s *Server) Traffic(context.Context) (map[string]chaos.Traffic, error) { return nil, nil }

// Close clears every fault and deletes the proxies, each within ctx. What cannot be
// deleted stays in the ledger.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	faults, fronts := slices.Collect(maps.Keys(s.faults)), maps.Clone(s.fronts)
	s.mu.Unlock()
	var errs []error
	for _, name := range faults {
		errs = append(errs, s.Clear(ctx, name))
	}
	for name, f := range fronts {
		if err := remove(ctx, s.api, f.proxy); err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, s.options.Ledger.Strike(f.entry))
		s.mu.Lock()
		delete(s.fronts, name)
		s.mu.Unlock()
	}
	s.api.http.CloseIdleConnections()
	return errors.Join(errs...)
}

// call makes one request; a server that hung is not asked again but to clear.
func (s *Server) call(ctx context.Context, method, path string, in, out any) error {
	s.mu.Lock()
	hangs := s.hangs
	s.mu.Unlock()
	if hangs != nil && method != "DELETE" {
		return hangs
	}
	limit := s.api.limit
	if hangs == nil && method == "DELETE" {
		limit *= slack
	}
	err := s.api.callWithin(ctx, limit, method, path, in, out)
	if h, ok := errors.AsType[*hung](err); ok {
		s.mu.Lock()
		s.hangs = h
		s.mu.Unlock()
	}
	return err
}
