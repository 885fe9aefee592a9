package driver

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
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

// patient is a policy whose numbers are easy to tell apart.
func patient() heal.Policy {
	return heal.Policy{
		Name:             "patient",
		HandshakeTimeout: 4 * time.Second,
		ProveTimeout:     3 * time.Second,
		PingEvery:        20 * time.Second,
		PingTimeout:      6 * time.Second,
		First:            heal.First{Rule: heal.Spread, Within: 5 * time.Second},
		Backoff:          heal.Backoff{Base: time.Second, Cap: 30 * time.Second, Factor: 2, Jitter: heal.Equal},
		StableAfter:      10 * time.Second,
		Heed:             true,
	}
}

// world is a fleet and a server on one network in memory, in a bubble of virtual time.
type world struct {
	*testing.T
	net    *memnet.Network
	fleet  *Fleet
	server *server
	others []*server // that listen elsewhere
	log    *journal
	opt    Options

	mu   sync.Mutex
	near []*memnet.Conn // the fleet's ends of its connections
}

// inWorld runs a test in a world. change may alter the options before the fleet opens.
func inWorld(t *testing.T, change func(*Options), test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, net: new(memnet.Network), log: new(journal)}
		w.opt = Options{
			Clients: 1, Seed: 42, Policy: patient(), Shards: 1, Epoch: time.Now(),
			Endpoints:   []Endpoint{{Name: "a", URL: "ws://a:80/chat"}},
			DialContext: w.dial,
			Header: func(client int, gen uint32) http.Header {
				return http.Header{"X-Wsheal-Client": {strconv.Itoa(client) + "/" + strconv.Itoa(int(gen))}}
			},
			Ack:     func(_ int, p []byte) (uint64, bool) { return seqOf(p) },
			Observe: w.log.observe,
		}
		if change != nil {
			change(&w.opt)
		}
		w.server = serve(t, w.net, "a:80")
		var err error
		w.fleet, err = Open(w.opt)
		require.NoError(t, err)
		defer func() {
			assert.NoError(t, w.fleet.Close(context.Background()))
			w.server.stop()
			for _, s := range w.others {
				s.stop()
			}
			w.replay()
		}()
		test(w)
	})
}

// dial opens a connection of the fleet.
func (w *world) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := w.net.DialContext(ctx, network, addr)
	if err == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.near = append(w.near, c.(*memnet.Conn))
	}
	return c, err
}

// ends are the fleet's ends of all connections so far.
func (w *world) ends() []*memnet.Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*memnet.Conn(nil), w.near...)
}

// listen serves another address.
func (w *world) listen(address string) *server {
	s := serve(w, w.net, address)
	w.others = append(w.others, s)
	return s
}

// replay feeds the recorded events through Step: the fleet must have done what heal
// orders, and nothing else.
func (w *world) replay() {
	p := w.opt.withDefaults().Policy
	states := map[int]*heal.State{}
	for _, ev := range w.log.all() {
		if ev.Kind != Stepped {
			continue
		}
		s := states[ev.Client]
		if s == nil {
			s = new(heal.State)
			states[ev.Client] = s
		}
		assert.Equal(w, ev.From, s.Phase)
		actions := heal.Step(ev.At, ev.Step, s, &p, heal.Rand{Seed: w.opt.Seed, Client: uint64(ev.Client)})
		assert.Equal(w, ev.Actions, actions)
		assert.Equal(w, ev.State, *s)
	}
}

// now is the fleet's time.
func (w *world) now() heal.Instant { return heal.Instant(time.Since(w.opt.Epoch)) }

// send sends a message that carries its number.
func (w *world) send(client int, seq uint64) error {
	return w.fleet.Send(client, Message{Seq: seq, Payload: numbered(seq)})
}

// silence is how long a client's connection may be silent until it is pinged, as drawn.
func (w *world) silence(client int) time.Duration {
	s := w.state(client)
	return s.Silence(&w.opt.Policy, heal.Rand{Seed: w.opt.Seed, Client: uint64(client)})
}

// state is a client's after its last step.
func (w *world) state(client int) (s heal.State) {
	for _, ev := range w.log.of(Stepped) {
		if ev.Client == client {
			s = ev.State
		}
	}
	return s
}

// connect starts all clients and waits until they are usable.
func (w *world) connect() {
	for i := range w.opt.Clients {
		w.fleet.Start(i)
	}
	synctest.Wait()
	require.Equal(w, w.opt.Clients, w.fleet.Snapshot().Usable())
}

// numbered is a payload that carries seq; seqOf reads it.
func numbered(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

func seqOf(p []byte) (uint64, bool) {
	if len(p) < 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(p), true
}

// journal keeps what was observed, in order of arrival.
type journal struct {
	mu     sync.Mutex
	events []Event
}

func (j *journal) observe(ev Event) {
	ev.Payload = append([]byte(nil), ev.Payload...)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, ev)
}

func (j *journal) all() []Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Event(nil), j.events...)
}

// of returns the events of one kind.
func (j *journal) of(kind EventKind) (found []Event) {
	for _, ev := range j.all() {
		if ev.Kind == kind {
			found = append(found, ev)
		}
	}
	return found
}

// steps returns the decisions about one kind of heal event.
func (j *journal) steps(kind heal.EventKind) (found []Event) {
	for _, ev := range j.of(Stepped) {
		if ev.Step.Kind == kind {
			found = append(found, ev)
		}
	}
	return found
}

