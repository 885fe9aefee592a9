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
	Clients   int         // how many logical clients there are at first, numbered from 0
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

	Text        bool // messages are text, whose payloads must be UTF-8, whatever Message.Text says; false: it does
	Guarantee   Guarantee
	QueueFrames int  // per client: messages not yet acknowledged (at-least-once) or not yet written; 0: 1024
	QueueBytes  int  // per client, payload bytes of the same; 0: 256 KiB
	Full        Full // what Send does when the queue has no room
	MaxMessage  int  // largest message accepted from the peer, bytes; 0: 1 MiB

	// Ack names the sequence number that an inbound message acknowledges. nil: nothing
	// is acknowledged, which AtLeastOnce does not allow. It must not block.
	Ack func(client int, payload []byte) (seq uint64, ok bool)
	// Receive is handed every data message, in order per client, on a goroutine of the
	// client's own which lives while there is something to hand over; the payload is
	// Receive's to keep. It may take its time and call any method of the fleet, but for
	// Close, which waits for it. nil: not wanted.
	Receive     func(client int, gen uint32, payload []byte, text bool)
	InboxFrames int  // per client: messages that have arrived and were not received; 0: 1024
	InboxBytes  int  // per client, payload bytes of the same, but one message always fits; 0: 1 MiB
	InboxFull   Full // Block or 0: stop reading, which is no silence; DropOldest: as Discarded; Disconnect

	// InFlight is how much more than unacknowledged messages is in flight on a connection:
	// one that is replaced, or whose client is removed, is kept until it is none, for
	// Policy.DrainTimeout at most. It must be quick. nil: nothing is.
	InFlight func(client int, gen uint32) int

	// Observe receives every event, on the goroutine on which it happened, from many
	// goroutines at once, never under a lock; events of one client's steps come in
	// order. It must be quick, must not block and must not keep Payload. nil: none.
	Observe func(Event)

	WriteTimeout time.Duration // longest time for one flush to the kernel; 0: 10 s
	Shards       int           // event loops; 0: one per CPU
}
