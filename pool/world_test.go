package pool

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/memnet"
	"github.com/wsheal/wsheal/pool/heal"
)

// hosts are the names that the worlds' resolver knows.
var hosts = map[string]string{"a": "10.0.0.1", "b": "10.0.0.2"}

// brisk is a policy whose numbers are easy to tell apart.
func brisk() heal.Policy {
	return heal.Policy{
		Name:             "brisk",
		HandshakeTimeout: 4 * time.Second,
		ProveTimeout:     3 * time.Second,
		PingEvery:        20 * time.Second,
		PingTimeout:      6 * time.Second,
		WriteStall:       10 * time.Second,
		DrainTimeout:     10 * time.Second,
		First:            heal.First{Rule: heal.Spread, Within: time.Second},
		Backoff:          heal.Backoff{Base: time.Second, Cap: 30 * time.Second, Factor: 2, Jitter: heal.Equal},
		StableAfter:      10 * time.Second,
		Heed:             true,
	}
}

// world is a pool and two servers on one network in memory, in a bubble of virtual time.
type world struct {
	*testing.T
	net    *memnet.Network
	a, b   *server
	config Config
	pool   *Pool
	watch  *Watch
	// byForce expects that closing the pool takes force.
	byForce bool
}

// inWorld runs a test in a world with an open pool. change may alter its Config before.
func inWorld(t *testing.T, change func(*Config), test func(w *world)) {
	t.Helper()
	inQuietWorld(t, change, func(w *world) {
		w.open()
		test(w)
	})
}

// inQuietWorld runs a test in a world whose pool it opens itself.
func inQuietWorld(t *testing.T, change func(*Config), test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, net: new(memnet.Network)}
		w.a, w.b = serve(t, w.net, "10.0.0.1:80"), serve(t, w.net, "10.0.0.2:80")
		w.config = Config{
			Endpoints: []Endpoint{{Name: "a", URL: "ws://10.0.0.1:80/chat"}},
			Min:       2, Max: 4, MinReady: 2, Seed: 42, Policy: brisk(),
			DialContext: w.net.DialContext,
			Resolve:     resolve,
			Correlate:   Correlate{Request: word("req"), Reply: word("res")},
			Topic:       word("event"),
		}
		if change != nil {
			change(&w.config)
		}
		defer func() {
			if w.pool != nil {
				w.counted()
				if err := w.pool.Close(context.Background()); !w.byForce {
					assert.NoError(t, err)
				}
			}
			w.a.stop()
			w.b.stop()
		}()
		test(w)
	})
}

func resolve(_ context.Context, host string) ([]netip.Addr, error) {
	if ip := hosts[host]; ip != "" {
		return []netip.Addr{netip.MustParseAddr(ip)}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func (w *world) open() {
	var err error
	w.pool, err = Open(w.within(time.Minute), w.config)
	require.NoError(w, err)
	synctest.Wait() // what belongs to the opening is over
	w.watch = w.pool.Watch(context.Background())
}

// counted looks whether every slot is counted as what it is.
func (w *world) counted() {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	var want census
	for _, s := range w.pool.slots {
		if s.phase == heal.GaveUp && !s.restart.IsZero() && !s.retiring {
			want.due++
		}
		if !s.counts() {
			continue
		}
		want.own++
		if s.ready() {
			want.usable++
		}
		if s.phase == heal.GaveUp {
			want.gaveUp++
		}
	}
	assert.Equal(w, want, w.pool.census)
}

// within is a context that ends after d.
func (w *world) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(w.Context(), d)
	w.Cleanup(cancel)
	return ctx
}

// events are those that happened since it was asked last.
func (w *world) events() (all []Event) {
	synctest.Wait()
	done, cancel := context.WithCancel(context.Background())
	cancel()
	for ev := range w.watch.Events(done) {
		all = append(all, ev)
	}
	return all
}

// kinds are the kinds of events.
func kinds(all []Event) (out []EventKind) {
	for _, ev := range all {
		out = append(out, ev.Kind)
	}
	return out
}

// of are the events of one kind.
func of(kind EventKind, all []Event) (out []Event) {
	for _, ev := range all {
		if ev.Kind == kind {
			out = append(out, ev)
		}
	}
	return out
}

// outcome waits for a receipt to be final.
func (w *world) outcome(r *Receipt) Outcome {
	select {
	case <-r.Done():
	case <-w.within(time.Hour).Done():
		w.Error("the outcome never became final")
	}
	return r.Outcome()
}

// text is a text message.
func text(format string, args ...any) Message {
	return Message{Payload: fmt.Appendf(nil, format, args...), Text: true}
}

// word reads the word after a first word: "req 7 hello" is the word "7" after "req".
func word(first string) func(Message) (string, bool) {
	return func(m Message) (string, bool) {
		f := strings.Fields(string(m.Payload))
		if len(f) < 2 || f[0] != first {
			return "", false
		}
		return f[1], true
	}
}

// server speaks the tests' language:
//
//	req ID …       res ID …
//	sub TOPIC      subbed TOPIC, and from then on event TOPIC …
//	msg N …        ack N
//	hello KEY      resumed N, the highest msg of that key so far; it is this connection's now, and
//	               what another one still says is not heard
//	lost …         nothing
type server struct {
	t testing.TB
	l net.Listener

	mu       sync.Mutex
	handle   func(*served)              // instead of upgrading and listening; nil: that
	answer   func(*served, string) bool // before the language; true: that was all
	accepted []*served
	got      []string       // every text that arrived, in order
	numbers  map[string]int // by key
	owner    map[string]*served
	running  sync.WaitGroup
	quit     chan struct{}
}

// served is one connection as the server sees it.
type served struct {
	net.Conn
	server *server
	key    string
	topics map[string]bool
	got    []string
	codes  []uint16
	over   bool
}

func serve(t testing.TB, n *memnet.Network, address string) *server {
	l, err := n.Listen(address)
	require.NoError(t, err)
	return serveOn(t, l)
}

func serveOn(t testing.TB, l net.Listener) *server {
	s := &server{t: t, l: l, numbers: map[string]int{}, owner: map[string]*served{}, quit: make(chan struct{})}
	s.running.Add(1)
	go s.accept(l)
	return s
}

func (s *server) accept(l net.Listener) {
	defer s.running.Done()
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		c := &served{Conn: nc, server: s, topics: map[string]bool{}}
		s.accepted = append(s.accepted, c)
		handle := s.handle
		s.mu.Unlock()
		s.running.Add(1)
		go func() {
			defer s.running.Done()
			defer c.end()
			if handle != nil {
				handle(c)
			} else {
				c.serve()
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

// down closes the listener and resets what is open: the process is gone.
func (s *server) down() {
	s.l.Close()
	for _, c := range s.open() {
		c.reset()
	}
}

// up listens again.
func (s *server) up(n *memnet.Network, address string) {
	l, err := n.Listen(address)
	require.NoError(s.t, err)
	s.l = l
	s.running.Add(1)
	go s.accept(l)
}

// stop ends everything and waits.
func (s *server) stop() {
	s.l.Close()
	close(s.quit)
	for _, c := range s.open() {
		c.Close()
	}
	s.running.Wait()
}

// behave replaces what the server does with new connections; nil: serve.
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

// all are the connections so far; open are those that are.
func (s *server) all() []*served {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*served(nil), s.accepted...)
}

func (s *server) open() (open []*served) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.accepted {
		if !c.over {
			open = append(open, c)
		}
	}
	return open
}

// texts is every text that arrived, in order.
func (s *server) texts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.got...)
}

