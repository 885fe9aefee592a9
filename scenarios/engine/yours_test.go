package engine_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/inprocess"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/engine"
)

// yours is a server as somebody may have one: it lets in whom it knows, chooses a subprotocol,
// and does as it likes with messages.
type yours struct {
	addr     string
	upgrader ws.Upgrader
	serve    func(c net.Conn, n int64) // the n-th that was let in, from 1: the probe
	admitted atomic.Int64
}

// listen serves until the test ends. Connections are closed then.
func (y *yours) listen(t *testing.T, secure *tls.Config) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	y.addr = l.Addr().String()
	var mu sync.Mutex
	var work sync.WaitGroup
	open := map[net.Conn]bool{}
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for c := range open {
			c.Close()
		}
		mu.Unlock()
		work.Wait()
	})
	work.Go(func() {
		for {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[raw] = true
			mu.Unlock()
			work.Go(func() {
				defer raw.Close()
				c := raw
				if secure != nil {
					c = tls.Server(raw, secure)
				}
				if _, err := y.upgrader.Upgrade(c); err == nil {
					y.serve(c, y.admitted.Add(1))
				}
			})
		}
	})
}

// messages hands over each message of a client until it is gone; pings are answered.
func messages(c net.Conn, each func([]byte)) {
	for {
		b, _, err := wsutil.ReadClientData(c)
		if err != nil {
			return
		}
		each(b)
	}
}

// against is a scenario against a server of somebody's.
func against(t *testing.T, text string, env map[string]string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Parse("yours.yaml", []byte(text), scenarios.Options{Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }})
	require.NoError(t, err)
	return s
}

// swift is what makes a policy come back soon, and take its time to give up.
const swift = "first: {spread: 200ms}, backoff: {base: 100ms, cap: 500ms}, stable_after: 200ms, handshake_timeout: 10s, prove_timeout: 10s"

const soon = `
phases: {warmup: 600ms, baseline: 600ms, chaos: 500ms, recovery: 2s}
hold: 200ms
`

// held asserts that all gates did: of a busy machine the harness may be unfit all the same.
func held(t testing.TB, sum *report.Summary) {
	t.Helper()
	for _, g := range sum.Gates {
		assert.Equal(t, string(report.Pass), g.Verdict, "%s: %s", g.Text, g.Why)
	}
}

// TestAnswersAreKnownByTheirField: a server that answers in its own words, with the id in a
// field of its own, is measured as one that echoes: latency, what is lost, what came twice.
func TestAnswersAreKnownByTheirField(t *testing.T) {
	t.Parallel()
	var y yours
	y.serve = func(c net.Conn, _ int64) {
		_ = wsutil.WriteServerText(c, []byte(`{"welcome": true}`)) // which answers nothing
		messages(c, func(b []byte) {
			var ask struct {
				ID   string `json:"id"`
				From int    `json:"from"`
				Op   string `json:"op"`
			}
			if json.Unmarshal(b, &ask) != nil || ask.Op != "ask" || len(b) != 200 {
				_ = wsutil.WriteServerText(c, []byte(`{"error": "what?"}`))
				return
			}
			reply := fmt.Appendf(nil, `{"took": 1, "for": {"id": %q, "from": %d}}`, ask.ID, ask.From)
			switch ask.ID {
			case "req-30": // it is not answered
				return
			case "req-40":
				_ = wsutil.WriteServerText(c, reply)
			}
			_ = wsutil.WriteServerText(c, reply)
		})
	}
	y.listen(t, nil)
	s := against(t, `
scenario: replies
targets: {mine: {url: "ws://`+y.addr+`/"}}
clients: {count: 10, ramp: 200ms}
load: {pattern: reply, rate: 100/s, payload: '{"op": "ask", "id": "req-{id}", "from": {client}, "pad": "{pad}"}', size: 200, correlate: for.id, guarantee: at-most-once}
gates: [messages.lost == 1, messages.dup == 1, latency.p50 > 0s]
phases: {warmup: 300ms, baseline: 1200ms, chaos: 0, recovery: 0}
`, nil)
	inprocess.New(t).Judge(s, func(t testing.TB, sum *report.Summary) {
		assert.Equal(t, int64(1), sum.Lost["all"])
		assert.Equal(t, int64(1), sum.Messages["all"].Dup)
		assert.Equal(t, sum.Messages["all"].Intended-1, sum.Messages["all"].Acked)
		assert.Equal(t, int64(10), sum.Messages["all"].Pushed, "a welcome each, and nothing else that answers nothing")
		assert.Contains(t, sum.Metrics, "latency.p50")
		held(t, sum)
	})
}

