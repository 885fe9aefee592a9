package driver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
	"net"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/echo"
	"github.com/wsheal/wsheal/pool/heal"
)

// patience bounds what a test on real sockets waits for; it is not what it measures.
const patience = 30 * time.Second

// watcher lets a test on real sockets wait for an event.
type watcher struct {
	journal
	mu      sync.Mutex
	changed chan struct{}
}

func newWatcher() *watcher { return &watcher{changed: make(chan struct{})} }

func (w *watcher) observe(ev Event) {
	w.journal.observe(ev)
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.changed)
	w.changed = make(chan struct{})
}

// await returns the first event that is wanted, once there is one.
func (w *watcher) await(t testing.TB, wanted func(Event) bool) Event {
	t.Helper()
	late := time.After(patience)
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		for _, ev := range w.all() {
			if wanted(ev) {
				return ev
			}
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("nothing came; seen: %v", w.kinds())
		}
	}
}

// kinds is what was seen, in short.
func (j *journal) kinds() (all []string) {
	for _, ev := range j.all() {
		what := ev.Kind.String()
		if ev.Kind == Stepped {
			what = ev.Step.Kind.String() + " " + ev.State.Phase.String()
		}
		all = append(all, what)
	}
	return all
}

func stepOf(kind heal.EventKind) func(Event) bool {
	return func(ev Event) bool { return ev.Kind == Stepped && ev.Step.Kind == kind }
}

// overSockets opens a fleet of one started client towards url.
func overSockets(t testing.TB, url string, change func(*Options)) (*Fleet, *watcher) {
	t.Helper()
	w := newWatcher()
	o := Options{
		Clients: 1, Policy: patient(), Endpoints: []Endpoint{{URL: url}},
		Observe: w.observe, Ack: func(_ int, p []byte) (uint64, bool) { return seqOf(p) },
	}
	o.Policy.HandshakeTimeout = patience
	if change != nil {
		change(&o)
	}
	p, err := Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close(context.Background())) })
	for i := range o.Clients {
		p.Start(i)
	}
	return p, w
}

// tcp serves every connection to a loopback port with handle.
func tcp(t testing.TB, handle func(*net.TCPConn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var running sync.WaitGroup
	t.Cleanup(func() { l.Close(); running.Wait() })
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close()
				handle(c.(*net.TCPConn))
			})
		}
	})
	return l.Addr().String()
}

func upgraded(handle func(*net.TCPConn)) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		if _, err := ws.Upgrade(c); err == nil {
			handle(c)
		}
	}
}

func TestSocketRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, w := overSockets(t, "ws://"+l.Addr().String(), nil)
	assert.Equal(t, heal.Refused, w.await(t, stepOf(heal.Failed)).Step.Cause)
}

func TestSocketReset(t *testing.T) {
	cut := func(c *net.TCPConn) { _ = c.SetLinger(0) } // Close follows
	t.Run("while upgrading", func(t *testing.T) {
		_, w := overSockets(t, "ws://"+tcp(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 4096))
			cut(c)
		}), nil)
		assert.Equal(t, heal.Reset, w.await(t, stepOf(heal.Failed)).Step.Cause)
	})
	t.Run("while idle", func(t *testing.T) {
		_, w := overSockets(t, "ws://"+tcp(t, upgraded(func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 4096))
			cut(c)
		})), nil)
		lost := w.await(t, stepOf(heal.Lost))
		assert.Equal(t, heal.Reset, lost.Step.Cause)
		assert.ErrorContains(t, lost.Err, "reset")
	})
}

func TestSocketEndOfStream(t *testing.T) {
	t.Run("while upgrading", func(t *testing.T) {
		_, w := overSockets(t, "ws://"+tcp(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 4096)) }), nil)
		assert.Equal(t, heal.EOF, w.await(t, stepOf(heal.Failed)).Step.Cause)
	})
	t.Run("in the middle of a frame", func(t *testing.T) {
		_, w := overSockets(t, "ws://"+tcp(t, upgraded(func(c *net.TCPConn) {
			_, _ = c.Write([]byte{0x82, 5, 'h', 'a'})
			_ = c.CloseWrite()
			_, _ = io.Copy(io.Discard, c)
		})), nil)
		assert.Equal(t, heal.EOF, w.await(t, stepOf(heal.Lost)).Step.Cause)
	})
}

func TestSocketHangingUpgrade(t *testing.T) {
	_, w := overSockets(t, "ws://"+tcp(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }), func(o *Options) {
		o.Policy.HandshakeTimeout = 500 * time.Millisecond // after twice that heal gives the dial up
	})
	failed := w.await(t, stepOf(heal.Failed))
	assert.Equal(t, heal.Timeout, failed.Step.Cause)
	assert.GreaterOrEqual(t, failed.At, heal.Instant(500*time.Millisecond))
}