// dials returns when each dial was ordered.
func (j *journal) dials() (at []heal.Instant) {
	for _, ev := range j.of(Stepped) {
		for _, a := range ev.Actions.All() {
			if a.Kind == heal.Dial {
				at = append(at, ev.At)
			}
		}
	}
	return at
}

// list is what callbacks leave for a test to look at.
type list[T any] struct {
	mu    sync.Mutex
	items []T
}

func (l *list[T]) add(x T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = append(l.items, x)
}

func (l *list[T]) all() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]T(nil), l.items...)
}

// seqs returns the numbers of events.
func seqs(events []Event) (all []uint64) {
	for _, ev := range events {
		all = append(all, ev.Seq)
	}
	return all
}

// server is a small echo server that remembers its connections.
type server struct {
	t testing.TB
	l net.Listener

	mu       sync.Mutex
	handle   func(*served) // instead of upgrading and echoing; nil: that
	accepted []*served
	open     map[string]int // connections by client
	double   []string       // clients that were seen with two at once
	running  sync.WaitGroup
	quit     chan struct{} // closed by stop
}

// served is one connection as the server sees it.
type served struct {
	net.Conn
	server *server
	n      int    // how many were accepted before
	client string // X-Wsheal-Client, without the generation
	got    []uint64
	codes  []uint16 // of close frames, 1005 for an empty one
}

func serve(t testing.TB, n *memnet.Network, address string) *server {
	l, err := n.Listen(address)
	require.NoError(t, err)
	s := &server{t: t, l: l, open: map[string]int{}, quit: make(chan struct{})}
	s.running.Add(1)
	go s.accept()
	return s
}

func (s *server) accept() {
	defer s.running.Done()
	for {
		nc, err := s.l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		c := &served{Conn: nc, server: s, n: len(s.accepted)}
		s.accepted = append(s.accepted, c)
		handle := s.handle
		s.mu.Unlock()
		s.running.Add(1)
		go func() {
			defer s.running.Done()
			defer nc.Close()
			if handle != nil {
				handle(c)
			} else {
				c.serve()
			}
		}()
	}
}

// stop closes the listener and everything that is left, and waits.
func (s *server) stop() {
	s.l.Close()
	select {
	case <-s.quit:
		return
	default:
		close(s.quit)
	}
	for _, c := range s.conns() {
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

func (s *server) conns() []*served {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*served(nil), s.accepted...)
}

// last is the connection accepted last, as the network sees it.
func (s *server) last() *served {
	all := s.conns()
	return all[len(all)-1]
}

func (c *served) mem() *memnet.Conn { return c.Conn.(*memnet.Conn) }

// received is what arrived in data frames, as numbers.
func (c *served) received() []uint64 {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return append([]uint64(nil), c.got...)
}

// closes are the codes of the close frames that arrived.
func (c *served) closes() []uint16 {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return append([]uint16(nil), c.codes...)
}

// serve upgrades and echoes.
func (c *served) serve() {
	if c.upgrade() {
		c.echo()
	}
}

func (c *served) upgrade() bool {
	u := ws.Upgrader{OnHeader: func(key, value []byte) error {
		if string(key) == "X-Wsheal-Client" {
			c.client, _, _ = strings.Cut(string(value), "/")
		}
		return nil
	}}
	_, err := u.Upgrade(c.Conn)
	return err == nil
}

// echo answers until the connection ends.
func (c *served) echo() {
	c.enter()
	defer c.leave()
	c.frames(func(op ws.OpCode, payload []byte) bool {
		switch op {
		case ws.OpPing:
			return c.write(ws.NewPongFrame(payload))
		case ws.OpClose:
			return c.write(ws.NewCloseFrame(payload)) && false
		case ws.OpText, ws.OpBinary:
			return c.write(ws.NewFrame(op, true, payload))
		}
		return true
	})
}

// frames hands every frame to f until f or the connection has enough.
func (c *served) frames(f func(op ws.OpCode, payload []byte) bool) {
	for {
		h, err := ws.ReadHeader(c.Conn)
		if err != nil {
			return
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(c.Conn, payload); err != nil {
			return
		}
		assert.True(c.server.t, h.Masked)
		ws.Cipher(payload, h.Mask, 0)
		c.note(h.OpCode, payload)
		if !f(h.OpCode, payload) {
			return
		}
	}
}

func (c *served) note(op ws.OpCode, payload []byte) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	switch op {
	case ws.OpClose:
		code := uint16(1005)
		if len(payload) >= 2 {
			code = binary.BigEndian.Uint16(payload)
		}
		c.codes = append(c.codes, code)
	case ws.OpText, ws.OpBinary:
		if seq, ok := seqOf(payload); ok {
			c.got = append(c.got, seq)
		}
	}
}

// write sends a frame in one piece, so that tests may write beside the echo.
func (c *served) write(f ws.Frame) bool {
	_, err := c.Conn.Write(ws.MustCompileFrame(f))
	return err == nil
}

// enter and leave count the client's connections.
func (c *served) enter() {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if c.server.open[c.client]++; c.server.open[c.client] > 1 {
		c.server.double = append(c.server.double, c.client)
	}
}

func (c *served) leave() {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.open[c.client]--
}

// within is a context that ends after d.
func (w *world) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(w.Context(), d)
	w.Cleanup(cancel)
	return ctx
}