// TestServerThatPushes: nothing is sent but a subscription on each connection; what comes is
// counted, with gaps and silence, and the run heals.
func TestServerThatPushes(t *testing.T) {
	t.Parallel()
	var y yours
	var subscribed sync.Map
	y.serve = func(c net.Conn, _ int64) {
		var beat sync.WaitGroup
		defer beat.Wait()
		messages(c, func(b []byte) {
			subscribed.Store(string(b), true)
			beat.Go(func() {
				every := time.NewTicker(50 * time.Millisecond)
				defer every.Stop()
				for range every.C {
					if wsutil.WriteServerText(c, []byte(`{"tick": 1}`)) != nil {
						return
					}
				}
			})
		})
		c.Close() // ends the beat
	}
	y.listen(t, nil)
	s := against(t, `
scenario: push
targets: {mine: {url: "ws://`+y.addr+`/"}}
clients: {count: 8, ramp: 100ms, policy: {base: default, ping: {every: 300ms, timeout: 5s}, `+swift+`}}
load: {pattern: push, payload: 'subscribe {client}'}
faults: [{name: cut, inject: reset}]
gates: [push.unheard == 0, push.silence < 30s, gap.p50 > 0s, push.fewest > 0]
`+soon, nil)
	inprocess.New(t).Judge(s, func(t testing.TB, sum *report.Summary) {
		for client := range 8 {
			_, ok := subscribed.Load(fmt.Sprintf("subscribe %d", client))
			assert.True(t, ok, "client %d", client)
		}
		assert.GreaterOrEqual(t, y.admitted.Load(), int64(8+8+1), "each connected twice, and the probe once")
		p := sum.Pushes
		require.NotNil(t, p)
		require.NotNil(t, p.Client)
		assert.Equal(t, int64(8), p.Client.Clients)
		assert.Positive(t, p.Client.Min)
		assert.GreaterOrEqual(t, p.Received, 8*p.Client.Min)
		assert.Positive(t, p.Silence)
		assert.Equal(t, p.Received, sum.Messages["all"].Pushed-sum.Messages["warmup"].Pushed)
		assert.GreaterOrEqual(t, sum.Metrics["push.silence"], sum.Metrics["gap.max"]-1e-9)
		for _, name := range []string{"messages.lost", "messages.acked", "latency.p50", "avail.msg"} {
			assert.NotContains(t, sum.Values(), name)
		}
		assert.Equal(t, 8, sum.Recovery.Healed)
		held(t, sum)
	})
}

// TestServerThatIsSilent: what is sent is counted, pings tell of latency, and connections and
// recovery are measured as ever.
func TestServerThatIsSilent(t *testing.T) {
	t.Parallel()
	var y yours
	var heard atomic.Int64
	y.serve = func(c net.Conn, _ int64) {
		messages(c, func(b []byte) {
			if strings.HasPrefix(string(b), "wshl ") {
				heard.Add(1)
			}
		})
	}
	y.listen(t, nil)
	s := against(t, `
scenario: silent
targets: {mine: {url: "ws://`+y.addr+`/"}}
clients: {count: 8, ramp: 100ms, policy: {base: default, ping: {every: 200ms, timeout: 5s}, `+swift+`}}
load: {pattern: silent, rate: 80/s, as: text}
faults: [{name: cut, inject: reset, share: 50%, expect: [reset]}]
gates: [messages.intended > 200, ping.p50 > 0s]
`+soon, nil)
	inprocess.New(t).Judge(s, func(t testing.TB, sum *report.Summary) {
		all := sum.Messages["all"]
		assert.Equal(t, all.Intended, all.Sent)
		assert.Positive(t, heard.Load())
		assert.Contains(t, sum.Metrics, "ping.p50")
		for _, name := range []string{"messages.lost", "messages.acked", "messages.broken", "latency.p50", "avail.msg", "push.received"} {
			assert.NotContains(t, sum.Values(), name)
		}
		assert.Empty(t, sum.Lost)
		assert.Equal(t, "confirmed", sum.Faults[0].State, sum.Faults[0].Why)
		assert.Contains(t, sum.Faults[0].Why, "a canary of its cohort saw reset, one outside it nothing", "by pings")
		held(t, sum)
	})
}

