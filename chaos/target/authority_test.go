package target

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who trusts a server trusts the next life of it, and not one that was told another secret
// or none.
func TestTheNextLifeIsTrusted(t *testing.T) {
	for secret, trusted := range map[string]bool{"of blue": true, "of green": false, "": false} {
		first := running(t, Options{TLS: true, Authority: "of blue"})
		next := running(t, Options{TLS: true, Authority: secret})
		roots := x509.NewCertPool()
		require.True(t, roots.AppendCertsFromPEM([]byte(first.CA)))
		conn, err := tls.Dial("tcp", next.Listen, &tls.Config{RootCAs: roots, ServerName: "localhost"})
		if trusted {
			require.NoError(t, err)
			require.NoError(t, conn.Close())
			continue
		}
		var unknown x509.UnknownAuthorityError
		assert.ErrorAs(t, err, &unknown, "%q", secret)
	}
}
