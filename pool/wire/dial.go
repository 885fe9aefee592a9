package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gobwas/ws"
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
	e := &Error{URL: shown, Err: err}
	e.Cause, e.Code = dialCause(err)
	var refused *refusal
	if errors.As(err, &refused) {
		e.RetryAfter = retryAfter(refused.header.Get("Retry-After"), time.Now())
	}
	return nil, e
}

// open does it; shown is the URL as errors may show it.
func (d *Dialer) open(ctx context.Context, r Request) (c *Conn, shown string, err error) {
	u, err := parse(r.URL)
	if err != nil {
		return nil, hidden(r.URL), err
	}
	shown = u.Redacted()
	proxy, err := d.Through(r.URL)
	if err != nil {
		return nil, shown, err
	}
	var raw net.Conn
	switch {
	case proxy != nil:
		raw, err = d.connect(ctx, portOf(proxy), netip.AddrPort{})
	default:
		raw, err = d.connect(ctx, portOf(u), r.Address)
	}
	if err != nil {
		return nil, shown, proxied(proxy, err)
	}

	// From here on the end of ctx closes the connection under whatever is going on.
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	c, err = d.establish(raw, u, proxy, r)
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		raw.Close()
		return nil, shown, err
	}
	c.socket.patience.Store(int64(defaultPatience))
	return c, shown, nil
}

// establish makes a WebSocket connection of a TCP connection.
func (d *Dialer) establish(raw net.Conn, u, proxy *url.URL, r Request) (*Conn, error) {
	c := &Conn{}
	stream := raw
	if proxy != nil {
		through := portOf(u)
		if r.Address.IsValid() {
			through = r.Address.String()
		}
		var err error
		if stream, err = d.tunnel(raw, proxy, through); err != nil {
			return nil, proxied(proxy, err)
		}
	}
	c.socket = newSocket(stream, d.Epoch)
	stream = c.socket
	if u.Scheme == "wss" {
		c.secure = tls.Client(c.socket, d.config(u.Hostname()))
		if err := c.secure.Handshake(); err != nil {
			return nil, err
		}
		stream = c.secure
	}
	a, err := d.upgrade(stream, u, r.Header)
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

// parse reads a URL that can be dialled.
func parse(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		var syntax *url.Error // which repeats the URL with its password
		if errors.As(err, &syntax) {
			err = syntax.Err
		}
		return nil, err
	}
	host := u.Hostname()
	switch {
	case u.Scheme != "ws" && u.Scheme != "wss":
		return nil, fmt.Errorf("scheme %q: expected ws or wss", u.Scheme)
	case host == "":
		return nil, errors.New("no host")
	case strings.ContainsFunc(u.Host, func(c rune) bool { return c <= ' ' || c >= 0x7f }):
		return nil, fmt.Errorf("host %q: expected ASCII, names of other scripts in their xn-- form", host)
	}
	return u, nil
}

// hidden is a URL that cannot be read, without what may be a password.
func hidden(s string) string {
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		return "…" + s[at:]
	}
	return s
}

// portOf is where a URL points, as host:port.
func portOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "wss" || u.Scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
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
