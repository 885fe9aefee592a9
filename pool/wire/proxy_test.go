package wire

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/echo"
	"github.com/wsheal/wsheal/pool/heal"
)

// proxyAt sends everything through one proxy.
func proxyAt(address string) func(*url.URL) (*url.URL, error) {
	return func(*url.URL) (*url.URL, error) { return url.Parse(address) }
}

// tunnelling is an HTTP proxy that connects to one address whatever it is asked.
func tunnelling(t testing.TB, to string, asked chan<- *http.Request) func(net.Conn) {
	return func(c net.Conn) {
		in := bufio.NewReader(c)
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		asked <- r
		far, err := net.Dial("tcp", to)
		if !assert.NoError(t, err) {
			return
		}
		defer far.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
		var both sync.WaitGroup
		both.Go(func() {
			_, _ = io.Copy(far, in)
			_ = far.(*net.TCPConn).CloseWrite()
		})
		_, _ = io.Copy(c, far)
		_ = c.Close()
		both.Wait()
	}
}

// echoes sends a message there and back.
func echoes(t testing.TB, c *Conn) {
	t.Helper()
	for _, payload := range [][]byte{[]byte("hello"), make([]byte, 100_000)} {
		_, _, err := c.Write(c.AppendMessage(nil, ws.OpBinary, payload), patience)
		require.NoError(t, err)
		for got := []byte(nil); len(got) < len(payload); { // the echo may come in as many messages as it has frames
			f, err := c.Read()
			require.NoError(t, err)
			got = append(got, f.Payload...)
		}
	}
}

func TestThroughAProxy(t *testing.T) {
	plain := tcp(t, upgraded(func(c *net.TCPConn) { echo.Serve(c) }))
	secure, roots := encrypted(t, nil, func(c *tls.Conn) { echo.Serve(c) })
	lender := certificate(t)
	for _, test := range []struct {
		name, url, to, asked string
		address              netip.AddrPort
		secureProxy          bool
	}{
		{name: "ws", url: "ws://service.test/path", to: plain, asked: "service.test:80"},
		{name: "ws to an address", url: "ws://service.test/path", to: plain, asked: "10.1.2.3:81", address: netip.MustParseAddrPort("10.1.2.3:81")},
		{name: "wss", url: "wss://example.com:8443", to: secure, asked: "example.com:8443"},
		{name: "ws through TLS", url: "ws://service.test/path", to: plain, asked: "service.test:80", secureProxy: true},
		{name: "wss through TLS", url: "wss://example.com", to: secure, asked: "example.com:443", secureProxy: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			asked := make(chan *http.Request, 1)
			tunnel := tunnelling(t, test.to, asked)
			proxy := "http://user:p%40ss@"
			if test.secureProxy {
				proxy = "https://user:p%40ss@"
				tunnel = func(inner func(net.Conn)) func(net.Conn) {
					return func(c net.Conn) { inner(tls.Server(c, &tls.Config{Certificates: lender})) }
				}(tunnel)
			}
			proxy += sockets().serve(t, tunnel)
			d := &Dialer{Proxy: proxyAt(proxy), TLS: &tls.Config{RootCAs: roots}}
			c := dial(t, d, Request{URL: test.url, Address: test.address})
			echoes(t, c)
			got := <-asked
			assert.Equal(t, "CONNECT "+test.asked, got.Method+" "+got.Host)
			assert.Equal(t, []string{"Basic dXNlcjpwQHNz"}, got.Header["Proxy-Authorization"])
		})
	}
}

// TestTheProxyHasANameOfItsOwn looks at what a proxy is asked for over TLS when the
// certificate's name was given for the server.
func TestTheProxyHasANameOfItsOwn(t *testing.T) {
	names := make(chan string, 1)
	config := &tls.Config{Certificates: certificate(t), GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		names <- hello.ServerName
		return nil, nil
	}}
	proxy := "https://localhost:" + portIn(tcp(t, func(c *net.TCPConn) { _ = tls.Server(c, config).Handshake() }))
	d := &Dialer{Proxy: proxyAt(proxy), TLS: &tls.Config{ServerName: "example.com", InsecureSkipVerify: true}}
	refused(t, t.Context(), d, Request{URL: "wss://service.test"})
	assert.Equal(t, "localhost", <-names)
}

func portIn(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

func TestProxiesThatRefuse(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		want   Error
		text   string
	}{
		"no credentials": {
			"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
			Error{Cause: heal.Status, Code: 407},
			"it answered 407 Proxy Authentication Required",
		},
		"nobody there": {
			"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\n\r\n",
			Error{Cause: heal.Status, Code: 503, RetryAfter: 3 * time.Second},
			"it answered 503 Service Unavailable",
		},
		"no proxy at all":      {"SSH-2.0-OpenSSH_9.6\r\n", Error{Cause: heal.Protocol}, "malformed"},
		"bytes of its own":     {"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n", Error{Cause: heal.Protocol}, "before it was spoken to"},
		"the end of the world": {"", Error{Cause: heal.EOF}, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			address := tcp(t, func(c *net.TCPConn) {
				_, _ = request(c)
				_, _ = io.WriteString(c, test.answer)
			})
			e := refused(t, t.Context(), &Dialer{Proxy: proxyAt("http://u:secret@" + address)}, Request{URL: "ws://service.test"})
			assert.ErrorContains(t, e, "dial ws://service.test: proxy http://u:xxxxx@"+address+": ")
			assert.ErrorContains(t, e, test.text)
			e.URL, e.Err = "", nil
			assert.Equal(t, &test.want, e)
		})
	}
	e := refused(t, t.Context(), &Dialer{Proxy: proxyAt("socks5://a:1")}, Request{URL: "ws://service.test"})
	assert.EqualError(t, e, `dial ws://service.test: proxy socks5://a:1: scheme "socks5": expected http or https`)
}

// showProxies, set in the environment, makes the test binary print the proxies of some
// URLs: net/http reads its environment once per process.
const showProxies = "WSHEAL_WIRE_TEST_SHOW_PROXIES"

var environed = []string{"ws://a.test", "wss://a.test", "ws://127.0.0.1:80", "wss://in.house.test"}

func TestTheEnvironmentNamesTheProxy(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), showProxies+"=1", "HTTP_PROXY=http://plain.test:1", "HTTPS_PROXY=https://u:p@secure.test:2", "NO_PROXY=.house.test")
	out, err := cmd.Output()
	require.NoError(t, err)
	assert.Equal(t, "http://plain.test:1\nhttps://u:p@secure.test:2\nnone\nnone\n", string(out))
}
