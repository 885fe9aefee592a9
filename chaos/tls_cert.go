package chaos

// TLSCert has the target show a certificate that a client must not take.
type TLSCert struct {
	Cert string `json:"cert" yaml:"cert"` // CertExpired and so on
}

// What can be wrong with a certificate.
const (
	CertExpired   = "expired"
	CertWrongName = "wrong_name" // of another host
	CertUntrusted = "untrusted"  // of an authority that nobody knows
)

// Kind names the fault.
func (TLSCert) Kind() string { return "tls_cert" }

// Check returns what is wrong with the attributes.
func (t TLSCert) Check() []string { return inBounds(t) }

// String is the attributes in words: "expired".
func (t TLSCert) String() string { return t.Cert }

// NeedsTLS says whether an effect is one of TLS, so that it finds nothing to act on where
// none is spoken.
func NeedsTLS(e Effect) bool {
	switch e := Value(e).(type) {
	case TLSCert:
		return true
	case AcceptHang:
		return e.At() == AtTLS
	case SlowHandshake:
		return e.At() == AtTLS
	}
	return false
}

func init() {
	register(Kind{
		Name: "tls_cert", Family: Connect,
		Short: "the certificate is one that must not be taken",
		About: "Shows new connections a certificate that is expired, of another host, or of an authority that nobody knows, and " +
			"takes up no TLS session of before, which would not look at it. Open connections go on. Who takes it all the same is not hit.",
		Params: []Param{
			{Name: "cert", Type: "expired | wrong_name | untrusted", Default: "expired", About: "what is wrong with the certificate"},
		},
		Conns:    []Conns{New},
		Expect:   []Sight{SeesTLS},
		Proof:    []Proof{{"cert_rejected", "TLS handshakes in which it was rejected"}},
		Reach:    1,
		Evidence: "every connection that was made while it was in force answered the certificate with an alert",
		Backends: []Support{{By: ByTarget, Whole: true, Note: "whose connection it is, is not known before its request is read; needs a target with TLS"}},
		Example:  "{name: stale, inject: tls_cert, on: blue, at: chaos, for: 5s, cert: expired}",
		New:      func() Effect { return &TLSCert{Cert: CertExpired} },
	})
}
