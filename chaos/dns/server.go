package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// Name is a target as the resolver knows it.
type Name struct {
	Target string
	Host   string     // that resolves to Addr; empty: none does, but names can move there
	Addr   netip.Addr // IPv4
}

// nobody is the address at which nobody listens (chaos.Nobody).
var nobody = netip.AddrFrom4([4]byte{127, 53, 255, 1})

// idle is how long a TCP connection may ask nothing.
const idle = 10 * time.Second

// Server answers queries for the names of targets, and breaks them as faults say. It may
// be used from many goroutines at once.
type Server struct {
	names []Name
	clock func() int64
	udp   net.PacketConn
	tcp   net.Listener
	work  sync.WaitGroup
	over  chan struct{}
	end   sync.Once

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	deeds map[string]*deed
}

var _ chaos.Injector = (*Server)(nil)

// Listen starts a server on a free port of the loopback, the same for UDP and TCP. Clock is
// nanoseconds above 0, for the evidence.
func Listen(names []Name, clock func() int64) (*Server, error) {
	s := &Server{names: names, clock: clock, over: make(chan struct{}), conns: map[net.Conn]struct{}{}, deeds: map[string]*deed{}}
	var err error
	for range 10 { // the port of the one may be taken for the other
		if s.tcp, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			break
		}
		if s.udp, err = net.ListenPacket("udp", s.tcp.Addr().String()); err == nil {
			break
		}
		s.tcp.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("resolver: %w", err)
	}
	s.work.Go(s.serveUDP)
	s.work.Go(s.serveTCP)
	return s, nil
}

// Addr is where it listens, host:port, over UDP and TCP.
func (s *Server) Addr() string { return s.tcp.Addr().String() }

// Close ends the server, and whatever waits for an answer.
func (s *Server) Close() error {
	var err error
	s.end.Do(func() {
		close(s.over)
		err = errors.Join(s.udp.Close(), s.tcp.Close())
		s.mu.Lock()
		for c := range s.conns {
			c.Close()
		}
		for _, d := range s.deeds {
			d.clear()
		}
		s.mu.Unlock()
		s.work.Wait()
	})
	return err
}

func (s *Server) serveUDP() {
	b := make([]byte, 4<<10)
	for {
		n, from, err := s.udp.ReadFrom(b)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // of one datagram, as from a port that is gone
			continue
		}
		s.ask(append([]byte(nil), b[:n]...), func(answer []byte) { _, _ = s.udp.WriteTo(answer, from) })
	}
}

func (s *Server) serveTCP() {
	for {
		c, err := s.tcp.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // descriptors have run out, for one
			select {
			case <-time.After(10 * time.Millisecond):
				continue
			case <-s.over:
				return
			}
		}
		s.mu.Lock()
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.work.Go(func() {
			s.serveConn(c)
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
			c.Close()
		})
	}
}

// serveConn answers the queries of one TCP connection, each behind its length (RFC 1035
// 4.2.2).
func (s *Server) serveConn(c net.Conn) {
	var writing sync.Mutex
	for {
		select {
		case <-s.over:
			return
		default:
		}
		_ = c.SetReadDeadline(time.Now().Add(idle))
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		b := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, b); err != nil {
			return
		}
		s.ask(b, func(answer []byte) {
			writing.Lock()
			defer writing.Unlock()
			_ = c.SetWriteDeadline(time.Now().Add(idle))
			_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
		})
	}
}

// ask has a query answered, now, later or never.
func (s *Server) ask(b []byte, reply func([]byte)) {
	q, err := parse(b)
	switch {
	case errors.Is(err, errNoQuery):
		return
	case err != nil:
		reply(q.answer(formErr, netip.Addr{}))
		return
	case q.opcode() != 0:
		reply(q.answer(notImp, netip.Addr{}))
		return
	}
	r := s.rule(q)
	switch {
	case r.silent:
	case r.delay > 0:
		s.work.Go(func() {
			late := time.NewTimer(r.delay)
			defer late.Stop()
			select {
			case <-late.C:
				reply(q.answer(r.code, r.addr))
			case <-s.over:
			}
		})
	default:
		reply(q.answer(r.code, r.addr))
	}
}

// ruling is what becomes of a query.
type ruling struct {
	code   byte
	addr   netip.Addr // zero: none
	delay  time.Duration
	silent bool
}

// truth is what a query has to be answered.
func (s *Server) truth(q query) (Name, ruling) {
	for _, n := range s.names {
		if n.Host == "" || !strings.EqualFold(n.Host, q.name) || q.class != classIN {
			continue
		}
		if q.kind != typeA { // the name is there, such an address is not
			return n, ruling{}
		}
		return n, ruling{addr: n.Addr}
	}
	return Name{}, ruling{code: nxDomain}
}

// rule is what becomes of a query under the faults in force, which count it.
func (s *Server) rule(q query) ruling {
	n, r := s.truth(q)
	if n.Target == "" {
		return r
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.deeds {
		if d.fault.On == n.Target {
			r = d.bend(q, r)
		}
	}
	return r
}

// address is where a name of a target leads that has moved; the zero Addr: there is none.
func (s *Server) address(to string) netip.Addr {
	if to == chaos.Nobody {
		return nobody
	}
	for _, n := range s.names {
		if n.Target == to {
			return n.Addr
		}
	}
	return netip.Addr{}
}

// Lookup asks the server for the IPv4 addresses of a name, as a program does that has it
// for its resolver. It asks over TCP, so that of a burst of lookups none is lost on the way.
func (s *Server) Lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	// One of its own each time: a Resolver that is shared asks once for all that ask at once.
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", s.Addr())
		if t, ok := c.(*net.TCPConn); ok {
			_ = t.SetLinger(0) // else each leaves a port taken for a minute
		}
		return c, err
	}}
	return r.LookupNetIP(ctx, "ip4", strings.TrimSuffix(host, ".")+".")
}
