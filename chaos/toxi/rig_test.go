package toxi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/toxi"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(child())
	}
	// net/http lingers for half a second on a connection whose request it did not read whole.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// patience bounds every wait of these tests; nothing is measured against it.
const patience = 30 * time.Second

// rig is a fault proxy with one target, "blue", behind it, and a driver.
type rig struct {
	t       *testing.T
	control string
	driver  *toxi.Driver
	target  *target
	addr    string // of the proxy
}

func newRig(t *testing.T) *rig { return newRigOn(t, toxi.NewServer(toxi.Options{})) }

func newRigOn(t *testing.T, s *toxi.Server) *rig {
	t.Helper()
	r := &rig{t: t, control: serve(t, s), target: newTarget(t)}
	d, err := toxi.NewDriver(r.control)
	require.NoError(t, err)
	t.Cleanup(d.Close)
	r.driver = d
	r.addr, err = d.CreateProxy(t.Context(), "blue", r.target.addr)
	require.NoError(t, err)
	return r
}

// serve runs a server for the length of the test and returns its control address.
func serve(t *testing.T, s *toxi.Server) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(patience):
			require.Fail(t, "the server does not end")
		}
	})
	return ln.Addr().String()
}

func (r *rig) inject(f chaos.Fault) {
	r.t.Helper()
	if f.On == "" {
		f.On = "blue"
	}
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	require.NoError(r.t, r.driver.Inject(ctx, f))
}

func (r *rig) clear(name string) {
	r.t.Helper()
	require.NoError(r.t, r.driver.Clear(r.t.Context(), name))
}

func (r *rig) evidence(name string) chaos.Evidence {
	r.t.Helper()
	e, err := r.driver.Evidence(r.t.Context(), name)
	require.NoError(r.t, err)
	return e
}

func (r *rig) traffic() chaos.Traffic {
	r.t.Helper()
	all, err := r.driver.Traffic(r.t.Context())
	require.NoError(r.t, err)
	return all["blue"]
}

// until waits for a condition that must come true.
func (r *rig) until(what string, cond func() bool) {
	r.t.Helper()
	faultrig.Until(r.t, what, cond)
}

// client is one WebSocket client.
type client struct {
	t *testing.T
	*counted
}

// counted counts what was read from a connection.
type counted struct {
	*net.TCPConn
	read atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	c.read.Add(int64(n))
	return n, err
}

func (r *rig) dial(id uint64) *client {
	r.t.Helper()
	c, err := r.tryDial(r.t.Context(), fmt.Sprintf("%d/1", id))
	require.NoError(r.t, err)
	return &client{r.t, c}
}

// tryDial connects; an empty identity is a foreign client.
func (r *rig) tryDial(ctx context.Context, identity string) (*counted, error) {
	var raw counted
	d := ws.Dialer{Timeout: patience, NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		raw.TCPConn = c.(*net.TCPConn)
		return &raw, nil
	}}
	if identity != "" {
		d.Header = ws.HandshakeHeaderHTTP(http.Header{chaos.IdentityHeader: {identity}})
	}
	_, br, _, err := d.Dial(ctx, "ws://"+r.addr+"/echo")
	if err != nil {
		return nil, err
	}
	require.Nil(r.t, br, "the target speaks only when spoken to")
	r.t.Cleanup(func() { _ = raw.Close() })
	return &raw, nil
}

func (c *client) say(text string) {
	c.t.Helper()
	// One write, which a loopback hands on as one chunk.
	_, err := c.Write(ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(text)))))
	require.NoError(c.t, err)
}

func (c *client) hear(text string) {
	c.t.Helper()
	require.NoError(c.t, c.SetReadDeadline(time.Now().Add(patience)))
	b, err := wsutil.ReadServerText(c)
	require.NoError(c.t, err)
	require.Equal(c.t, text, string(b))
	require.NoError(c.t, c.SetReadDeadline(time.Time{}))
}

func (c *client) echo(text string) {
	c.t.Helper()
	c.say(text)
	c.hear(text)
}

// hearsNothing gives what must not come a moment in which to come.
func (c *client) hearsNothing() {
	c.t.Helper()
	require.NoError(c.t, c.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	n, err := c.Read(make([]byte, 1))
	require.Zero(c.t, n)
	require.ErrorIs(c.t, err, os.ErrDeadlineExceeded)
	require.NoError(c.t, c.SetReadDeadline(time.Time{}))
}

// reset closes the socket with a RST.
func (c *client) reset() {
	c.t.Helper()
	require.NoError(c.t, c.SetLinger(0))
	require.NoError(c.t, c.Close())
}

// target is an echo server. What it says on its own it says to every client at once.
type target struct {
	addr     string
	accepted atomic.Int64
	upgraded atomic.Int64
	messages atomic.Int64
	ended    chan error // one per connection, how it ended

	mu    sync.Mutex
	conns map[net.Conn]bool
}

func newTarget(t testing.TB) *target {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &target{addr: ln.Addr().String(), ended: make(chan error, 10_000), conns: map[net.Conn]bool{}}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s.accepted.Add(1)
			s.mu.Lock()
			s.conns[c] = true
			s.mu.Unlock()
			wg.Go(func() {
				select {
				case s.ended <- s.serve(c):
				default: // a benchmark, which asks nobody how it ended
				}
				s.mu.Lock()
				delete(s.conns, c)
				s.mu.Unlock()
				_ = c.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		s.each(func(c net.Conn) { _ = c.Close() })
		wg.Wait()
	})
	return s
}

func (s *target) serve(c net.Conn) error {
	if _, err := ws.Upgrade(c); err != nil {
		return err
	}
	s.upgraded.Add(1)
	for {
		b, op, err := wsutil.ReadClientData(c)
		if err != nil {
			return err
		}
		s.messages.Add(1)
		if _, err := c.Write(ws.MustCompileFrame(ws.NewFrame(op, true, b))); err != nil {
			return err
		}
	}
}

func (s *target) each(f func(net.Conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		f(c)
	}
}

func (s *target) live() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// end waits for one connection to end and returns how.
func (s *target) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.ended:
		return err
	case <-time.After(patience):
		require.Fail(t, "no connection ended at the target")
		return nil
	}
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// members returns n clients of a fault's cohort, or n outside it.
func members(f chaos.Fault, n int, in bool) []uint64 {
	var list []uint64
	for id := uint64(0); len(list) < n; id++ {
		if chaos.InCohort(f.Seed, f.Name, id, f.Share) == in {
			list = append(list, id)
		}
	}
	return list
}
