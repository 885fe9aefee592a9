package target

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Overflow is what becomes of a handshake that finds the queue full.
const (
	Overflow503   = "503"   // HTTP 503, with Retry-After where that is set
	OverflowReset = "reset" // a TCP RST
	OverflowHang  = "hang"  // no answer, until the client leaves
)

// Handshake is the server's capacity to accept connections: mu = Workers/Cost. The
// zero value accepts at once, without limit.
type Handshake struct {
	Workers    int           `json:"workers,omitempty"`     // at work at once; 0: no limit
	Cost       time.Duration `json:"cost,omitempty"`        // time of one handshake
	Burn       bool          `json:"burn,omitempty"`        // the cost is burnt as CPU, not waited
	Queue      int           `json:"queue,omitempty"`       // waiting handshakes; 0: no limit. Needs Workers
	Overflow   string        `json:"overflow,omitempty"`    // beyond the queue; default Overflow503
	RetryAfter time.Duration `json:"retry_after,omitempty"` // sent with 503, whole seconds; 0: not sent
	LIFO       bool          `json:"lifo,omitempty"`        // serve the newest first
	StaleWork  bool          `json:"stale_work,omitempty"`  // spend the cost on clients that have left, too
}

// Options configures a server. Durations are nanoseconds in JSON.
type Options struct {
	Listen      string `json:"listen,omitempty"`       // host:port for WebSockets; empty: 127.0.0.1:0. Run alone reads it
	Control     string `json:"control,omitempty"`      // host:port for the control HTTP; empty: 127.0.0.1:0. Run alone reads it
	AllowRemote bool   `json:"allow_remote,omitempty"` // Listen and Control may be other than loopback addresses

	// TLS has the server speak it, with a certificate for this host of an authority of its
	// own; what clients have to trust is Server.CA, and in the Hello.
	TLS bool `json:"tls,omitempty"`
	// Authority is a secret from which the authority's key is made: who trusts one server
	// trusts all with the same, such as the next life of it. Empty: a key that nobody else has.
	Authority string `json:"authority,omitempty"`

	Handshake Handshake `json:"handshake"`
	Replies   Replies   `json:"replies,omitzero"`

	MaxMessage     int           `json:"max_message,omitempty"`     // largest message, bytes; 0: 1 MiB
	RequestTimeout time.Duration `json:"request_timeout,omitempty"` // from accept until the upgrade request is whole; 0: 30 s
	WriteTimeout   time.Duration `json:"write_timeout,omitempty"`   // of one write; the connection is closed between 3/4 and all of it; 0: 30 s

	// Clock is nanoseconds above 0, for the evidence of faults; nil: since the program's
	// start, which no other process can place.
	Clock func() int64 `json:"-"`
}

var began = time.Now()

const loopback = "127.0.0.1:0"

// withDefaults returns a copy in which no zero value has a meaning of its own but those
// of Handshake.
func (o Options) withDefaults() Options {
	o.Listen = cmp.Or(o.Listen, loopback)
	o.Control = cmp.Or(o.Control, loopback)
	o.Handshake.Overflow = cmp.Or(o.Handshake.Overflow, Overflow503)
	o.MaxMessage = cmp.Or(o.MaxMessage, 1<<20)
	o.RequestTimeout = cmp.Or(o.RequestTimeout, 30*time.Second)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 30*time.Second)
	if o.Clock == nil {
		o.Clock = func() int64 { return 1 + int64(time.Since(began)) }
	}
	return o
}

// validate returns every mistake, one line each.
func (o Options) validate() error {
	o = o.withDefaults()
	h := o.Handshake
	var errs []error
	wrong := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf(field+": "+format, args...))
	}
	for _, a := range []struct{ field, addr string }{{"listen", o.Listen}, {"control", o.Control}} {
		if _, _, err := net.SplitHostPort(a.addr); err != nil {
			wrong(a.field, "%q, expected host:port", a.addr)
		} else if !o.AllowRemote && !isLoopback(a.addr) {
			wrong(a.field, "%q, expected a loopback address: others must be allowed", a.addr)
		}
	}
	for _, n := range []struct {
		field string
		value int
	}{{"handshake.workers", h.Workers}, {"handshake.queue", h.Queue}, {"max_message", o.MaxMessage}} {
		if n.value < 0 {
			wrong(n.field, "%d, expected 0 or more", n.value)
		}
	}
	for _, d := range []struct {
		field string
		value time.Duration
	}{
		{"handshake.cost", h.Cost},
		{"handshake.retry_after", h.RetryAfter},
		{"request_timeout", o.RequestTimeout},
		{"write_timeout", o.WriteTimeout},
	} {
		if d.value < 0 {
			wrong(d.field, "%v, expected 0 or more", d.value)
		}
	}
	errs = append(errs, o.Replies.validate()...)
	if h.Queue > 0 && h.Workers == 0 {
		wrong("handshake.queue", "%d, expected workers as well: without them nothing ever waits", h.Queue)
	}
	if h.RetryAfter%time.Second != 0 {
		wrong("handshake.retry_after", "%v, expected whole seconds", h.RetryAfter)
	}
	switch h.Overflow {
	case Overflow503, OverflowReset, OverflowHang:
	default:
		wrong("handshake.overflow", "%q, expected 503, reset or hang", h.Overflow)
	}
	return errors.Join(errs...)
}

// isLoopback says whether only this host can reach host:port. An empty host means all
// interfaces.
func isLoopback(addr string) bool {
	host, _, _ := net.SplitHostPort(addr)
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