// heard is the connection on which a text arrived first.
func (s *server) heard(text string) *served {
	for _, c := range s.all() {
		for _, got := range c.texts() {
			if got == text {
				return c
			}
		}
	}
	require.Fail(s.t, "nobody heard "+text)
	return nil
}

// publish sends an event to the connections that subscribe to a topic.
func (s *server) publish(topic, text string) {
	for _, c := range s.open() {
		s.mu.Lock()
		has := c.topics[topic]
		s.mu.Unlock()
		if has {
			c.say("event " + topic + " " + text)
		}
	}
}

// reject answers upgrades with a status.
func reject(status int, header string) func(*served) {
	return func(c *served) {
		buf := make([]byte, 4096)
		_, _ = c.Read(buf)
		fmt.Fprintf(c, "HTTP/1.1 %d no\r\n%sContent-Length: 0\r\n\r\n", status, header)
	}
}

func (c *served) reset() {
	if m, ok := c.Conn.(*memnet.Conn); ok {
		m.Reset()
	}
}

// hold lets nothing through any more, in either direction: half-open.
func (c *served) hold() { c.Conn.(*memnet.Conn).Hold(true) }

// texts is what arrived on this connection.
func (c *served) texts() []string {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return append([]string(nil), c.got...)
}

// closes are the codes of the close frames that arrived.
func (c *served) closes() []uint16 {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return append([]uint16(nil), c.codes...)
}

// serve upgrades and listens.
func (c *served) serve() {
	if _, err := ws.Upgrade(c.Conn); err == nil {
		c.listen()
	}
}

// listen answers until the connection ends.
func (c *served) listen() {
	for {
		h, err := ws.ReadHeader(c.Conn)
		if err != nil {
			return
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(c.Conn, payload); err != nil {
			return
		}
		ws.Cipher(payload, h.Mask, 0)
		switch h.OpCode {
		case ws.OpPing:
			c.write(ws.NewPongFrame(payload))
		case ws.OpClose:
			code := uint16(1005)
			if len(payload) >= 2 {
				code = binary.BigEndian.Uint16(payload)
			}
			c.server.mu.Lock()
			c.codes = append(c.codes, code)
			c.server.mu.Unlock()
			c.write(ws.NewCloseFrame(payload))
			return
		case ws.OpText, ws.OpBinary:
			c.hear(string(payload))
		}
	}
}

func (c *served) hear(text string) {
	s := c.server
	s.mu.Lock()
	if c.key != "" && s.owner[c.key] != c {
		s.mu.Unlock()
		return
	}
	c.got = append(c.got, text)
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
		s.mu.Lock()
		c.topics[rest] = true
		s.mu.Unlock()
		c.say("subbed " + rest)
	case "msg":
		number, _, _ := strings.Cut(rest, " ")
		n, _ := strconv.Atoi(number)
		s.mu.Lock()
		s.numbers[c.key] = max(s.numbers[c.key], n)
		s.mu.Unlock()
		c.say("ack " + number)
	case "hello":
		s.mu.Lock()
		c.key, s.owner[rest] = rest, c
		n := s.numbers[rest]
		s.mu.Unlock()
		c.say("resumed " + strconv.Itoa(n))
	}
}

// say sends a text.
func (c *served) say(text string) { c.write(ws.NewTextFrame([]byte(text))) }

// write sends a frame in one piece, so that tests may write beside the answers.
func (c *served) write(f ws.Frame) { _, _ = c.Conn.Write(ws.MustCompileFrame(f)) }
