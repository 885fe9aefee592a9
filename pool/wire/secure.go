package wire

import (
	"crypto/tls"
	"sync"
)

// sessions is where a dialer keeps what lets the next TLS handshake be a short one.
type sessions struct {
	once  sync.Once
	cache tls.ClientSessionCache
}

func (s *sessions) shared() tls.ClientSessionCache {
	s.once.Do(func() { s.cache = tls.NewLRUClientSessionCache(0) })
	return s.cache
}

// config is how TLS is spoken to a host: in a way of its own, or as the dialer does.
func (d *Dialer) config(host string, own *tls.Config) *tls.Config {
	c := &tls.Config{}
	switch {
	case own != nil:
		c = own.Clone()
	case d.TLS != nil:
		c = d.TLS.Clone()
	}
	if c.ServerName == "" {
		c.ServerName = host
	}
	if c.ClientSessionCache == nil {
		c.ClientSessionCache = d.sessions.shared()
	}
	// A message is of use when it is whole: small first records would only be more of them.
	c.DynamicRecordSizingDisabled = true
	return c
}
