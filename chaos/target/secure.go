package target

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"github.com/wsheal/wsheal/chaos/door"
)

// security is how a target speaks TLS: with a certificate of an authority of its own, whose
// certificate its Hello has.
type security struct {
	authority *authority
	config    *tls.Config
}

func newSecurity() (*security, error) {
	a, err := newAuthority("wsheal target's authority")
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
	// shown is told of it, and how the handshake ended.
	shown(h *hook, c *connection, err error)
}

// errNotIn ends the TLS handshake of a connection that does not pass the door.
var errNotIn = errors.New("it does not come in")

// secured makes TLS of the connection, and says whether it goes on. The client's hello is a
// stage of the door.
func (c *connection) secured(ctx context.Context) bool {
	s := c.server
	if s.security == nil {
		return true
	}
	var by certifier
	var of *hook
	config := s.security.config.Clone()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		_ = c.raw.SetReadDeadline(time.Time{}) // a hang must outlast the time for a request
		defer func() { _ = c.raw.SetReadDeadline(time.Now().Add(s.options.RequestTimeout)) }()
		if !c.enters(door.Hello, nil) {
			return nil, errNotIn
		}
		for _, h := range s.hooks.inForce() {
			if r, ok := h.rule.(certifier); ok && h.has(c) {
				by, of = r, h
				// A session of before would be taken up again without a look at a certificate.
				return &tls.Config{Certificates: []tls.Certificate{*r.certificate()}, SessionTicketsDisabled: true}, nil
			}
		}
		return nil, nil // as it is
	}
	_ = c.raw.SetDeadline(time.Now().Add(s.options.RequestTimeout))
	conn := tls.Server(c.raw, config)
	err := conn.HandshakeContext(ctx)
	if by != nil {
		by.shown(of, c, err)
	}
	if err != nil {
		if !errors.Is(err, errNotIn) {
			s.count.malformed.Add(1)
		}
		return false
	}
	_ = c.raw.SetDeadline(time.Time{})
	s.mu.Lock()
	defer s.mu.Unlock()
	c.conn = conn
	return true
}
