package toxi

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	stock "github.com/Shopify/toxiproxy/v2"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/door"
)

// How long the accept loop waits after an error, such as descriptors that ran out,
// before it tries again: doubled from the first to the last.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = 250 * time.Millisecond
)

// proxy listens in front of one target.
type proxy struct {
	server *Server
	clock  func() int64
	notes  *notes // nil: of no server, and nobody can ask
	deaf   bool   // its taps and sockets do not obey; for tests
	name   string
	number uint64 // by which its taps find it
	stock  *stock.Proxy

	startMu  sync.Mutex // one connection is handed to the links at a time
	starting *conn

	orders atomic.Pointer[[]*order] // in force or coming into force; the list is never changed
	armMu  sync.Mutex               // one change of the list at a time
	toxics []*toxic                 // listed by the API, in order of their creation; under armMu
	past   map[string]*order        // the last order of each name, also after it ended; under armMu

	editMu sync.Mutex // one update at a time

	mu       sync.Mutex
	listen   string
	upstream string
	listener *net.TCPListener // nil while disabled
	gone     bool             // closed: it never listens again
	conns    map[*conn]struct{}
	turned   int // of them, those that were turned away at the door

	ends sync.WaitGroup // accept loop and the connections' goroutines

	accepted, upgraded, refused, bytesUp, bytesDown, errors atomic.Int64
}

// newProxy makes a proxy that does not listen yet.
func newProxy(s *Server, name, listen, upstream string) (*proxy, error) {
	if err := s.check(listen, upstream); err != nil {
		return nil, err
	}
	p := &proxy{
		server: s, clock: s.options.Clock, notes: &s.notes, deaf: s.deaf, name: name, number: numbers.Add(1),
		listen: listen, upstream: upstream,
		conns: map[*conn]struct{}{}, past: map[string]*order{},
	}
	p.orders.Store(new([]*order))
	p.stock = stock.NewProxy(s.stock, name, listen, upstream)
	proxies.Store(p.number, p)
	for _, way := range []string{"upstream", "downstream"} {
		def := fmt.Sprintf(`{"name":"tap_%s","type":%q,"stream":%q,"toxicity":1,"attributes":{"proxy":%d,"stream":%q}}`,
			way, tapType, way, p.number, way)
		if _, err := p.stock.Toxics.AddToxicJson(strings.NewReader(def)); err != nil {
			return nil, fmt.Errorf("tap of proxy %q: %w", name, err)
		}
	}
	return p, nil
}

// check wants an upstream of host:port, and both addresses where the server may go.
func (s *Server) check(listen, upstream string) error {
	if err := s.allowed("listen", listen); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(upstream)
	if err != nil || host == "" || port == "" || strings.ContainsAny(upstream, "/@") {
		return badRequest(fmt.Sprintf("upstream %q: expected host:port", upstream))
	}
	return s.allowed("upstream", upstream)
}

// enable begins to listen; it does nothing while the proxy listens already. Whoever found
// the proxy before it was deleted must not bring back a listener that nobody can end.
func (p *proxy) enable() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.gone:
		return stock.ErrProxyNotFound
	case p.listener != nil:
		return nil
	}
	l, err := net.Listen("tcp", p.listen)
	if err != nil {
		return fmt.Errorf("proxy %q: %w", p.name, err)
	}
	p.listener = l.(*net.TCPListener)
	p.listen = l.Addr().String()
	p.ends.Add(1)
	go p.accept(p.listener)
	return nil
}

// disable stops listening and closes every connection.
func (p *proxy) disable() {
	p.mu.Lock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
	p.mu.Unlock()
	for _, c := range p.living() {
		c.end()
	}
}

// accept takes connections until the listener is closed. No other error ends it: when
// descriptors run out it waits and tries again, before it has taken those that the control
// API needs to be reached.
func (p *proxy) accept(l *net.TCPListener) {
	defer p.ends.Done()
	pause := firstPause
	for {
		tcp, err := p.next(l)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			p.errors.Add(1)
			time.Sleep(pause)
			pause = min(2*pause, lastPause)
		default:
			pause = firstPause
			p.take(l, tcp)
		}
	}
}

// next accepts the next connection for which there is room.
func (p *proxy) next(l *net.TCPListener) (*net.TCPConn, error) {
	if p.listening(l) {
		// Each proxy may have one accept under way that had room when it began.
		if err := door.Room(door.Spare + p.server.count()); err != nil {
			return nil, err
		}
	}
	return l.AcceptTCP()
}

// listening says whether the listener is still the proxy's.
func (p *proxy) listening(l *net.TCPListener) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.listener == l
}

// take makes an accepted socket a connection, unless the proxy was disabled meanwhile.
func (p *proxy) take(l *net.TCPListener, tcp *net.TCPConn) {
	p.mu.Lock()
	if p.listener != l {
		p.mu.Unlock()
		_ = tcp.Close()
		return
	}
	c := newConn(p, tcp, p.upstream, uint64(p.accepted.Add(1)-1))
	p.conns[c] = struct{}{}
	p.mu.Unlock()
	if c.greeted() {
		c.admit()
	}
}

// living returns the connections that are open.
func (p *proxy) living() []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]*conn, 0, len(p.conns))
	for c := range p.conns {
		list = append(list, c)
	}
	return list
}

// closed says whether the proxy has ended for good, or is about to.
func (p *proxy) closed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gone
}

func (p *proxy) forget(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	if c.turned {
		p.turned--
	}
}

// close ends the proxy for good and waits for all that it started.
func (p *proxy) close() {
	p.mu.Lock()
	p.gone = true
	p.mu.Unlock()
	p.clearAll()
	p.disable()
	p.ends.Wait()
	proxies.Delete(p.number)
}

func (p *proxy) traffic() chaos.Traffic {
	p.mu.Lock()
	live := len(p.conns)
	p.mu.Unlock()
	return chaos.Traffic{
		Accepted: p.accepted.Load(), Upgraded: p.upgraded.Load(), Live: int64(live), Refused: p.refused.Load(),
		BytesUp: p.bytesUp.Load(), BytesDown: p.bytesDown.Load(), Errors: p.errors.Load(),
	}
}
