package pool

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/pool/policies"
)

// What the pool shares with the fleet that drives its connections.
type (
	// Endpoint is where the pool may connect to: Name for events, "" is the URL; URL with
	// ws or wss, without user and fragment; Address to connect to whatever the URL's host
	// resolves to, zero: what it does; Priority, of which the lowest number is used while one
	// of it is fit; Weight among equals, 0 counts as 1, less than 0 is refused.
	Endpoint = driver.Endpoint
	// Attempt is one dial: Client is the connection's number, Gen counts its dials from 1,
	// Endpoint is where to, with the Address if the name was resolved.
	Attempt = driver.Attempt
	// Credentials are the headers that prove who dials. Version is set by who returns them,
	// higher with each refresh: a connection that was rejected with an older one takes the
	// newest that is known without asking. Left 0, whoever is rejected asks, those who ask at
	// the same time once.
	Credentials = driver.Credentials
	// End is how an attempt (Opened is false) or a connection ended: of Client's dial Gen, to
	// Endpoint, by Cause; Code is the HTTP status or close code, 0 for none; Reason is the
	// close frame's; Err is nil for a close frame.
	End = driver.End
	// Ruling is what Config.Judge makes of an End. Verdict says what to do, zero: as the
	// policy says. RetryAfter is how long to wait at least, Within the window to spread over;
	// 0: as the server said, if it did. Each is held to 5 min.
	Ruling = driver.Ruling
)

// Config is everything that can be said about a pool. Only Endpoints must be given. Open
// tells all that is wrong with it at once, and never changes the caller's copy.
//
// The functions in it are called from many goroutines at once, never under a lock and
// never on a goroutine that reads from a connection. Those that take a context may
// wait as long as it lets them; of the others each says whether it may block. A panic in one
// of them is not recovered: it ends the program. One that ignores its context keeps a
// goroutine for each attempt that was given up meanwhile, and makes Close take force.
type Config struct {
	// Endpoints are the addresses. The best priority is used while one of it is fit;
	// SetEndpoints changes them at run time.
	Endpoints []Endpoint
	// ResolveEvery is how often names are resolved again, ±20 %, and after failures, with
	// each address an endpoint of its own; at least 1 ms, or 0: 30 s; < 0: never, each dial
	// resolves.
	ResolveEvery time.Duration

	// Size. Sessions are not counted: each has a connection of its own. Min, Max and
	// Sessions are at most 1<<20 each; every connection takes a file descriptor.
	Min      int              // connections kept, however little there is to do; 0: 1; < 0: none, they come on demand: MinReady, and what Send, Subscribe and Acquire ask for
	Max      int              // most connections; 0: 8, or Min if that is more
	MinReady int              // connections that Open waits for; 0: 1; < 0: none, Open returns at once and the pool goes on in the background
	Size     crowd.SizePolicy // when to grow and shrink; its Min and Max are filled from above. Its shares are from 0 to 1, ShrinkAt less than GrowAt; IdleAfter is at most 24 h; 0 is each one's default
	Sessions int              // most sessions at once; 0: 1024

	// Policy is the rules by which one connection heals; zero: DefaultPolicy(). One that is
	// not zero has to be complete: change what DefaultPolicy or policies.Lookup returns. Its
	// Endpoints, Shared and Refreshable are filled in.
	Policy heal.Policy
	// Crowd is the rules by which the connections heal together: balance, storms, admission,
	// retry budget, ejection, rebalancing. The zero value is complete; its EjectAfter is 2 here,
	// because a pool of few connections would take long to fail 5 times.
	Crowd crowd.Policy
	// RestartAfter is when a connection that gave up tries again, ±20 %; at least 1 ms, or 0: 1
	// min; < 0: only when Restart is called.
	RestartAfter time.Duration
	// Judge has a say in what the end of an attempt or connection asks for, before the table
	// of causes does; nil: none. It must not block.
	Judge func(End) Ruling

	// The upgrade. Redirects are not followed: a 3xx is a status like others, and its
	// Location is in the error.
	Header http.Header // of every upgrade; nil: none. What the handshake sets itself is refused, save one Host
	// Credentials returns the headers of one attempt. With rejected set the server refused
	// those (401, 403, close 4401 or 4403), and new ones are wanted: that is asked once,
	// for all connections. nil: there are none, and a rejection is final. A 403 counts as a
	// rejection; where it is something else, Policy.Rules or Judge say so. Headers that
	// Config.Header could not have end the attempt.
	Credentials  func(ctx context.Context, a Attempt, rejected *Credentials) (Credentials, error)
	TLS          *tls.Config                                                       // for wss; nil: the system's roots. Sessions are resumed
	Subprotocols []string                                                          // offered, best first; nil: none. A server may choose none: Exchange.Subprotocol tells
	Deflate      bool                                                              // offer permessage-deflate
	Proxy        func(*url.URL) (*url.URL, error)                                  // nil: HTTPS_PROXY, HTTP_PROXY and NO_PROXY
	DialContext  func(ctx context.Context, network, addr string) (net.Conn, error) // nil: wire.Direct
	Resolve      func(ctx context.Context, host string) ([]netip.Addr, error)      // nil: the system's resolver
	// Validate makes sure that a connection is the right one, before it is used and, with
	// Policy.CheckEvery, again and again: a hello, an authentication. nil: a pong is enough.
	Validate func(ctx context.Context, x Exchange) error

	// Outbound.
	QueueMessages int       // per connection, not yet written; 0: 1024
	QueueBytes    int       // per connection, of payloads; also the largest message; 0: 256 KiB
	QueueFull     QueueFull // what Send does when there is no room; 0: Wait
	Correlate     Correlate // which answer belongs to which message; zero: Request cannot be used, Written is final
	// AnswerWithin is how long a sent message may wait for the answer that Correlate
	// promises, before its receipt is Unknown; Request has its context instead. 0: 30 s.
	AnswerWithin time.Duration

	// Inbound. A message goes to the lease or the session whose connection it came on, else
	// to the Request that it answers, else to the subscriptions of its topic, else to Receive.
	MaxMessage  int                                   // largest message accepted, bytes; 0: 1 MiB
	MaxFrame    int                                   // largest frame accepted, bytes; 0: MaxMessage
	Topic       func(Message) (topic string, ok bool) // which subscriptions a message is for; nil: Subscribe cannot be used. It must not block
	Receive     func(Message)                         // what nothing else claims, one at a time, in order per connection; nil: dropped. It may block: see Backlog
	ReceiveSlow Slow                                  // when Receive is behind; 0: Backlog. With that, a Receive that waits for an answer may wait for itself
	InboxFrames int                                   // inbound messages held for Receive, or between a connection and its readers; 0: 256
	InboxBytes  int                                   // payload bytes of the same; 0: 1 MiB

	// Watching.
	LeaseWarn time.Duration // a lease held longer is reported with its stack; 0: 1 min; < 0: never
	Logger    *slog.Logger  // events, none of them per message, at Debug to Error; nil: silent. It may block
	Seed      uint64        // key of every random draw; 0: drawn
}