// credentials are files of TLS, made for one test.
type credentials struct {
	ca, cert, key string
	server        *tls.Config
}

func newCredentials(t *testing.T) credentials {
	t.Helper()
	dir := t.TempDir()
	made := func(name string, serial int64, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, string, string) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		of := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: parent == nil, BasicConstraintsValid: true,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		if parent == nil {
			parent, by, of.ExtKeyUsage = of, key, nil
		}
		raw, err := x509.CreateCertificate(rand.Reader, of, parent, &key.PublicKey, by)
		require.NoError(t, err)
		cert, err := x509.ParseCertificate(raw)
		require.NoError(t, err)
		secret, err := x509.MarshalECPrivateKey(key)
		require.NoError(t, err)
		certFile, keyFile := filepath.Join(dir, name+".pem"), filepath.Join(dir, name+"-key.pem")
		require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600))
		require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}), 0o600))
		return cert, key, certFile, keyFile
	}
	ca, by, caFile, _ := made("authority", 1, nil, nil)
	_, _, serverCert, serverKey := made("chat.internal", 2, ca, by)
	_, _, cert, key := made("client", 3, ca, by)
	pair, err := tls.LoadX509KeyPair(serverCert, serverKey)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	return credentials{caFile, cert, key, &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert}}
}

// picky lets in whom knows the token, in a header and in the query, and offers v1.
func picky(token string) *yours {
	var y yours
	y.upgrader = ws.Upgrader{
		OnRequest: func(uri []byte) error {
			if string(uri) != "/chat?room=1&token="+token {
				return ws.RejectConnectionError(ws.RejectionStatus(http.StatusForbidden))
			}
			return nil
		},
		Protocol: func(name []byte) bool { return string(name) == "v1.chat" },
	}
	y.serve = func(c net.Conn, _ int64) {
		messages(c, func(b []byte) { _ = wsutil.WriteServerText(c, b) })
	}
	return &y
}

const token = "s3cr3t-t0ken/+="

const guarded = `
scenario: guarded
targets:
  mine:
    url: "wss://%s/chat?room=1&token=${TOKEN}"
    headers: {Authorization: "Bearer ${TOKEN}", X-Tenant: acme}
    subprotocols: [v2.chat, v1.chat]
    tls: {ca: %s, server_name: chat.internal, cert: %s, key: %s, min_version: "1.3"}
clients: {count: 8, ramp: 100ms, policy: {base: default, ` + swift + `}}
load: {pattern: echo, rate: 80/s, payload: '{"n": {id}}'}
faults: [{name: cut, inject: reset, expect: [reset]}]
gates: [messages.lost == 0, latency.p50 > 0s]
`

