// Package wire is one WebSocket connection as a client sees it: how it is opened, what
// comes out of it and what is put into it, with every bound that keeps a hostile or broken
// peer from blocking, flooding or fooling its owner. It heals nothing.
package wire

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/pool/heal"
)

// Dialer opens connections. The zero value works.
type Dialer struct {
	// DialContext opens the raw connection; nil: a net.Dialer. addr holds an IP address
	// unless a proxy is to resolve the name.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	// Resolve finds a host's addresses; nil: the system's resolver.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// Race is how long one address of several may keep the next from being tried beside
	// it (RFC 8305), so that one that swallows everything does not eat the deadline; 0: 250 ms.
	Race time.Duration
	// Proxy names the HTTP proxy for a URL, nil for none; nil: as the environment says
	// (HTTPS_PROXY for wss, HTTP_PROXY for ws, NO_PROXY).
	Proxy func(*url.URL) (*url.URL, error)
	// TLS is for wss; nil: the system's roots. Where it names no session cache the
	// dialer's connections share one.
	TLS          *tls.Config
	Subprotocols []string
	Deflate      bool      // offer permessage-deflate (RFC 7692)
	MaxMessage   int       // largest message accepted, bytes after inflation; 0: 1 MiB
	MaxFrame     int       // largest frame accepted, bytes; 0: MaxMessage
	Epoch        time.Time // zero of every heal.Instant; must be set
}

// Request is one attempt.
type Request struct {
	URL     string         // ws:// or wss://
	Address netip.AddrPort // where to connect to; zero: resolve the URL's host and race its addresses
	Header  http.Header    // of the upgrade; nil: none
}

// Error is why an attempt failed.
type Error struct {
	URL        string
	Cause      heal.Cause
	Code       uint16 // HTTP status, when there was one
	RetryAfter time.Duration
	Err        error
}

func (e *Error) Error() string { return "dial " + e.URL + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Dial opens a connection, bounded by ctx throughout. Its errors are *Error.
func (d *Dialer) Dial(ctx context.Context, r Request) (*Conn, error) { panic("contract") }

// Conn is an open connection. Read is for one goroutine and the writing methods for one
// goroutine at a time; Kill and what is only looked at are for all.
type Conn struct{}

// Frame is a whole data message, or a control frame.
type Frame struct {
	Op      ws.OpCode
	Payload []byte // valid until the next Read
	Code    uint16 // OpClose: its code, 1005 when it had none
}

// Read returns the next data message or control frame. A *Violation is a breach of the
// protocol; every other error is the end of the connection.
func (c *Conn) Read() (Frame, error) { panic("contract") }

// Kill closes the raw TCP connection at once. It never waits, and may be called again.
func (c *Conn) Kill() { panic("contract") }

// Path asks the kernel what it knows of a peer that does not answer.
func (c *Conn) Path() heal.Path { panic("contract") }

// Write hands b to the kernel, waiting for room. It fails with ErrStalled when no byte
// moved for stall. It returns how many bytes the kernel has for certain, and how many it
// may have (more only over TLS, where a record that was cut short tells nothing).
func (c *Conn) Write(b []byte, stall time.Duration) (certain, touched int, err error) {
	panic("contract")
}

// WriteNow hands over as much of b as the kernel takes without waiting; 0 and no error
// where that cannot be had (TLS, tests).
func (c *Conn) WriteNow(b []byte) (n int, err error) { panic("contract") }

// Inbound, Outbound and Heard are when the last byte arrived, when a write last made
// progress, and when the peer's last ping arrived; 0: never.
func (c *Conn) Inbound() heal.Instant  { panic("contract") }
func (c *Conn) Outbound() heal.Instant { panic("contract") }
func (c *Conn) Heard() heal.Instant    { panic("contract") }

// Subprotocol is what the server chose, "" for none.
func (c *Conn) Subprotocol() string { panic("contract") }

// AppendFrame appends one masked frame to dst. AppendMessage appends a whole message,
// deflated where that was agreed and is worth it, in frames of at most 32 KiB.
func (c *Conn) AppendFrame(dst []byte, op ws.OpCode, payload []byte) []byte { panic("contract") }

// Cause tells why an established connection ended; written is true when the error comes
// from a write.
func Cause(err error, written bool) (heal.Cause, uint16) { panic("contract") }
