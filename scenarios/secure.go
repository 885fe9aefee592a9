package scenarios

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// TLS is how it is spoken to a target at a wss:// address. Files are PEM. The zero value
// trusts the system's authorities, and verifies that the certificate is the address's host's.
type TLS struct {
	CA         string // file of the authorities that are trusted in place of the system's
	ServerName string // asked for and verified in place of the address's host
	Cert, Key  string // files of the client's certificate and its key
	Insecure   bool   // the server's certificate is not verified
	MinVersion string // "1.2" or "1.3"
}

var tlsShape = shape{fields: []field{
	{name: "ca", about: "PEM file of the authorities that are trusted in place of the system's", shape: valueOf(textValue)},
	{name: "server_name", about: "asked for (SNI) and verified", deduced: "host, or the host of url", shape: valueOf(textValue)},
	{name: "cert", about: "PEM file of the client's certificate; needs key", shape: valueOf(textValue)},
	{name: "key", about: "PEM file of its key", shape: valueOf(textValue)},
	{name: "insecure_skip_verify", about: "true: the server's certificate is not verified, and the report says so", preset: "false", shape: valueOf(boolValue)},
	{name: "min_version", about: "the oldest that is spoken", preset: "1.2", shape: valueOf(choice("1.2", "1.3"))},
}}

var serverName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$`)

// secure reads how TLS is spoken to a target, and whether its files are fit for it.
func (r *resolver) secure(v view) *TLS {
	t := &TLS{CA: r.path(v, "ca"), Cert: r.path(v, "cert"), Key: r.path(v, "key")}
	t.ServerName, _ = read(v, "server_name", asText)
	if _, err := netip.ParseAddr(t.ServerName); t.ServerName != "" && err != nil && !serverName.MatchString(t.ServerName) {
		v.complain("server_name", "%s", expected("a host's name or address, such as chat.internal", t.ServerName))
	}
	t.Insecure, _ = read(v, "insecure_skip_verify", parseBool)
	t.MinVersion, _ = read(v, "min_version", asText)
	switch {
	case t.Insecure && t.CA != "":
		v.complain("ca", "expected none where insecure_skip_verify trusts anybody")
	case v.written("cert") != v.written("key"):
		v.complain("cert", "expected cert and key together, or neither")
	default:
		if err := t.load(new(tls.Config)); err != nil {
			v.complain(err.field, "%s", err.err)
		}
	}
	return t
}

// path is a file, looked up from the directory of the scenario that names it, or from the
// working directory when an argument does. It is kept whole, so that the resolved scenario
// finds it from everywhere.
func (r *resolver) path(v view, name string) string {
	text, ok := read(v, name, asText)
	if !ok || text == "" {
		return ""
	}
	if v.node.get(name).line > 0 && !filepath.IsAbs(text) {
		text = filepath.Join(filepath.Dir(r.file), text)
	}
	if whole, err := filepath.Abs(text); err == nil {
		return whole
	}
	return text
}

// badFile is a file that a field names and that is not fit for it.
type badFile struct {
	field string
	err   error
}

// load reads the files into a configuration.
func (t *TLS) load(into *tls.Config) *badFile {
	if t.CA != "" {
		pem, err := readPEM(t.CA)
		if err != nil {
			return &badFile{"ca", err}
		}
		into.RootCAs = x509.NewCertPool()
		if !into.RootCAs.AppendCertsFromPEM(pem) {
			return &badFile{"ca", fmt.Errorf("%s: expected certificates in PEM, got none", t.CA)}
		}
	}
	if t.Cert == "" || t.Key == "" {
		return nil
	}
	cert, err := readPEM(t.Cert)
	if err != nil {
		return &badFile{"cert", err}
	}
	key, err := readPEM(t.Key)
	if err != nil {
		return &badFile{"key", err}
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return &badFile{"cert", fmt.Errorf("%s with the key %s: expected a certificate and its key: %w", t.Cert, t.Key, err)}
	}
	into.Certificates = []tls.Certificate{pair}
	return nil
}

// mostPEM is more than all authorities of a system take.
const mostPEM = 4 << 20

func readPEM(path string) ([]byte, error) {
	data, err := readFile(path, mostPEM)
	if err != nil {
		if why, ok := errors.AsType[*os.PathError](err); ok {
			err = why.Err
		}
		return nil, fmt.Errorf("expected a file, %s: %w", path, err)
	}
	return data, nil
}

// Config is the configuration for connections to a target, nil where it says nothing of TLS.
// It has a session cache of its own. The error is of files that are not there any more.
func (t Target) Config() (*tls.Config, error) {
	if t.TLS == nil {
		return nil, nil
	}
	c := &tls.Config{
		ServerName: t.TLS.ServerName, InsecureSkipVerify: t.TLS.Insecure,
		MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0),
	}
	if t.TLS.MinVersion == "1.3" {
		c.MinVersion = tls.VersionTLS13
	}
	if bad := t.TLS.load(c); bad != nil {
		return nil, fmt.Errorf("tls.%s: %w", bad.field, bad.err)
	}
	return c, nil
}

// Words are what is not as usual.
func (t *TLS) Words() string {
	var parts []string
	if t.CA != "" {
		parts = append(parts, "authorities of "+filepath.Base(t.CA))
	}
	if t.ServerName != "" {
		parts = append(parts, "server name "+t.ServerName)
	}
	if t.Cert != "" {
		parts = append(parts, "client certificate "+filepath.Base(t.Cert))
	}
	if t.MinVersion == "1.3" {
		parts = append(parts, "1.3 at least")
	}
	return strings.Join(parts, ", ")
}

func (t *TLS) write(to *node) {
	m := to.putMapping("tls")
	for _, f := range []struct{ name, text string }{
		{"ca", t.CA},
		{"server_name", t.ServerName},
		{"cert", t.Cert},
		{"key", t.Key},
	} {
		if f.text != "" {
			m.put(f.name, f.text)
		}
	}
	if t.Insecure {
		m.put("insecure_skip_verify", "true")
	}
	m.put("min_version", t.MinVersion)
}
