package target

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// authority signs the certificates of one target. Its key is on no disk.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// life is how long before and after now certificates are good.
const life = 24 * time.Hour

// newAuthority makes an authority with the key that belongs to a secret, empty: with one that
// nobody else has. Two of one name and secret sign for each other.
func newAuthority(name, secret string) (*authority, error) {
	key, err := keyOf(secret)
	if err != nil {
		return nil, err
	}
	of := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-life), NotAfter: time.Now().Add(life),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("certificate of %s: %w", name, err)
	}
	cert, err := x509.ParseCertificate(raw)
	return &authority{cert, key}, err
}

// keyOf is the key that belongs to a secret: as many bytes of it as a key has, of which all but
// one in 2^32 are one.
func keyOf(secret string) (*ecdsa.PrivateKey, error) {
	if secret == "" {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	raw := sha256.Sum256([]byte(secret))
	return ecdsa.ParseRawPrivateKey(elliptic.P256(), raw[:])
}

// pem is the certificate that clients have to trust.
func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// sign makes a certificate for this host, with what change does to it.
func (a *authority) sign(change func(*x509.Certificate)) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	of := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "wsheal target"},
		NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotAfter,
		DNSNames: []string{"localhost", "*.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	change(of)
	raw, err := x509.CreateCertificate(rand.Reader, of, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, nil
}