// TestServerThatWantsToKnowWho goes over TLS, through the fault proxy, to a server that wants
// a client's certificate, a token and a subprotocol; of the token nothing is left behind.
func TestServerThatWantsToKnowWho(t *testing.T) {
	t.Parallel()
	files := newCredentials(t)
	y := picky(token)
	var unauthorised atomic.Int64
	y.upgrader.OnHeader = func(key, value []byte) error {
		if string(key) == "Authorization" && string(value) != "Bearer "+token {
			unauthorised.Add(1)
			return ws.RejectConnectionError(ws.RejectionStatus(http.StatusUnauthorized))
		}
		return nil
	}
	y.listen(t, files.server)
	text := fmt.Sprintf(guarded, y.addr, files.ca, files.cert, files.key) + soon
	env := map[string]string{"TOKEN": token}
	s := against(t, text, env)
	w := inprocess.New(t)
	w.Judge(s, func(t testing.TB, sum *report.Summary) {
		assert.Zero(t, unauthorised.Load())
		assert.Equal(t, []report.Access{{
			Target: "mine", Headers: []string{"Authorization", "X-Tenant"}, Offered: []string{"v2.chat", "v1.chat"}, Subprotocol: "v1.chat",
			TLS: "authorities of authority.pem, server name chat.internal, client certificate client.pem, 1.3 at least",
		}}, sum.Run.Access)
		assert.Equal(t, 8, sum.Recovery.Healed)
		assert.Equal(t, "confirmed", sum.Faults[0].State, sum.Faults[0].Why)
		held(t, sum)
		for _, left := range []string{w.Journal.String(), w.Latency.String(), string(s.YAML())} {
			assert.NotContains(t, left, "s3cr3t")
		}
	})

	// What keeps a run from beginning is one clear error, without the token.
	for name, test := range map[string]struct{ from, to, want string }{
		"another token":        {"Bearer ${TOKEN}", "Bearer nobody", "answered the upgrade with HTTP 401, expected 101; credentials go into targets.mine.headers"},
		"another query":        {"room=1", "room=2", "answered the upgrade with HTTP 403"},
		"no subprotocol":       {"[v2.chat, v1.chat]", "[v3.chat]", "chose no subprotocol, expected one of v3.chat"},
		"no authority":         {"ca: " + files.ca + ", ", "", "certificate signed by unknown authority"},
		"another name":         {"server_name: chat.internal", "server_name: elsewhere.internal", "certificate is valid for chat.internal, not elsewhere.internal"},
		"no certificate of us": {", cert: " + files.cert + ", key: " + files.key, "", "certificate required"},
	} {
		changed := strings.ReplaceAll(text, test.from, test.to)
		require.NotEqual(t, text, changed, name)
		err := engine.Run(t.Context(), against(t, changed, env), inprocess.New(t).Env())
		require.ErrorContains(t, err, test.want, name)
		assert.ErrorContains(t, err, "target mine: ", name)
		assert.ErrorContains(t, err, "token=${TOKEN}", name)
		assert.NotContains(t, err.Error(), "s3cr3t", name)
	}
}

// TestCertificateThatIsNotVerified is accepted where the scenario says so, and the report says
// that, too.
func TestCertificateThatIsNotVerified(t *testing.T) {
	t.Parallel()
	files := newCredentials(t)
	files.server.ClientAuth = tls.NoClientCert
	y := picky(token)
	y.listen(t, files.server)
	s := against(t, `
scenario: trusting
targets: {mine: {url: "wss://`+y.addr+`/chat?room=1&token=`+token+`", subprotocols: [v1.chat], tls: {insecure_skip_verify: true}}}
clients: {count: 2, ramp: 100ms}
load: {rate: 20/s}
phases: {warmup: 300ms, baseline: 300ms, chaos: 0, recovery: 0}
`, nil)
	w := inprocess.New(t)
	require.NoError(t, engine.Run(t.Context(), s, w.Env()))
	sum, err := report.Build(&w.Journal, &w.Latency)
	require.NoError(t, err)
	require.Len(t, sum.Run.Access, 1)
	assert.True(t, sum.Run.Access[0].Insecure)
	assert.Contains(t, strings.Join(sum.Warnings, "\n"), "target mine: certificate not verified (insecure_skip_verify)")
}

// TestServerThatForgetsItsSubprotocol: a reconnect that is let in without one is a failed
// attempt, and the report says why.
func TestServerThatForgetsItsSubprotocol(t *testing.T) {
	t.Parallel()
	var y yours
	y.upgrader.Protocol = func([]byte) bool { return y.admitted.Load() < 3 } // the probe and both clients
	y.serve = func(c net.Conn, _ int64) {
		messages(c, func(b []byte) { _ = wsutil.WriteServerText(c, b) })
	}
	y.listen(t, nil)
	s := against(t, `
scenario: forgetful
targets: {mine: {url: "ws://`+y.addr+`/", subprotocols: [v1.chat]}}
clients: {count: 2, ramp: 100ms, policy: {base: default, `+swift+`}}
load: {pattern: none}
faults: [{name: cut, inject: reset}]
`+soon, nil)
	inprocess.New(t).Judge(s, func(t testing.TB, sum *report.Summary) {
		var notes, causes []string
		for _, e := range sum.Events {
			if e.Kind == "note" {
				notes = append(notes, e.Text)
			}
		}
		for _, c := range sum.Causes {
			causes = append(causes, c.Event+": "+c.Cause)
		}
		assert.Contains(t, notes, "target mine: the server chose no subprotocol, expected one of v1.chat")
		assert.Contains(t, causes, "failed: protocol")
		y.admitted.Store(0)
	})
}
