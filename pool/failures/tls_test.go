package failures

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool"
	"github.com/wsheal/wsheal/pool/heal"
)

// secure is a server with TLS on a real socket, for a bubble cannot see through TLS. It
// echoes, and ends a connection that says bye.
type secure struct {
	*httptest.Server
	mu      sync.Mutex
	resumed []bool // by connection: the handshake was a resumption
	raw     []net.Conn
	running sync.WaitGroup
}

func serveTLS(t *testing.T) *secure {
	s := new(secure)
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		c, _, _, err := ws.UpgradeHTTP(r, rw)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.resumed = append(s.resumed, r.TLS.DidResume)
		s.raw = append(s.raw, c)
		s.mu.Unlock()
		s.running.Add(1)
		defer s.running.Done()
		defer c.Close()
		for {
			text, err := wsutil.ReadClientText(c)
			if err != nil || string(text) == "bye" || wsutil.WriteServerText(c, text) != nil {
				return
			}
		}
	}))
	s.StartTLS()
	t.Cleanup(func() {
		s.mu.Lock()
		for _, c := range s.raw {
			c.Close()
		}
		s.mu.Unlock()
		s.running.Wait()
		s.Close()
	})
	return s
}

func (s *secure) config() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{RootCAs: roots}
}

func (s *secure) url() string { return "wss" + s.URL[len("https"):] }

// TestEachHealIsAFullHandshake: without a session cache, which crypto/tls has only when it is
// given one, every reconnect costs the server a signature.
func TestEachHealIsAFullHandshake(t *testing.T) {
	t.Run("client=naive", func(t *testing.T) {
		s := serveTLS(t)
		for range 2 {
			c, _, _, err := ws.Dialer{TLSConfig: s.config()}.Dial(t.Context(), s.url())
			require.NoError(t, err)
			require.NoError(t, wsutil.WriteClientText(c, []byte("hello")))
			_, err = wsutil.ReadServerText(c)
			require.NoError(t, err)
			c.Close()
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		assert.Equal(t, []bool{false, false}, s.resumed)
	})
	t.Run("client=ours", func(t *testing.T) {
		s := serveTLS(t)
		policy := pool.DefaultPolicy()
		policy.First = heal.First{Rule: heal.AtOnce}
		p, err := pool.Open(t.Context(), pool.Config{
			Endpoints: []pool.Endpoint{{URL: s.url()}}, Max: 1, TLS: s.config(), Policy: policy, Seed: 1,
			Correlate: pool.Correlate{
				Request: func(m pool.Message) (string, bool) { return string(m.Payload), string(m.Payload) != "bye" },
				Reply:   func(m pool.Message) (string, bool) { return string(m.Payload), true },
			},
		})
		require.NoError(t, err)
		defer p.Close(context.Background())
		watch := p.Watch(t.Context())
		_, err = p.Request(t.Context(), message("hello"))
		require.NoError(t, err)
		_, err = p.Send(t.Context(), message("bye"))
		require.NoError(t, err)
		lost := false
		for ev := range watch.Events(t.Context()) {
			lost = lost || ev.Kind == pool.Lost
			if lost && ev.Kind == pool.Connected {
				break
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		require.GreaterOrEqual(t, len(s.resumed), 2)
		assert.False(t, s.resumed[0])
		assert.True(t, s.resumed[1])
	})
}
