package driver

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

// Guarantee says what the fleet does with a message whose answer did not come.
type Guarantee uint8

const (
	AtMostOnce  Guarantee = iota // a message of which a byte reached the kernel is never sent again
	AtLeastOnce                  // unacknowledged messages are sent again, in order, on the next connection
)

// Endpoint is an address that a client may dial.
type Endpoint struct {
	Name     string
	URL      string         // ws:// or wss://
	Address  netip.AddrPort // where to connect to, whatever the URL's host resolves to; zero: what it does
	Priority int            // lower is dialled first
	Weight   int            // share among equals; 0 counts as 1
	Own      *Own           // what its upgrades have of their own; nil: nothing. It is not changed any more
}

// Own is what the upgrades of one endpoint have of their own.
type Own struct {
	// Header is sent besides Options.Header and credentials, which win where both have one.
	// HeaderFaults must have nothing to say of it.
	Header http.Header
	// TLS is in place of Options.TLS; nil: that. It should name a session cache of its own.
	TLS *tls.Config
	// Subprotocols are offered in place of Options.Subprotocols, and the server must choose
	// one of them, or the attempt fails as heal.Protocol; nil: those.
	Subprotocols []string
}

// Acceptor takes a data message; false: it leaves it to Options.Receive.
type Acceptor = func(client int, gen uint32, payload []byte, text bool) bool

// Attempt is one dial, as those see it who provide for it.
type Attempt struct {
	Client   int
	Gen      uint32
	Endpoint Endpoint
}

// Options configures a Fleet. Zero values are given per field; Open rejects what
// cannot work, all of it at once, and never changes the caller's copy.
//
// Functions are called from many goroutines at once, never under a lock. Those that take
// a context may take as long as that lets them.
type Options struct {
	Clients   int         // how many logical clients there are at first, numbered from 0
	Seed      uint64      // key of every random draw
	Policy    heal.Policy // healing rules; Endpoints, Shared and Refreshable are filled in from below
	Endpoints []Endpoint  // at least one
	Epoch     time.Time   // zero of every heal.Instant; zero: the moment of Open
	Shared    *Shared     // makes the clients one pool; nil: each is alone

	// Header returns the headers of one upgrade request; nil: none. It must not block. What
	// HeaderFaults has to say of them ends the attempt, as heal.Credentials.
	Header func(client int, gen uint32) http.Header
	// Credentials returns headers that prove who the client is, for each attempt. Where
	// rejected is not nil, those were refused, and newer ones are to be fetched, which is
	// asked for once for all clients that were refused with the same version where they
	// share, and for each where they are alone. An error is the attempt's, as
	// heal.Credentials. nil: there are none, and a 401 is final.
	Credentials func(ctx context.Context, a Attempt, rejected *Credentials) (Credentials, error)
	// Validate decides whether a connection is what it should be, before it counts as
	// usable, within Policy.ProveTimeout, and again every Policy.CheckEvery. Its success
	// is the proof, unless it returns ErrNoProof; nil: a pong, or any message, is.
	Validate func(ctx context.Context, x Exchange) error
	// Moot tells that Validate would find nothing to do on a connection of a client that has
	// just been opened, and return ErrNoProof: then it is not asked. It must be quick. nil: it
	// always is.
	Moot func(client int) bool
	// Judge has a say in what an end asks for; nil: it has none. The client waits for it.
	// Ends that the policy orders itself (a silence, a time that is over) are not asked about.
	Judge func(End) Ruling

	// Dials bounds how many dials are under way at once: what the machine can take, when many
	// clients that are alone are lost at once. Waiting for a turn counts for
	// Policy.HandshakeTimeout. 0: any number; Shared has a bound of its own.
	Dials int
	// DialContext opens the raw connection; nil: wire.Direct. It is given names, and not
	// addresses, if Resolve is nil.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	// Resolve finds a host's addresses, best first; nil: the system's resolver.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// Through is given the raw connection of an attempt and returns what is used in its place,
	// from the first byte. One that is no *net.TCPConn any more costs a little more to read.
	// nil: it is used itself.
	Through func(a Attempt, raw net.Conn) net.Conn
	// Proxy names the HTTP proxy for a URL, nil for none; nil: as the environment says.
	Proxy func(*url.URL) (*url.URL, error)
	// TLS is for wss; nil: the system's roots. Where it names no session cache, the
	// fleet's connections share one, so that healing does not take full handshakes.
	TLS          *tls.Config
	Subprotocols []string // offered, best first, each a token; nil: none. A server may choose none of them
	Deflate      bool     // offer permessage-deflate, without context takeover
	MaxMessage   int      // largest message accepted from the peer, bytes after inflation; 0: 1 MiB
	MaxFrame     int      // largest frame accepted from the peer, bytes; 0: MaxMessage

	Text        bool // messages are text, whose payloads must be UTF-8, whatever Message.Text says; false: it does
	Guarantee   Guarantee
	QueueFrames int  // per client: messages not yet acknowledged (at-least-once) or not yet written; 0: 1024
	QueueBytes  int  // per client, payload bytes of the same; 0: 256 KiB
	Full        Full // what Send does when the queue has no room

	// Ack names the sequence number that an inbound message acknowledges. nil: nothing
	// is acknowledged, which AtLeastOnce does not allow. It must not block.
	Ack func(client int, payload []byte) (seq uint64, ok bool)

	// Receive is handed every data message, in order per client, on a goroutine of the
	// client's own which lives while there is something to hand over; the payload is
	// Receive's to keep. It may take its time and call any method of the fleet; a Close
	// waits for it as long as its context lets it. nil: not wanted.
	Receive func(client int, gen uint32, payload []byte, text bool)
	// Accept is offered a data message before Receive is, unless Fleet.Accept names another, on the goroutine that has read it,
	// when nothing waits for Receive and no exchange is going on: it saves handing the message
	// to another goroutine. It must not wait, and must leave to Receive what may, the user's own
	// code above all; false: it did. The payload is its to keep if it is true. nil: Receive gets all.
	Accept      Acceptor
	InboxFrames int  // per client: messages that have arrived and were not received; 0: 1024
	InboxBytes  int  // per client, payload bytes of the same, but one message always fits; 0: 1 MiB
	InboxFull   Full // Block or 0: stop reading, which is no silence; DropOldest: as Discarded; Disconnect

	// InFlight is how much more than unacknowledged messages is in flight on a connection:
	// one that is replaced, or whose client is removed, is kept until it is none, for
	// Policy.DrainTimeout at most. It must be quick. nil: nothing is.
	InFlight func(client int, gen uint32) int

	// Sent receives what one write has carried, in place of Observe; nil: that does, each as a
	// Sent event. The slice is valid during the call.
	Sent func([]Carried)
	// Heard is called with each data message in place of Observe, where Ack is nil; nil: that is.
	// The payload is valid during the call.
	Heard func(client int, gen uint32, payload []byte)
	// Observe receives every event, on the goroutine on which it happened, which may be
	// that of a Send, from many goroutines at once; events of one client's steps come in
	// order. It must be quick, must not block and must not keep Payload. nil: none.
	Observe func(Event)

	Shards int // event loops; 0: one per CPU
}
