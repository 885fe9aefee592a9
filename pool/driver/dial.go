package driver

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/pool/heal"
)

// handshakeLimit is how many bytes a server may answer an upgrade with.
const handshakeLimit = 64 << 10

var errHandshakeTooLong = errors.New("the answer to the upgrade is too long")

// target is an endpoint, ready to be dialled.
type target struct {
	url         string
	dialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	tls         *tls.Config
}

// newTargets prepares the endpoints of o, which is valid.
func newTargets(o *Options) []target {
	dial := o.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	cache := tls.NewLRUClientSessionCache(len(o.Endpoints))
	targets := make([]target, len(o.Endpoints))
	for i, e := range o.Endpoints {
		t := target{url: e.URL, dialContext: dial}
		if u, err := url.Parse(e.URL); err == nil && u.Scheme == "wss" {
			t.tls = &tls.Config{}
			if o.TLS != nil {
				t.tls = o.TLS.Clone()
			}
			if t.tls.ServerName == "" {
				t.tls.ServerName = u.Hostname()
			}
			if t.tls.ClientSessionCache == nil {
				t.tls.ClientSessionCache = cache
			}
		}
		targets[i] = t
	}
	return targets
}

// answer is what a dial came to: a connection, with the bytes that the server sent
// behind its 101, or an error, with what the server asked for.
type answer struct {
	conn       net.Conn
	ahead      []byte
	err        error
	retryAfter time.Duration
}

// dial opens a connection and upgrades it, bounded by ctx throughout.
func (t *target) dial(ctx context.Context, header http.Header) (a answer) {
	d := ws.Dialer{
		NetDial:   t.dialContext,
		TLSClient: func(c net.Conn, _ string) net.Conn { return newSecure(c, t.tls) },
		WrapConn:  func(c net.Conn) net.Conn { return &bounded{Conn: c, left: handshakeLimit} },
		OnStatusError: func(_ int, _ []byte, r io.Reader) {
			if reply, err := http.ReadResponse(bufio.NewReader(r), nil); err == nil {
				a.retryAfter = retryAfter(reply.Header.Get("Retry-After"), time.Now())
			}
		},
	}
	if host := header.Get("Host"); host != "" {
		d.Host = host
		header = header.Clone()
		header.Del("Host")
	}
	d.Header = ws.HandshakeHeaderHTTP(header)
	c, rest, _, err := d.Dial(ctx, t.url)
	if err != nil {
		a.err = fmt.Errorf("dial %s: %w", t.url, err)
		return a
	}
	a.conn = c.(*bounded).Conn
	if rest != nil {
		a.ahead = make([]byte, rest.Buffered())
		_, _ = io.ReadFull(rest, a.ahead) // they are buffered
		ws.PutReader(rest)
	}
	return a
}

// dial begins a client's next generation.
func (c *client) dial(order heal.Action) {
	p := c.fleet
	before, ended := c.before(), make(chan struct{})
	c.ended = ended
	ctx, cancel := context.WithTimeout(p.dialling, p.options.Policy.HandshakeTimeout)
	c.dialed, c.cancel = order.Gen, cancel
	c.shard.dials.Add(1)
	p.work.Add(1)
	go func() {
		defer p.work.Done()
		defer cancel()
		c.reach(ctx, order, before, ended)
	}()
}

// reach dials once whatever came before has ended, so that a client never has two
// connections nor two dials, and tells the shard what came of it. ended is to be closed
// when the generation is over.
func (c *client) reach(ctx context.Context, order heal.Action, before, ended chan struct{}) {
	failed := func(err error, after time.Duration) {
		cause, code := dialCause(err)
		c.shard.post(mail{client: c, err: err, event: heal.Event{
			Kind: heal.Failed, Gen: order.Gen, Cause: cause, Code: code, RetryAfter: after,
		}})
	}
	t := &c.fleet.targets[order.Endpoint]
	if before != nil {
		select {
		case <-before:
		case <-ctx.Done():
			failed(fmt.Errorf("dial %s: %w", t.url, ctx.Err()), 0)
			<-before
			close(ended)
			return
		}
	}
	var header http.Header
	if c.fleet.options.Header != nil {
		header = c.fleet.options.Header(c.id, order.Gen)
	}
	a := t.dial(ctx, header)
	if a.err != nil {
		close(ended)
		failed(a.err, a.retryAfter)
		return
	}
	k := newConn(c, order.Gen, a, ended)
	c.fleet.work.Add(1) // for the connection; its end, or its refusal, takes it back
	c.shard.post(mail{client: c, conn: k, event: heal.Event{Kind: heal.Opened, Gen: order.Gen}})
}

// bounded limits what is read during a handshake.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errHandshakeTooLong
	}
	n, err := b.Conn.Read(p)
	b.left -= n
	return n, err
}

// secure is a TLS connection that closes like a raw one: tls.Conn.Close may wait
// five seconds to say goodbye to a peer that does not read.
type secure struct {
	*tls.Conn
	raw *tally
}

func newSecure(c net.Conn, config *tls.Config) *secure {
	raw := &tally{Conn: c}
	return &secure{Conn: tls.Client(raw, config), raw: raw}
}

// Close closes the TCP connection.
func (s *secure) Close() error { return s.raw.Close() }

// tally counts the bytes that were handed to the kernel.
type tally struct {
	net.Conn
	written atomic.Int64
}

func (t *tally) Write(p []byte) (int, error) {
	n, err := t.Conn.Write(p)
	t.written.Add(int64(n))
	return n, err
}

// retryAfter reads the header's value, seconds or an HTTP date (RFC 9110 10.2.3); 0
// when there is none or it makes no sense. A day is the most that is believed.
func retryAfter(value string, now time.Time) time.Duration {
	const most = 24 * time.Hour
	value = strings.TrimSpace(value)
	if seconds, ok := decimal(value); ok {
		return min(time.Duration(min(seconds, int64(most/time.Second)))*time.Second, most)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), most)
}

// decimal reads digits alone; a number too large is the largest.
func decimal(s string) (n int64, ok bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n, 1<<53)*10 + int64(c-'0')
	}
	return n, s != ""
}
