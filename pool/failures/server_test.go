package failures

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/memnet"
	"github.com/wsheal/wsheal/pool"
)

// server speaks the scripts' language:
//
//	req ID …     res ID …
//	msg N        ack N
//	hello KEY    resumed N, the highest msg of that key so far
//	sub TOPIC    subbed TOPIC
//	…            nothing
type server struct {
	w       *world
	address string

	mu       sync.Mutex
	listener net.Listener
	handle   func(*served)              // the whole life of a connection; nil: upgrade and listen
	answer   func(*served, string) bool // before the language; true: that was all
	accepted []*served
	got      []string
	numbers  map[string]int // by key
	pings    []time.Duration
	running  sync.WaitGroup
}

// served is one connection as the server sees it.
type served struct {
	net.Conn
	server *server
	at     time.Duration
	key    string
	codes  []uint16 // of close frames that arrived
	over   bool
}

func serve(w *world, address string) *server {
	s := &server{w: w, address: address, numbers: map[string]int{}}
	s.up()
	return s
}

// up listens, again.
func (s *server) up() {
	l, err := s.w.net.Listen(s.address)
	require.NoError(s.w, err)
	s.mu.Lock()
	s.listener = l
	s.mu.Unlock()
	s.running.Add(1)
	go s.accept(l)
}

// down refuses and resets: the process is gone.
func (s *server) down() {
	s.mu.Lock()
	s.listener.Close()
	s.mu.Unlock()
	s.reset()
}

// reset resets every connection.
func (s *server) reset() {
	for _, c := range s.open() {
		c.reset()
	}
}

// stop ends everything and waits.
func (s *server) stop() {
	s.mu.Lock()
	s.listener.Close()
	s.mu.Unlock()
	for _, c := range s.open() {
		c.hold(false)
		c.reset()
	}
	s.running.Wait()
}

func (s *server) accept(l net.Listener) {
	defer s.running.Done()
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		c := &served{Conn: nc, server: s, at: s.w.now()}
		s.accepted = append(s.accepted, c)
		handle := s.handle
		s.mu.Unlock()
		s.running.Add(1)
		go func() {
			defer s.running.Done()
			defer c.end()
			if handle != nil {
				handle(c)
			} else if c.upgrade() {
				c.listen()
			}
		}()
	}
}

func (c *served) end() {
	c.server.mu.Lock()
	c.over = true
	c.server.mu.Unlock()
	c.Close()
}

// behave says what becomes of new connections; nil: upgrade and listen.
func (s *server) behave(handle func(*served)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handle = handle
}

// first has f look at each text before the server does; true: that was all.
func (s *server) first(f func(*served, string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

// open are the connections that are; all those that ever were.
func (s *server) open() (open []*served) {
	for _, c := range s.all() {
		s.mu.Lock()
		if !c.over {
			open = append(open, c)
		}
		s.mu.Unlock()
	}
	return open
}

func (s *server) all() []*served {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.accepted)
}

// texts is all that arrived, in order.
func (s *server) texts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// say sends a text to everybody.
func (s *server) say(format string, args ...any) {
	for _, c := range s.open() {
		c.say(fmt.Sprintf(format, args...))
	}
}

// dismiss sends everybody a close frame.
func (s *server) dismiss(code ws.StatusCode) {
	for _, c := range s.open() {
		c.write(ws.NewCloseFrame(ws.NewCloseFrameBody(code, "")))
	}
}

// reject answers upgrades with a status.
func reject(status int, header string) func(*served) {
	return func(c *served) {
		_, _ = c.Read(make([]byte, 4096))
		fmt.Fprintf(c, "HTTP/1.1 %d no\r\n%sContent-Length: 0\r\n\r\n", status, header)
	}
}

func (c *served) reset() { c.Conn.(*memnet.Conn).Reset() }

func (c *served) hold(on bool) { c.Conn.(*memnet.Conn).Hold(on) }

// closes are the codes of the close frames that arrived.
func (c *served) closes() []uint16 {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return slices.Clone(c.codes)
}

func (c *served) upgrade() bool {
	_, err := ws.Upgrade(c.Conn)
	return err == nil
}

// accept answers an upgrade that was read already.
func (c *served) accept(request []byte) bool {
	_, err := ws.Upgrade(struct {
		io.Reader
		io.Writer
	}{bytes.NewReader(request), c.Conn})
	return err == nil
}

// sleep waits on behalf of the server, no longer than there is a world.
func (c *served) sleep(d time.Duration) {
	select {
	case <-time.After(d):
	case <-c.server.w.quit:
	}
}

// frames hands over every frame until f or the connection has enough.
func (c *served) frames(r io.Reader, f func(op ws.OpCode, payload []byte) bool) {
	for {
		h, err := ws.ReadHeader(r)
		if err != nil {
			return
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(r, payload); err != nil {
			return
		}
		ws.Cipher(payload, h.Mask, 0)
		if !f(h.OpCode, payload) {
			return
		}
	}
}

// listen answers until the connection ends.
func (c *served) listen() { c.frames(c.Conn, c.take) }

// take answers one frame.
func (c *served) take(op ws.OpCode, payload []byte) bool {
	s := c.server
	switch op {
	case ws.OpPing:
		s.mu.Lock()
		s.pings = append(s.pings, s.w.now())
		s.mu.Unlock()
		c.write(ws.NewPongFrame(payload))
	case ws.OpClose:
		code := uint16(1005)
		if len(payload) >= 2 {
			code = binary.BigEndian.Uint16(payload)
		}
		s.mu.Lock()
		c.codes = append(c.codes, code)
		s.mu.Unlock()
		c.write(ws.NewCloseFrame(payload))
		return false
	case ws.OpText, ws.OpBinary:
		c.hear(string(payload))
	}
	return true
}

func (c *served) hear(text string) {
	s := c.server
	s.mu.Lock()
	s.got = append(s.got, text)
	answer := s.answer
	s.mu.Unlock()
	if answer != nil && answer(c, text) {
		return
	}
	verb, rest, _ := strings.Cut(text, " ")
	switch verb {
	case "req":
		c.say("res " + rest)
	case "sub":
		c.say("subbed " + rest)
	case "msg":
		n, _ := strconv.Atoi(rest)
		s.mu.Lock()
		s.numbers[c.key] = max(s.numbers[c.key], n)
		s.mu.Unlock()
		c.say("ack " + rest)
	case "hello":
		s.mu.Lock()
		c.key = rest
		n := s.numbers[rest]
		s.mu.Unlock()
		c.say("resumed " + strconv.Itoa(n))
	}
}

func (c *served) say(text string) { c.write(ws.NewTextFrame([]byte(text))) }

// write sends a frame in one piece, so that scripts may write beside the answers.
func (c *served) write(f ws.Frame) { _, _ = c.Conn.Write(ws.MustCompileFrame(f)) }

// word reads the word after a first word: "req 7 hello" is the word "7" after "req".
func word(first string) func(pool.Message) (string, bool) {
	return func(m pool.Message) (string, bool) {
		f := strings.Fields(string(m.Payload))
		if len(f) < 2 || f[0] != first {
			return "", false
		}
		return f[1], true
	}
}
