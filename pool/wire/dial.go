package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/pool/heal"
)

const (
	defaultMessage = 1 << 20
	// defaultPatience bounds what crypto/tls writes before the first Write says better.
	defaultPatience = 10 * time.Second
)

// Dial opens a connection, bounded by ctx throughout. Its errors are *Error.
func (d *Dialer) Dial(ctx context.Context, r Request) (*Conn, error) {
	c, shown, err := d.open(ctx, r)
	if err == nil {
		return c, nil
	}
	return nil, failure(shown, err)
}

// failure tells why a dial failed.
func failure(shown string, err error) *Error {
	e := &Error{URL: shown, Err: err}
	e.Cause, e.Code = dialCause(err)
	var refused *refusal
	if errors.As(err, &refused) {
		e.RetryAfter = retryAfter(refused.header.Get("Retry-After"), time.Now())
	}
	return e
}

// open does it; shown is the URL as errors may show it.
func (d *Dialer) open(ctx context.Context, r Request) (c *Conn, shown string, err error) {
	to, err := d.targets.of(r.URL)
	if err != nil {
		return nil, hidden(r.URL), err
	}
	proxy, err := d.through(to)
	if err != nil {
		return nil, to.shown, err
	}
	var raw net.Conn
	switch {
	case proxy != nil:
		raw, err = d.connect(ctx, portOf(proxy))
	case r.Address.IsValid():
		raw, err = d.raw(ctx, r.Address.String())
	case to.literal:
		raw, err = d.raw(ctx, to.where)
	default:
		raw, err = d.connect(ctx, to.where)
	}
	if err != nil {
		return nil, to.shown, proxied(proxy, err)
	}
	if t, ok := raw.(*net.TCPConn); ok && d.KeepAlive {
		_ = t.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true}) // fails only on a closed socket
	}
	if r.Through != nil {
		raw = r.Through(raw)
	}

	// From here on the end of ctx closes the connection under whatever is going on.
	stop := afterFunc(ctx, func() { raw.Close() })
	c, err = d.establish(raw, to, proxy, r)
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		raw.Close()
		return nil, to.shown, err
	}
	c.socket.patience.Store(int64(defaultPatience))
	return c, to.shown, nil
}

// afterFunc is context.AfterFunc, which makes a context of its own, for contexts that do not
// need one.
func afterFunc(ctx context.Context, f func()) (stop func() bool) {
	if own, ok := ctx.(interface{ AfterFunc(f func()) func() bool }); ok {
		return own.AfterFunc(f)
	}
	return context.AfterFunc(ctx, f)
}

// establish makes a WebSocket connection of a TCP connection.
func (d *Dialer) establish(raw net.Conn, to *target, proxy *url.URL, r Request) (*Conn, error) {
	c := &Conn{}
	stream := raw
	if proxy != nil {
		through := to.where
		if r.Address.IsValid() {
			through = r.Address.String()
		}
		var err error
		if stream, err = d.tunnel(raw, proxy, through); err != nil {
			return nil, proxied(proxy, err)
		}
	}
	c.socket = newSocket(stream, d.Epoch)
	c.connected = heal.Instant(c.socket.now())
	stream = c.socket
	if to.url.Scheme == "wss" {
		c.secure = tls.Client(c.socket, d.config(to.url.Hostname(), r.TLS))
		if err := c.secure.Handshake(); err != nil {
			return nil, err
		}
		c.secured = heal.Instant(c.socket.now())
		stream = c.secure
	}
	a, err := d.upgrade(stream, to, r)
	if err != nil {
		return nil, err
	}
	c.subprotocol, c.deflate = a.subprotocol, a.deflate
	c.decoder = decoder{in: newIntake(c.socket, c.secure, a.ahead), max: d.MaxMessage, maxFrame: d.MaxFrame, deflate: a.deflate}
	if c.decoder.max <= 0 {
		c.decoder.max = defaultMessage
	}
	if c.decoder.maxFrame <= 0 {
		c.decoder.maxFrame = deflatedBound(c.decoder.max)
	}
	return c, nil
}

// refusal is an answer with another status than the one that was asked for.
type refusal struct {
	who    string
	status string
	header http.Header
	code   ws.StatusError
}

func (r *refusal) Error() string {
	text := r.who + " answered " + r.status
	if to := r.header.Get("Location"); to != "" && r.code >= 300 && r.code < 400 {
		text += ", which leads to " + to + ": redirects are not followed"
	}
	return text
}

func (r *refusal) Unwrap() error { return r.code }
