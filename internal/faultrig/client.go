package faultrig

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

// silence is how long a client waits for an answer before it says that none comes, where
// none must. Where one must come it waits for as long as it takes.
const silence = 150 * time.Millisecond

// Client is one WebSocket client that says what it sees. It knows nothing of the pool.
type Client struct {
	ID   uint64
	Conn *net.TCPConn
	Took time.Duration // to dial and upgrade
	rig  *Rig
	text int
	from io.Reader // what came with its 101, then to
	to   net.Conn  // Conn, or TLS over it
}

// Dial connects a client that must be let in.
func (r *Rig) Dial(id uint64) *Client {
	r.T.Helper()
	c, saw, err := r.Try(id, Patience)
	require.NoError(r.T, err)
	require.Equal(r.T, chaos.SeesNothing, saw)
	return c
}

// Try connects a client and returns what it saw of that; the client is nil unless it is
// connected.
func (r *Rig) Try(id uint64, limit time.Duration) (*Client, chaos.Sight, error) {
	c := &Client{ID: id, rig: r}
	header := r.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set(chaos.IdentityHeader, fmt.Sprintf("%d/1", id))
	d := ws.Dialer{
		Timeout: limit,
		Header:  ws.HandshakeHeaderHTTP(header),
		NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			open := r.Open
			if open == nil {
				open = new(net.Dialer).DialContext
			}
			conn, err := open(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			c.Conn = conn.(*net.TCPConn)
			if r.Through != nil {
				return r.Through(id, conn), nil
			}
			return conn, nil
		},
	}
	began := time.Now()
	scheme := "ws://"
	if r.TLS != nil {
		scheme, d.TLSConfig = "wss://", r.TLS
	}
	to, br, _, err := d.Dial(r.T.Context(), scheme+r.Addr+"/")
	c.Took = time.Since(began)
	if err != nil {
		saw := Sight(err)
		if saw == chaos.SeesHalfOpen { // nothing came, but it was an attempt
			saw = chaos.SeesTimeout
		}
		return nil, saw, err
	}
	c.from, c.to = to, to
	if br != nil {
		early, _ := br.Peek(br.Buffered())
		c.from = io.MultiReader(bytes.NewReader(bytes.Clone(early)), to)
		ws.PutReader(br)
	}
	r.T.Cleanup(func() { _ = c.Conn.Close() })
	return c, chaos.SeesNothing, nil
}

// Read reads what comes from the target, first what came together with its answer.
func (c *Client) Read(b []byte) (int, error) { return c.from.Read(b) }

// Again closes the connection and returns what the client sees when it comes back.
func (c *Client) Again() chaos.Sight {
	_ = c.Conn.Close()
	again, saw, err := c.rig.Try(c.ID, Patience)
	if err != nil {
		return saw
	}
	*c = *again
	return c.Look(0, false)
}

// Look sends a message, waits for its echo, and says what it saw. An answer that took at
// least slow is late; 0: none is. Quiet tells that none is expected.
func (c *Client) Look(slow time.Duration, quiet bool) chaos.Sight {
	limit := Patience
	if quiet {
		limit = silence
	}
	c.text++
	text := fmt.Sprintf("message %d of %d", c.text, c.ID)
	began := time.Now()
	// In one write, so that nothing of it is under way when the target hangs up because of it.
	if _, err := c.to.Write(ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(text))))); err != nil {
		return Sight(err)
	}
	require.NoError(c.rig.T, c.to.SetReadDeadline(began.Add(limit)))
	got, err := wsutil.ReadServerText(struct {
		io.Reader
		io.Writer
	}{c.from, c.to})
	switch {
	case err != nil:
		return Sight(err)
	case string(got) != text:
		return chaos.SeesDisorder
	case slow > 0 && time.Since(began) >= slow:
		return chaos.SeesSlow
	}
	return chaos.SeesNothing
}

// Sight is what an error tells of a fault.
func Sight(err error) chaos.Sight {
	var status ws.StatusError
	var closed wsutil.ClosedError
	var protocol ws.ProtocolError
	var dns *net.DNSError
	var record tls.RecordHeaderError
	var cert *tls.CertificateVerificationError
	var alert tls.AlertError
	var name x509.HostnameError
	switch {
	case errors.As(err, &dns):
		return chaos.SeesDNS
	case errors.As(err, &record), errors.As(err, &cert), errors.As(err, &alert), errors.As(err, &name):
		return chaos.SeesTLS
	case errors.Is(err, syscall.ECONNREFUSED):
		return chaos.SeesRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return chaos.SeesReset
	case errors.As(err, &status):
		return chaos.SeesStatus
	case errors.As(err, &closed), errors.Is(err, ws.ErrProtocolStatusCodeUnknown): // as gobwas/ws has 1012 to 1014
		return chaos.SeesCloseFrame
	case errors.As(err, &protocol), errors.Is(err, wsutil.ErrInvalidUTF8), errors.Is(err, ws.ErrHeaderLengthMSB),
		errors.Is(err, ws.ErrHandshakeBadSecAccept), errors.Is(err, ws.ErrHandshakeBadUpgrade), errors.Is(err, ws.ErrHandshakeBadSubProtocol):
		return chaos.SeesProtocol
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return chaos.SeesEOF
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return chaos.SeesHalfOpen
	}
	return chaos.Sight(err.Error()) // which no row expects
}
