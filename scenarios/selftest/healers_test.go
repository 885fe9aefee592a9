package selftest

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/memnet"
	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/scenarios/engine"
)

// The bad healers that are no policy, in virtual time and over a network in memory: each does
// what it is accused of, and nothing else, which a fleet in its place does not.

const clients = 8

// world is a healer and a server that echoes.
type world struct {
	*testing.T
	healer engine.Healer

	mu       sync.Mutex // protects following
	late     time.Duration
	conns    []*memnet.Conn // the server's ends of all that came
	open     int            // of them
	got      map[uint64]int // how often each message arrived
	observed []driver.Event // but its healing
}

// inWorld runs a test with the case's bad healer, and with a fleet in its place.
func inWorld(t *testing.T, healer string, test func(w *world, bad bool)) {
	cases, err := Find([]string{healer})
	require.NoError(t, err)
	s, err := cases[0].Open(false)
	require.NoError(t, err)
	for name, open := range map[string]Opener{
		"bad":  cases[0].Instead,
		"good": func(o driver.Options) (engine.Healer, error) { return driver.Open(o) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{T: t, got: map[uint64]int{}}
				var n memnet.Network
				l, err := n.Listen("a:80")
				require.NoError(t, err)
				var serving sync.WaitGroup
				serving.Go(func() { w.serve(l, &serving) })
				w.healer, err = open(driver.Options{
					Clients: clients, Seed: 42, Policy: engine.FleetPolicy(s), Epoch: time.Now(),
					Endpoints:   []driver.Endpoint{{Name: "a", URL: "ws://a:80/"}},
					DialContext: n.DialContext,
					Ack:         func(_ int, p []byte) (uint64, bool) { return binary.BigEndian.Uint64(p), len(p) == 8 },
					Observe:     w.observe,
				})
				require.NoError(t, err)
				for client := range clients {
					w.healer.Start(client)
				}
				time.Sleep(5 * time.Second)
				test(w, name == "bad")
				require.NoError(t, w.healer.Close(context.Background()))
				require.NoError(t, l.Close())
				serving.Wait()
				assert.Zero(t, w.left(), "connections that outlive their healer")
			})
		})
	}
}

func (w *world) observe(ev driver.Event) {
	if ev.Kind == driver.Stepped {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	ev.Payload = nil // not ours to keep
	w.observed = append(w.observed, ev)
}

func (w *world) serve(l net.Listener, serving *sync.WaitGroup) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		w.conns = append(w.conns, c.(*memnet.Conn))
		w.open++
		w.mu.Unlock()
		serving.Go(func() {
			if _, err := ws.Upgrade(c); err == nil {
				w.echo(c, serving)
			}
			_ = c.Close()
			w.mu.Lock()
			w.open--
			w.mu.Unlock()
		})
	}
}

// echo answers every frame with its like, late as the server is then, until the peer is gone.
func (w *world) echo(c net.Conn, serving *sync.WaitGroup) {
	for {
		h, err := ws.ReadHeader(c)
		if err != nil {
			return
		}
		p := make([]byte, h.Length)
		if _, err := io.ReadFull(c, p); err != nil {
			return
		}
		ws.Cipher(p, h.Mask, 0)
		op := h.OpCode
		if op == ws.OpPing {
			op = ws.OpPong
		}
		answer := ws.MustCompileFrame(ws.NewFrame(op, true, p))
		w.mu.Lock()
		late := w.late
		if len(p) == 8 && op.IsData() {
			w.got[binary.BigEndian.Uint64(p)]++
		}
		w.mu.Unlock()
		if op == ws.OpClose {
			_, _ = c.Write(answer) // who has left does not read it
			return
		}
		serving.Go(func() {
			time.Sleep(late)
			_, _ = c.Write(answer)
		})
	}
}

func (w *world) answerLate(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.late = d
}

// came is how many connections there were, and left how many of them are open.
func (w *world) came() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.conns)
}

func (w *world) left() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open
}

