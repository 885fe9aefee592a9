package wire

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/gobwas/ws"
)

// Through returns the proxy that a dial of rawURL goes through; nil: none. Whoever resolves
// names for Request.Address should ask first: a proxy resolves them itself.
func (d *Dialer) Through(rawURL string) (*url.URL, error) {
	to, err := d.targets.of(rawURL)
	if err != nil {
		return nil, err
	}
	return d.through(to)
}

func (d *Dialer) through(to *target) (*url.URL, error) {
	proxy, err := to.proxy, to.odd
	if d.Proxy != nil {
		proxy, err = d.Proxy(to.plainly())
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("proxy: %w", err)
	case proxy == nil:
		return nil, nil
	case proxy.Scheme != "http" && proxy.Scheme != "https":
		return nil, fmt.Errorf("proxy %s: scheme %q: expected http or https", proxy.Redacted(), proxy.Scheme)
	}
	return proxy, nil
}

// tunnel asks the proxy at the other end of raw for a connection to where, host:port.
func (d *Dialer) tunnel(raw net.Conn, proxy *url.URL, where string) (net.Conn, error) {
	stream := raw
	if proxy.Scheme == "https" {
		config := d.config(proxy.Hostname(), nil)
		config.ServerName = proxy.Hostname()
		secure := tls.Client(raw, config)
		if err := secure.Handshake(); err != nil {
			return nil, err
		}
		stream = &layered{Conn: secure, raw: raw}
	}
	ask := &http.Request{Method: http.MethodConnect, Host: where}
	request := "CONNECT " + where + " HTTP/1.1\r\nHost: " + where + "\r\n"
	if user := proxy.User; user != nil {
		request += "Proxy-Authorization: " + basic(user) + "\r\n"
	}
	if _, err := io.WriteString(stream, request+"\r\n"); err != nil {
		return nil, err
	}
	in := &bounded{from: stream, left: answerLimit}
	ahead := bufio.NewReaderSize(in, 1024)
	answer, err := http.ReadResponse(ahead, ask)
	switch {
	case err != nil:
		return nil, in.blame(err)
	case answer.StatusCode/100 != 2:
		return nil, &refusal{who: "it", status: answer.Status, header: answer.Header, code: ws.StatusError(answer.StatusCode)}
	case ahead.Buffered() > 0:
		return nil, &malformed{errors.New("it sent bytes before it was spoken to")}
	}
	return stream, nil
}

// proxied says which proxy an error is about.
func proxied(proxy *url.URL, err error) error {
	if proxy == nil {
		return err
	}
	return fmt.Errorf("proxy %s: %w", proxy.Redacted(), err)
}

// basic is the value of an Authorization header (RFC 7617).
func basic(user *url.Userinfo) string {
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}

// layered is TLS to a proxy. It closes like the connection beneath: tls.Conn.Close may
// wait five seconds to say goodbye to a peer that does not read.
type layered struct {
	*tls.Conn
	raw net.Conn
}

// Close closes the TCP connection.
func (l *layered) Close() error { return l.raw.Close() }
