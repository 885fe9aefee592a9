package pool_test

import (
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// shop is a WebSocket server on a real socket that can be stopped and started again at the
// same address.
type shop struct {
	answer func(text string) string // "" is none
	status int                      // instead of upgrading; 0: upgrade
	header http.Header              // with status

	mu      sync.Mutex
	address string
	server  *http.Server
	conns   map[net.Conn]bool
	running sync.WaitGroup
}

// open starts the server and returns its URL.
func (s *shop) open() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.address == "" {
		s.address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		panic(err)
	}
	s.address, s.conns = l.Addr().String(), map[net.Conn]bool{}
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve)}
	s.running.Add(1)
	go func(server *http.Server) {
		defer s.running.Done()
		_ = server.Serve(l)
	}(s.server)
	return "ws://" + s.address + "/"
}

// close ends the server and every connection, as a process that is killed does.
func (s *shop) close() {
	s.mu.Lock()
	s.server.Close()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

func (s *shop) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	status, server := s.status, s.server
	s.mu.Unlock()
	if status != 0 {
		for name := range s.header {
			w.Header().Set(name, s.header.Get(name))
		}
		w.WriteHeader(status)
		return
	}
	c, _, _, err := ws.UpgradeHTTP(r, w)
	if err != nil {
		return
	}
	defer c.Close()
	s.mu.Lock()
	if s.server != server {
		s.mu.Unlock()
		return
	}
	s.conns[c] = true
	s.running.Add(1)
	s.mu.Unlock()
	defer s.running.Done()
	for {
		text, err := wsutil.ReadClientText(c)
		if err != nil {
			return
		}
		if answer := s.answer(string(text)); answer != "" {
			if wsutil.WriteServerText(c, []byte(answer)) != nil {
				return
			}
		}
	}
}

// after is the rest of a text that begins with a word.
func after(word, text string) (string, bool) { return strings.CutPrefix(text, word+" ") }