// DefaultPolicy returns the policy that pools have: the built-in default of package
// policies, with a first reconnect within 1 s instead of 5 s (a pool sees when many are
// lost at once, and spreads them then), and 10 s to finish what is in flight on a
// connection that was replaced.
func DefaultPolicy() heal.Policy {
	p, err := policies.Lookup("default")
	if err != nil {
		panic("pool: the default policy: " + err.Error())
	}
	p.First = heal.First{Rule: heal.Spread, Within: time.Second}
	if p.DrainTimeout == 0 {
		p.DrainTimeout = 10 * time.Second
	}
	return p
}

// withDefaults returns a copy with every zero value replaced.
func (c Config) withDefaults() Config {
	either(&c.Min, 1)
	c.Min = max(c.Min, 0)
	either(&c.Max, max(8, c.Min))
	either(&c.MinReady, 1)
	c.MinReady = max(c.MinReady, 0)
	c.Size.Min, c.Size.Max = c.Min, c.Max
	either(&c.Size.Load, 16)
	either(&c.Size.GrowAt, 0.8)
	either(&c.Sessions, 1024)
	if blank(c.Policy) {
		c.Policy = DefaultPolicy()
	}
	either(&c.Crowd.EjectAfter, 2)
	either(&c.RestartAfter, time.Minute)
	either(&c.QueueMessages, 1024)
	either(&c.QueueBytes, 256<<10)
	either(&c.AnswerWithin, 30*time.Second)
	either(&c.ReceiveSlow, Backlog)
	either(&c.InboxFrames, 256)
	either(&c.InboxBytes, 1<<20)
	either(&c.LeaseWarn, time.Minute)
	for c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	return c
}

// either replaces a zero value.
func either[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}