// each does something to all connections that there are.
func (w *world) each(do func(*memnet.Conn)) {
	w.mu.Lock()
	all := slices.Clone(w.conns)
	w.mu.Unlock()
	for _, c := range all {
		do(c)
	}
}

// load sends a message of every client, so many times, that far apart.
func (w *world) load(times int, apart time.Duration) {
	for i := range times {
		for client := range clients {
			seq := uint64(i*clients + client)
			payload := binary.BigEndian.AppendUint64(nil, seq)
			require.NoError(w, w.healer.Send(client, driver.Message{Seq: seq, Payload: payload}))
		}
		time.Sleep(apart)
	}
}

// arrived is how often each message arrived that did at all.
func (w *world) arrived() (out []int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.got {
		out = append(out, n)
	}
	return out
}

// count is how many events were observed that are so.
func (w *world) count(is func(driver.Event) bool) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ev := range w.observed {
		if is(ev) {
			n++
		}
	}
	return n
}

// choose is a or b.
func choose(is bool, a, b int) int {
	if is {
		return a
	}
	return b
}

func TestLeakLeavesTheOldConnectionOpen(t *testing.T) {
	inWorld(t, "leak", func(w *world, bad bool) {
		require.Equal(w, clients, w.left())
		w.each(func(c *memnet.Conn) { c.Hold(true) }) // nothing of the server's arrives any more
		time.Sleep(10 * time.Second)
		assert.Equal(w, 2*clients, w.came(), "all have noticed, and come back once")
		assert.Equal(w, choose(bad, 2*clients, clients), w.left())
		w.load(3, time.Second)
		assert.Equal(w, 3*clients, len(w.arrived()), "over connections that work")
		w.each(func(c *memnet.Conn) { c.Hold(false) })
	})
}

func TestBusyPingEndsConnectionsThatAreBusy(t *testing.T) {
	inWorld(t, "busy-ping", func(w *world, bad bool) {
		w.load(50, 100*time.Millisecond)
		require.Equal(w, clients, w.came(), "answers are in time")
		w.answerLate(pongWithin + 100*time.Millisecond)
		w.load(50, 100*time.Millisecond)
		if bad {
			assert.Greater(w, w.came(), clients)
		} else {
			assert.Equal(w, clients, w.came())
		}
		w.answerLate(0)
		time.Sleep(5 * time.Second)
		assert.Equal(w, clients, w.left(), "one each")
		assert.Zero(w, w.count(func(ev driver.Event) bool { return ev.Seq >= firstPing }), "its pings are nobody's messages")
	})
}

func TestResendSendsAgainWhatHasNoAnswer(t *testing.T) {
	inWorld(t, "resend", func(w *world, bad bool) {
		again := func(ev driver.Event) bool { return ev.Kind == driver.Sent && ev.Again }
		w.load(10, time.Second)
		require.Zero(w, w.count(again), "answers are in time")
		w.answerLate(2 * patience)
		w.load(10, time.Second)
		assert.Equal(w, choose(bad, 10*clients, 0), w.count(again))
		assert.Equal(w, 10*clients, len(w.arrived()))
		for _, n := range w.arrived() {
			assert.Equal(w, choose(bad, 3, 2), n, "once in time, and once or twice late")
		}
		assert.Equal(w, clients, w.came())
	})
}

func TestTwoLoopsHaveTwoConnections(t *testing.T) {
	inWorld(t, "two-loops", func(w *world, bad bool) {
		each := choose(bad, 2, 1)
		require.Equal(w, each*clients, w.left())
		w.each((*memnet.Conn).Reset)
		time.Sleep(10 * time.Second)
		assert.Equal(w, 2*each*clients, w.came(), "each loop comes back")
		assert.Equal(w, each*clients, w.left())
		w.load(3, time.Second)
		assert.Equal(w, 3*clients, w.count(func(ev driver.Event) bool { return ev.Kind == driver.Received }), "one of them is told of")
		for _, n := range w.arrived() {
			assert.Equal(w, 1, n, "messages go over one")
		}
	})
}
