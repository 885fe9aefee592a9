// Package server is the echo server that all clients are measured against: a process of
// its own, so that its memory and its time are not the clients'.
//
// It answers each frame with a frame, and everything that one read brought in one write,
// so that what it costs a client to be answered depends on how the client writes. On a
// control connection it resets all connections at once, and counts them.
package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"

	"github.com/gobwas/ws"
)

// addresses is on how many loopback addresses a server listens: each gives clients 28,000
// ports more.
const addresses = 4

// Hello is what a server process says first.
type Hello struct {
	URLs    []string `json:"urls"`
	Control string   `json:"control"` // address of the control connection
	Pid     int      `json:"pid"`
}

// Server echoes.
type Server struct {
	URLs    []string
	Control string

	listeners []net.Listener
	work      sync.WaitGroup

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]struct{} // those that echo, from their accept on
	extra  map[net.Conn]struct{} // control connections
}

// Listen starts a server on loopback addresses.
func Listen() (*Server, error) {
	s := &Server{conns: make(map[net.Conn]struct{}), extra: make(map[net.Conn]struct{})}
	for i := range addresses {
		l, err := s.listen(fmt.Sprintf("127.0.0.%d:0", i+1), s.conns, s.echo)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.URLs = append(s.URLs, "ws://"+l.Addr().String()+"/")
	}
	l, err := s.listen("127.0.0.1:0", s.extra, s.control)
	if err != nil {
		s.Close()
		return nil, err
	}
	s.Control = l.Addr().String()
	return s, nil
}

// listen has serve called for what comes to an address, and keeps it in set meanwhile.
func (s *Server) listen(addr string, set map[net.Conn]struct{}, serve func(net.Conn)) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s.listeners = append(s.listeners, l)
	s.work.Go(func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue // out of descriptors: the clients' dials show it
			}
			s.work.Go(func() {
				defer c.Close()
				if s.add(set, c) {
					serve(c)
					s.remove(set, c)
				}
			})
		}
	})
	return l, nil
}

// echo is one connection.
func (s *Server) echo(c net.Conn) {
	if _, err := ws.Upgrade(c); err != nil {
		return
	}
	r := bufio.NewReaderSize(c, 4096)
	var head [12]byte
	var answer []byte
	for {
		h, err := ws.ReadHeaderBuffer(r, head[:])
		if err != nil {
			return
		}
		reply := ws.Header{Fin: h.Fin, OpCode: h.OpCode, Length: h.Length}
		if h.OpCode == ws.OpPing {
			reply.OpCode = ws.OpPong
		}
		answer = appendHeader(answer, reply)
		from := len(answer)
		answer = slices.Grow(answer, int(h.Length))[:from+int(h.Length)]
		if _, err := io.ReadFull(r, answer[from:]); err != nil {
			return
		}
		ws.Cipher(answer[from:], h.Mask, 0)
		if h.OpCode == ws.OpPong {
			answer = answer[:from-ws.HeaderSize(reply)]
		}
		if r.Buffered() > 0 && len(answer) < 64<<10 && h.OpCode != ws.OpClose {
			continue
		}
		if _, err := c.Write(answer); err != nil || h.OpCode == ws.OpClose {
			return
		}
		answer = answer[:0]
	}
}

// appendHeader appends an unmasked frame's header.
func appendHeader(dst []byte, h ws.Header) []byte {
	w := (*appender)(&dst)
	_ = ws.WriteHeader(w, h) // an appender does not fail, and the length is one that was read
	return dst
}

type appender []byte

func (a *appender) Write(p []byte) (int, error) {
	*a = append(*a, p...)
	return len(p), nil
}

func (s *Server) add(set map[net.Conn]struct{}, c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	set[c] = struct{}{}
	return true
}

func (s *Server) remove(set map[net.Conn]struct{}, c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(set, c)
}

// cut resets every connection that there is now, and returns how many.
func (s *Server) cut() int {
	s.mu.Lock()
	all := slices.Collect(maps.Keys(s.conns))
	clear(s.conns)
	s.mu.Unlock()
	for _, c := range all {
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
	return len(all)
}

func (s *Server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Close ends all connections and waits for their goroutines.
func (s *Server) Close() {
	for _, l := range s.listeners {
		l.Close()
	}
	s.mu.Lock()
	s.closed = true
	for c := range s.extra {
		c.Close()
	}
	s.mu.Unlock()
	s.cut()
	s.work.Wait()
}

// Serve runs until ctx ends.
func (s *Server) Serve(ctx context.Context) {
	<-ctx.Done()
	s.Close()
}
