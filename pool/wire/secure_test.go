package wire

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/echo"
	"github.com/wsheal/wsheal/pool/heal"
)

// certificate is one for 127.0.0.1 and example.com.
func certificate(t testing.TB) []tls.Certificate {
	t.Helper()
	lender := httptest.NewTLSServer(nil)
	lender.Close()
	return lender.TLS.Certificates
}

// encrypted serves upgraded connections over TLS.
func encrypted(t testing.TB, change func(*tls.Config), handle func(*tls.Conn)) (address string, roots *x509.CertPool) {
	t.Helper()
	config := &tls.Config{Certificates: certificate(t)}
	if change != nil {
		change(config)
	}
	address = tcp(t, func(c *net.TCPConn) {
		secured := tls.Server(c, config)
		if _, err := ws.Upgrade(secured); err == nil {
			handle(secured)
		}
	})
	leaf, err := x509.ParseCertificate(config.Certificates[0].Certificate[0])
	require.NoError(t, err)
	roots = x509.NewCertPool()
	roots.AddCert(leaf)
	return address, roots
}

func TestTLSEchoAndResumption(t *testing.T) {
	connections := make(chan *tls.Conn, 8)
	address, roots := encrypted(t, nil, func(c *tls.Conn) {
		connections <- c
		echo.Serve(c)
	})
	d := &Dialer{TLS: &tls.Config{RootCAs: roots}}
	for i := range 3 {
		c := dial(t, d, Request{URL: "wss://example.com", Address: netip.MustParseAddrPort(address)})
		assert.True(t, c.Secure())
		echoes(t, c) // reads the session ticket, too
		state := (<-connections).ConnectionState()
		assert.Equal(t, i > 0, state.DidResume, "only the first handshake is a full one")
		assert.Equal(t, "example.com", state.ServerName)
		c.Kill()
	}
	assert.Nil(t, d.TLS.ClientSessionCache, "the caller's configuration is left alone")
}

func TestTLSRejected(t *testing.T) {
	good, roots := encrypted(t, nil, func(c *tls.Conn) { echo.Serve(c) })
	plain := tcp(t, func(c *net.TCPConn) {
		_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		_, _ = io.Copy(io.Discard, c)
	})
	picky, pickyRoots := encrypted(t, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }, func(c *tls.Conn) { echo.Serve(c) })
	old, oldRoots := encrypted(t, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, func(c *tls.Conn) { echo.Serve(c) })
	for name, test := range map[string]struct {
		address string
		config  *tls.Config
	}{
		"unknown authority":            {good, nil},
		"another name":                 {good, &tls.Config{RootCAs: roots, ServerName: "elsewhere.test"}},
		"not TLS at all":               {plain, nil},
		"client certificate asked for": {picky, &tls.Config{RootCAs: pickyRoots}},
		"no version in common":         {old, &tls.Config{RootCAs: oldRoots, MinVersion: tls.VersionTLS13}},
	} {
		t.Run(name, func(t *testing.T) {
			e := refused(t, t.Context(), &Dialer{TLS: test.config}, Request{URL: "wss://" + test.address})
			assert.Equal(t, heal.TLS, e.Cause, "%v", e)
		})
	}
}

// TestTLSInPieces has records arrive a few bytes at a time, so that reading stops within
// them and goes on.
func TestTLSInPieces(t *testing.T) {
	want := texts("first", strings.Repeat("x", 40_000), "last")
	config := &tls.Config{Certificates: certificate(t)}
	address := tcp(t, func(c *net.TCPConn) {
		slow := &dripping{TCPConn: c}
		secured := tls.Server(slow, config)
		if _, err := ws.Upgrade(secured); err != nil {
			return
		}
		slow.drip = true
		for _, f := range want.frames {
			_, _ = secured.Write(frame(textFin, string(f.Payload)))
		}
		_ = secured.Close()
	})
	leaf, err := x509.ParseCertificate(config.Certificates[0].Certificate[0])
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	c := dial(t, &Dialer{TLS: &tls.Config{RootCAs: roots}}, Request{URL: "wss://" + address})
	out := make(chan heard, 1)
	frames := make(chan Frame, 8)
	c.Serve(func(f Frame, err error) bool {
		if err == nil {
			f.Payload = append([]byte(nil), f.Payload...)
			frames <- f
			return true
		}
		close(frames)
		return false
	})
	go func() {
		var h heard
		for f := range frames {
			h.frames = append(h.frames, f)
		}
		out <- h
	}()
	assert.Equal(t, want, <-out)
}

// dripping writes in pieces of a size that shares nothing with that of records.
type dripping struct {
	*net.TCPConn
	drip bool
}

func (c *dripping) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		k := len(p) - n
		if c.drip {
			k = min(k, 997)
		}
		k, err = c.TCPConn.Write(p[n : n+k])
		n += k
	}
	return n, err
}

func TestTLSKillSaysNoGoodbye(t *testing.T) {
	address, roots := encrypted(t, nil, func(c *tls.Conn) { echo.Serve(c) })
	c := dial(t, &Dialer{TLS: &tls.Config{RootCAs: roots}}, Request{URL: "wss://" + address})
	before := c.socket.written.Load()
	c.Kill()
	assert.Equal(t, before, c.socket.written.Load(), "an alert may block for seconds")
}
