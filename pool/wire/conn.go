package wire

import (
	"crypto/tls"
	"net"
	"sync/atomic"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/pool/heal"
)

// Conn is an open connection. Reading (Wait, Read, Discard, or Serve) is for one goroutine
// and the writing methods for one goroutine at a time; Kill, Attend beside Serve, and what is
// only looked at are for all.
type Conn struct {
	socket      *socket
	secure      *tls.Conn // nil: not over TLS
	decoder     decoder
	heard       atomic.Int64 // heal.Instant of the last ping
	connected   heal.Instant
	secured     heal.Instant // 0: not over TLS
	subprotocol string
	acked       uint64 // of Taken
	taken       heal.Instant
	deflate     bool
	wakes       uint8 // of Serve, up to settling
	brought     bool  // Serve has handled a message since it last waited
	handle      func(Frame, error) bool
	visits      atomic.Pointer[visits] // nil: nobody has asked to read
}

// Frame is a whole data message, or a control frame.
type Frame struct {
	Op      ws.OpCode // OpText, OpBinary, OpPing, OpPong or OpClose
	Payload []byte    // OpClose: the reason; valid until the next call that reads
	Code    uint16    // OpClose: its code, 1005 when it had none
}

// Read returns the next data message or control frame. A *Violation is a breach of the
// protocol; every other error is the end of the connection, io.EOF an end without a close
// frame between two frames. An error is for good, and so is a close frame: what follows it
// is not heard (RFC 6455 1.4), and Read returns io.EOF.
func (c *Conn) Read() (Frame, error) {
	f, err := c.decoder.read()
	if f.Op == ws.OpPing {
		c.heard.Store(c.socket.inbound.Load())
	}
	return f, err
}

// Wait returns when Read has something to look at, or the connection's end to tell. On a
// bare TCP socket, TLS or not, it parks without a buffer and on little stack; elsewhere it
// returns at once, and Read waits.
func (c *Conn) Wait() {
	if !c.decoder.ready() {
		c.decoder.in.park()
	}
}

// Discard reads and forgets until the peer closes, or Kill does. Bytes left unread would
// turn our close into a reset, and our close frame might never be read.
func (c *Conn) Discard() { c.decoder.discard() }

// Kill closes the raw TCP connection at once, without a goodbye over TLS. It never waits,
// and may be called again. Reading and writing end with net.ErrClosed.
func (c *Conn) Kill() {
	_ = c.socket.Conn.Close()
	c.Resume() // there is an end to tell
}

// Inbound, Outbound and Heard are when the last byte arrived behind the upgrade, when a
// write last made progress, and when the peer's last ping arrived; 0: never.
func (c *Conn) Inbound() heal.Instant  { return heal.Instant(c.socket.inbound.Load()) }
func (c *Conn) Outbound() heal.Instant { return heal.Instant(c.socket.outbound.Load()) }
func (c *Conn) Heard() heal.Instant    { return heal.Instant(c.heard.Load()) }

// Connected is when there was a TCP connection, to the server or through a proxy to it.
func (c *Conn) Connected() heal.Instant { return c.connected }

// Secured is when TLS was agreed; 0: it was not asked for.
func (c *Conn) Secured() heal.Instant { return c.secured }

// Subprotocol is what the server chose, "" for none.
func (c *Conn) Subprotocol() string { return c.subprotocol }

// Deflates tells whether permessage-deflate was agreed.
func (c *Conn) Deflates() bool { return c.deflate }

// Secure tells whether the connection is over TLS, whose records hold 16 KiB: a larger
// Write takes several, and WriteNow none.
func (c *Conn) Secure() bool { return c.secure != nil }

// RemoteAddr is the address that was reached: the server's, or the proxy's.
func (c *Conn) RemoteAddr() net.Addr { return c.socket.Conn.RemoteAddr() }
