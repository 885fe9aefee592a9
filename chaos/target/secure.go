package target

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"

	"github.com/wsheal/wsheal/chaos/door"
)

// security is how a target speaks TLS: with a certificate of an authority of its own, whose
// certificate its Hello has.
type security struct {
	authority *authority
	config    *tls.Config
}

func newSecurity(secret string) (*security, error) {
	a, err := newAuthority("wsheal target's authority", secret)
	if err != nil {
		return nil, err
	}
	cert, err := a.sign(func(*x509.Certificate) {})
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{*cert}}
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	config.SetSessionTicketKeys([][32]byte{key})
	return &security{a, config}, nil
}

// certifier is a rule that shows the connections of its cohort a certificate of its own.
type certifier interface {
	certificate() *tls.Certificate
	counter() string // of those that reject it
}

// errNotIn ends the TLS handshake of a connection that does not pass the door.
var errNotIn = errors.New("it does not come in")

// showTime bounds a handshake with a certificate of a fault: its end is waited for when the
// fault is cleared.
const showTime = 2 * time.Second

// secured makes TLS of the connection, and says whether it goes on.
func (c *connection) secured(ctx context.Context) bool {
	if c.server.security == nil {
		return true
	}
	for _, h := range c.server.hooks.inForce() {
		if r, ok := h.rule.(certifier); ok && h.has(c) {
			// A session of before would be taken up again without a look at a certificate.
			config := &tls.Config{Certificates: []tls.Certificate{*r.certificate()}, SessionTicketsDisabled: true}
			in := false
			if h.act(c, r.counter(), func() bool {
				err := c.shake(ctx, config, showTime)
				in = err == nil
				said, ok := errors.AsType[*net.OpError](err)
				return ok && said.Op == "remote error" // an alert
			}) {
				return in
			}
		}
	}
	// The client's hello is a stage of the door.
	config := c.server.security.config.Clone()
	limit := c.server.options.RequestTimeout
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		_ = c.raw.SetDeadline(time.Time{}) // a hang must outlast the time for a request
		if !c.enters(door.Hello, nil) {
			return nil, errNotIn
		}
		_ = c.raw.SetDeadline(time.Now().Add(limit))
		return nil, nil // as it is
	}
	return c.shake(ctx, config, limit) == nil
}

// shake makes TLS of the connection.
func (c *connection) shake(ctx context.Context, config *tls.Config, limit time.Duration) error {
	_ = c.raw.SetDeadline(time.Now().Add(limit))
	conn := tls.Server(c.raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		if !errors.Is(err, errNotIn) {
			c.server.count.malformed.Add(1)
		}
		return err
	}
	_ = c.raw.SetDeadline(time.Time{})
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.conn = conn
	return nil
}
