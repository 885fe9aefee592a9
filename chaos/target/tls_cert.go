package target

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

func init() {
	obeys(func(e chaos.TLSCert) rule { return &tlsCert{how: e.Cert} })
}

// tlsCert shows a certificate that clients must not take.
type tlsCert struct {
	how  string
	cert *tls.Certificate
}

func (r *tlsCert) start(_ *hook, s *Server) (stop func(), err error) {
	if s.security == nil {
		return nil, errNoTLS
	}
	signer := s.security.authority
	if r.how == chaos.CertUntrusted {
		if signer, err = newAuthority("an authority that nobody knows", ""); err != nil {
			return nil, err
		}
	}
	r.cert, err = signer.sign(func(c *x509.Certificate) {
		switch r.how {
		case chaos.CertExpired:
			c.NotAfter = time.Now().Add(-time.Minute)
		case chaos.CertWrongName:
			c.DNSNames, c.IPAddresses = []string{"elsewhere.invalid"}, nil
		}
	})
	return nil, err
}

func (r *tlsCert) certificate() *tls.Certificate { return r.cert }

func (*tlsCert) counter() string { return "cert_rejected" }

// errNoTLS is for faults of TLS on a target without it.
var errNoTLS = errors.New("the target speaks no TLS, expected one with it: embedded: {tls: true}, or wsheal target --tls")
