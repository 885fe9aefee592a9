// Package wire is one WebSocket connection as a client sees it: how it is opened, what
// comes out of it and what is put into it, with every bound that keeps a hostile or broken
// peer from blocking, flooding or fooling its owner. It heals nothing.
//
//	Dial ── race or proxy ── TLS ── upgrade ──▶ Conn
//
//	Frame ◀── decoder ◀── intake ◀─┬─ (TLS) ◀─┐
//	                               │          socket: stamps what moves, parks, bounds stalls
//	AppendMessage ──▶ Write ───────┴─ (TLS) ──┘
//
// What arrives is held against RFC 6455 as it arrives, by the byte: a breach is a
// *Violation with the close code to answer it, found no later than the frame that holds it.
//
//	a reserved bit, opcode, a masked frame, a control frame in pieces or
//	of more than 125 bytes, a length in more bytes than it needs, half
//	a close code or one that must not be sent, fragments out of turn      1002
//	text or a close reason that is not UTF-8                              1007
//	more than 1024 empty fragments in one message                         1008
//	a frame of more than MaxFrame, a message of more than MaxMessage      1009
//
// Memory follows what has arrived, never what a header announces.
package wire

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// Dialer opens connections. The zero value works. It must not be copied once it was used.
type Dialer struct {
	// DialContext opens the raw connection; nil: Direct. addr holds an IP address,
	// unless DialContext is set and Resolve is not: then names are for it to resolve.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	// Resolve finds a host's addresses, best first; nil: the system's resolver.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// Race is how long one address of several may keep the next from being tried beside
	// it (RFC 8305), so that one that swallows everything does not eat the deadline; 0: 250 ms.
	Race time.Duration
	// Proxy names the HTTP proxy for a URL, nil for none; nil: as the environment says
	// (HTTPS_PROXY for wss, HTTP_PROXY for ws, NO_PROXY; never for loopback). It is given
	// the URL with http for ws and https for wss.
	Proxy func(*url.URL) (*url.URL, error)
	// TLS is for wss and for https proxies; nil: the system's roots. Where it names no
	// session cache the dialer's connections share one.
	TLS          *tls.Config
	Subprotocols []string  // offered, best first; nil: none
	KeepAlive    bool      // TCP's, on connections that are net.TCPConn: for who sends no pings; false: as DialContext left it
	Deflate      bool      // offer permessage-deflate (RFC 7692), without context takeover
	MaxMessage   int       // largest message accepted, bytes after inflation; 0: 1 MiB
	MaxFrame     int       // largest frame accepted, bytes as they arrive; 0: MaxMessage, and what deflating noise adds
	Epoch        time.Time // zero of every heal.Instant; must be set

	sessions sessions
	targets  targets
}

// Request is one attempt.
type Request struct {
	// URL is ws:// or wss://. A user and password in it become an Authorization header.
	URL string
	// Address is where to connect to; the URL's host remains what the server is asked for
	// and what its certificate must name. Zero: resolve the host and race its addresses.
	// Through a proxy it is what the proxy is asked to connect to.
	Address netip.AddrPort
	// Header is sent with the upgrade, Host in place of the URL's; nil: none. Those of the
	// handshake itself (Connection, Upgrade, Sec-WebSocket-…) are the Dialer's alone.
	Header http.Header
	// TLS is in place of the Dialer's; nil: that.
	TLS *tls.Config
	// Subprotocols are offered in place of the Dialer's, and the server must choose one of
	// them, as browsers ask for; nil: those, of which it may choose none.
	Subprotocols []string
	// Through is given the raw connection and returns what is used in its place, from the
	// first byte; nil: it is used itself.
	Through func(net.Conn) net.Conn
}

// Error is why an attempt failed.
type Error struct {
	URL        string // its password as xxxxx
	Cause      heal.Cause
	Code       uint16        // HTTP status, when the server or a proxy answered with one
	RetryAfter time.Duration // what that answer asked for; 0: nothing
	Err        error         // errors.As finds a ws.StatusError in it where there is a Code
}

func (e *Error) Error() string { return "dial " + e.URL + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }
