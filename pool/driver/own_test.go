package driver

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/echo"
	"github.com/wsheal/wsheal/pool/heal"
)

// TestEachEndpointHasItsOwn: what one endpoint's upgrades have of their own, those of another
// have not. The client is sent from the first endpoint to the second.
func TestEachEndpointHasItsOwn(t *testing.T) {
	lender := httptest.NewTLSServer(nil) // of its certificate, for 127.0.0.1
	lender.Close()
	asked := make(chan http.Header, 8)
	serve := func(c net.Conn, last bool) {
		got := http.Header{}
		u := ws.Upgrader{
			Protocol: func(name []byte) bool {
				got.Add("Offered", string(name))
				return string(name) == "v1" || string(name) == "all"
			},
			OnHeader: func(key, value []byte) error { got.Add(string(key), string(value)); return nil },
		}
		if _, err := u.Upgrade(c); err != nil {
			return
		}
		asked <- got
		if last {
			echo.Serve(c)
		}
	}
	first := "wss://" + tcp(t, func(c *net.TCPConn) {
		serve(tls.Server(c, &tls.Config{Certificates: lender.TLS.Certificates}), false)
	})
	second := "ws://" + tcp(t, func(c *net.TCPConn) { serve(c, true) })

	trusting := &tls.Config{RootCAs: lender.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	_, w := overSockets(t, first, func(o *Options) {
		o.Subprotocols = []string{"all"}
		o.Header = func(int, uint32) http.Header { return http.Header{"X-Who": {"client"}} }
		o.Endpoints[0].Own = &Own{
			Header: http.Header{"X-Tenant": {"acme"}, "X-Who": {"endpoint"}}, TLS: trusting, Subprotocols: []string{"v2", "v1"},
		}
		o.Endpoints = append(o.Endpoints, Endpoint{URL: second, Priority: 1})
		o.Policy.Backoff = heal.Backoff{Base: time.Millisecond}
		o.Judge = func(End) Ruling { return Ruling{Verdict: heal.Elsewhere} }
	})
	w.await(t, func(ev Event) bool { return stepOf(heal.Opened)(ev) && ev.State.Endpoint == 1 })
	h := <-asked
	assert.Equal(t, []string{"acme"}, h["X-Tenant"])
	assert.Equal(t, []string{"client"}, h["X-Who"], "what is said of the client wins")
	assert.Equal(t, []string{"v2", "v1"}, h["Offered"])
	for len(asked) > 1 {
		<-asked
	}
	h = <-asked
	assert.NotContains(t, h, "X-Tenant")
	assert.Equal(t, []string{"all"}, h["Offered"])
}

// TestOwnFaults: what would break the upgrades of an endpoint is found before any.
func TestOwnFaults(t *testing.T) {
	o := Options{Endpoints: []Endpoint{{URL: "ws://a/", Own: &Own{
		Header: http.Header{"Upgrade": {"h2c"}}, Subprotocols: []string{"a b"},
	}}}}
	var said []string
	for _, f := range o.Faults() {
		if f.Option == "Endpoints[0].Own.Header" || f.Option == "Endpoints[0].Own.Subprotocols[0]" {
			said = append(said, f.Error())
		}
	}
	require.Len(t, said, 2)
	assert.Contains(t, said[0], "header Upgrade: expected none, it is the handshake's")
	assert.Contains(t, said[1], `expected a token of letters, digits, . and -, got "a b"`)
}