// TestSocketMessagesOfAllSizes sends what fits the borrowed buffer, what does not, and
// what is larger than a flush, through a server that answers in odd pieces.
func TestSocketMessagesOfAllSizes(t *testing.T) {
	address := tcp(t, upgraded(func(c *net.TCPConn) { echo.Serve(&choppy{TCPConn: c}) }))
	p, w := overSockets(t, "ws://"+address, func(o *Options) { o.QueueBytes = 1 << 20 })
	sizes := []int{8, 100, 125, 126, 4000, 4094, 4095, 4096, 4097, 5000, 65535, 65536, 100_000, 8, 8, 9}
	for i, size := range sizes {
		payload := make([]byte, size)
		for j := range payload {
			payload[j] = byte(j * (i + 1))
		}
		binary.BigEndian.PutUint64(payload, uint64(i))
		require.NoError(t, p.Send(0, Message{Seq: uint64(i), Payload: payload}))
	}
	w.await(t, func(ev Event) bool { return ev.Kind == Received && ev.Seq == uint64(len(sizes)-1) })
	received := w.of(Received)
	require.Len(t, received, len(sizes))
	for i, ev := range received {
		require.Len(t, ev.Payload, sizes[i])
		for j := 8; j < len(ev.Payload); j++ {
			require.Equal(t, byte(j*(i+1)), ev.Payload[j])
		}
	}
}

// choppy writes in pieces whose sizes vary.
type choppy struct {
	*net.TCPConn
	n int
}

func (c *choppy) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		c.n++
		var k int
		k, err = c.TCPConn.Write(p[n:min(len(p), n+1+c.n*37%5000)])
		n += k
	}
	return n, err
}

// encrypted serves upgraded connections over TLS.
func encrypted(t testing.TB, change func(*tls.Config), handle func(*tls.Conn)) (url string, roots *x509.CertPool) {
	t.Helper()
	lender := httptest.NewTLSServer(nil) // of its certificate, for 127.0.0.1
	lender.Close()
	config := &tls.Config{Certificates: lender.TLS.Certificates}
	if change != nil {
		change(config)
	}
	address := tcp(t, func(c *net.TCPConn) {
		secured := tls.Server(c, config)
		if _, err := ws.Upgrade(secured); err == nil {
			handle(secured)
		}
	})
	roots = x509.NewCertPool()
	roots.AddCert(lender.Certificate())
	return "wss://" + address, roots
}

func TestTLSEchoResumptionAndReset(t *testing.T) {
	connections := make(chan *tls.Conn, 8)
	url, roots := encrypted(t, nil, func(c *tls.Conn) {
		connections <- c
		echo.Serve(c)
	})
	p, w := overSockets(t, url, func(o *Options) {
		o.TLS = &tls.Config{RootCAs: roots}
		o.Policy.Backoff = heal.Backoff{Base: time.Millisecond}
	})
	opened := w.await(t, stepOf(heal.Opened))
	assert.Positive(t, opened.Connected)
	assert.GreaterOrEqual(t, opened.Secured, opened.Connected)
	assert.GreaterOrEqual(t, opened.At, opened.Secured)

	large := append(numbered(1), make([]byte, 100_000)...)
	require.NoError(t, p.Send(0, Message{Seq: 1, Payload: large}))
	w.await(t, func(ev Event) bool { return ev.Kind == Received && len(ev.Payload) == len(large) })

	first := <-connections
	assert.False(t, first.ConnectionState().DidResume)
	require.NoError(t, first.NetConn().(*net.TCPConn).SetLinger(0))
	require.NoError(t, first.NetConn().Close())
	assert.Equal(t, heal.Reset, w.await(t, stepOf(heal.Lost)).Step.Cause)
	w.await(t, func(ev Event) bool { return stepOf(heal.Proved)(ev) && ev.Gen == 2 })
	assert.True(t, (<-connections).ConnectionState().DidResume, "healing takes no full handshake")
}

func TestTLSRejected(t *testing.T) {
	url, roots := encrypted(t, nil, func(c *tls.Conn) { echo.Serve(c) })
	plain := "wss://" + tcp(t, func(c *net.TCPConn) {
		_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		_, _ = io.Copy(io.Discard, c)
	})
	picky, pickyRoots := encrypted(t, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }, func(c *tls.Conn) { echo.Serve(c) })
	old, oldRoots := encrypted(t, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, func(c *tls.Conn) { echo.Serve(c) })
	for name, test := range map[string]struct {
		url    string
		config *tls.Config
	}{
		"unknown authority":            {url, nil},
		"another name":                 {url, &tls.Config{RootCAs: roots, ServerName: "elsewhere.test"}},
		"not TLS at all":               {plain, nil},
		"client certificate asked for": {picky, &tls.Config{RootCAs: pickyRoots}},
		"no version in common":         {old, &tls.Config{RootCAs: oldRoots, MinVersion: tls.VersionTLS13}},
	} {
		t.Run(name, func(t *testing.T) {
			_, w := overSockets(t, test.url, func(o *Options) { o.TLS = test.config })
			failed := w.await(t, stepOf(heal.Failed))
			assert.Equal(t, heal.TLS, failed.Step.Cause, "%v", failed.Err)
		})
	}
}

func TestNameThatDoesNotResolve(t *testing.T) {
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, io.ErrClosedPipe
	}}
	_, w := overSockets(t, "ws://nowhere.test", func(o *Options) {
		o.DialContext = (&net.Dialer{Resolver: resolver}).DialContext
	})
	assert.Equal(t, heal.DNS, w.await(t, stepOf(heal.Failed)).Step.Cause)
}
