package driver

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// Guarantee says what the fleet does with a message whose answer did not come.
type Guarantee uint8

const (
	AtMostOnce  Guarantee = iota // a message of which a byte reached the kernel is never sent again
	AtLeastOnce                  // unacknowledged messages are sent again, in order, on the next connection
)

// Endpoint is an address that a client may dial.
type Endpoint struct {
	Name     string
	URL      string // ws:// or wss://
	Priority int    // lower is dialled first
	Weight   int    // share among equals; 0 counts as 1
}

// Options configures a Fleet. Zero values are given per field; Open rejects what
// cannot work, all of it at once, and never changes the caller's copy.
type Options struct {
	Clients   int         // how many logical clients, numbered from 0; must be > 0
	Seed      uint64      // key of every random draw
	Policy    heal.Policy // healing rules; its Endpoints field is filled from Endpoints below
	Endpoints []Endpoint  // at least one
	Epoch     time.Time   // zero of every heal.Instant; zero: the moment of Open

	// Header returns the headers of one upgrade request; nil: none. It may be called
	// from many goroutines at once.
	Header func(client int, gen uint32) http.Header
	// DialContext opens the raw connection; nil: a net.Dialer.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	// TLS is for wss; nil: the system's roots. Where it names no session cache, the
	// fleet's connections share one, so that healing does not take full handshakes.
	TLS *tls.Config

	Text        bool // send text frames, whose payloads must be UTF-8; false: binary frames
	Guarantee   Guarantee
	QueueFrames int // per client: messages not yet acknowledged (at-least-once) or not yet written; 0: 1024
	QueueBytes  int // per client, payload bytes of the same; 0: 256 KiB
	MaxMessage  int // largest message accepted from the peer, bytes; 0: 1 MiB

	// Ack names the sequence number that an inbound message acknowledges. nil: nothing
	// is acknowledged, which AtLeastOnce does not allow. It must not block.
	Ack func(client int, payload []byte) (seq uint64, ok bool)
	// Observe receives every event, on the goroutine on which it happened, from many
	// goroutines at once, never under a lock; events of one client's steps come in
	// order. It must be quick, must not block and must not keep Payload. nil: none.
	Observe func(Event)

	WriteTimeout time.Duration // longest time for one flush to the kernel; 0: 10 s
	Shards       int           // event loops; 0: one per CPU
}
