package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

func TestURLs(t *testing.T) {
	for url, want := range map[string]string{
		"http://a":          `dial http://a: scheme "http": expected ws or wss`,
		"ws://":             "dial ws://: no host",
		"ws://bücher.test":  `dial ws://bücher.test: host "bücher.test": expected ASCII, names of other scripts in their xn-- form`,
		"ws://u:secret@a b": `dial …@a b: invalid character " " in host name`,
		"ws://a:port":       `dial ws://a:port: invalid port ":port" after host`,
		"ftp://u:secret@a/": `dial ftp://u:xxxxx@a/: scheme "ftp": expected ws or wss`,
	} {
		e := refused(t, t.Context(), &Dialer{}, Request{URL: url})
		if strings.HasPrefix(url, "ftp") {
			assert.NotContains(t, e.Error(), "secret")
			continue
		}
		assert.EqualError(t, e, want)
		assert.Equal(t, heal.Unknown, e.Cause)
	}
}

// TestTheRequest looks at what a server is asked.
func TestTheRequest(t *testing.T) {
	asked := make(chan *http.Request, 1)
	address := tcp(t, func(c *net.TCPConn) {
		r, err := request(c)
		if assert.NoError(t, err) {
			asked <- r
		}
	})
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	header := http.Header{
		"X-Wsheal-Client": {"7/1"}, "Cookie": {"a=b"}, "X-Odd": {"a\r\nX-Injected: b"},
		"Connection": {"close"}, "Sec-Websocket-Key": {"mine"}, "bad name": {"x"},
	}
	d := &Dialer{Subprotocols: []string{"v2", "v1"}, Deflate: true}
	r := Request{URL: "ws://user:pass@service.test:" + port + "/path?q=1", Address: netip.MustParseAddrPort(address), Header: header}
	e := refused(t, t.Context(), d, r)
	assert.Equal(t, heal.EOF, e.Cause)
	assert.Equal(t, "ws://user:xxxxx@service.test:"+port+"/path?q=1", e.URL)
	got := <-asked
	assert.Equal(t, "GET /path?q=1 HTTP/1.1", got.Method+" "+got.RequestURI+" "+got.Proto)
	assert.Equal(t, "service.test:"+port, got.Host)
	key := got.Header.Get("Sec-Websocket-Key")
	assert.Len(t, key, 24)
	got.Header.Del("Sec-Websocket-Key")
	assert.Equal(t, http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Protocol": {"v2,v1"}, "Sec-Websocket-Extensions": {deflateOffer},
		"Authorization": {"Basic dXNlcjpwYXNz"}, "Cookie": {"a=b"}, "X-Wsheal-Client": {"7/1"}, "X-Odd": {"a  X-Injected: b"},
	}, got.Header)

	r.Header = http.Header{"host": {"virtual.test"}, "authorization": {"Bearer token"}, "sec-websocket-key": {"mine"}}
	refused(t, t.Context(), &Dialer{}, r)
	got = <-asked
	assert.Equal(t, "virtual.test", got.Host, "and there is no other, which a server would refuse")
	assert.Equal(t, []string{"Bearer token"}, got.Header["Authorization"])
	assert.Len(t, got.Header["Sec-Websocket-Key"], 1)

	header = http.Header{"Host": {"virtual.test"}, "Authorization": {"Bearer token"}}
	r.Header = header
	refused(t, t.Context(), &Dialer{}, r)
	got = <-asked
	assert.Equal(t, "virtual.test", got.Host)
	assert.NotEqual(t, key, got.Header.Get("Sec-Websocket-Key"))
	assert.Equal(t, []string{"Bearer token"}, got.Header["Authorization"])
	assert.Equal(t, http.Header{"Host": {"virtual.test"}, "Authorization": {"Bearer token"}}, header, "the caller's is left alone")
}

// answering serves connections by an answer in which {accept} is the right one.
func answering(t testing.TB, answer string) (url string) {
	return "ws://" + tcp(t, func(c *net.TCPConn) {
		r, err := request(c)
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, strings.ReplaceAll(answer, "{accept}", acceptOf(r.Header.Get("Sec-Websocket-Key"))))
		_ = c.CloseWrite()
		_, _ = io.Copy(io.Discard, c)
	})
}

// switching is a 101 with these headers beside those that are needed.
func switching(headers ...string) string {
	return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n" +
		strings.Join(append(headers, "\r\n"), "\r\n")
}

func TestAnswersThatUpgrade(t *testing.T) {
	for name, test := range map[string]struct{ answer, protocol, ahead string }{
		"plain":                  {answer: switching()},
		"other spellings":        {answer: "HTTP/1.1 101 x\r\nupgrade: WebSocket\r\nconnection: keep-alive, UPGRADE\r\nsec-websocket-accept: {accept}\r\n\r\n"},
		"a subprotocol":          {answer: switching("Sec-WebSocket-Protocol: v1"), protocol: "v1"},
		"a frame in the segment": {answer: switching() + string(frame(textFin, "first")), ahead: "first"},
		"many headers":           {answer: switching(strings.Repeat("X: y\r\n", 5000) + "Z: z")},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, &Dialer{Subprotocols: []string{"v2", "v1"}}, Request{URL: answering(t, test.answer)})
			assert.Equal(t, test.protocol, c.Subprotocol())
			assert.False(t, c.Deflates())
			assert.Equal(t, test.ahead != "", c.Inbound() != 0, "what came behind the 101 is evidence")
			want := heard{}
			if test.ahead != "" {
				want = texts(test.ahead)
			}
			assert.Equal(t, want, hear(c.Read))
		})
	}
}

func TestAnswersThatDoNot(t *testing.T) {
	status := func(line string, headers ...string) string {
		return "HTTP/1.1 " + line + "\r\n" + strings.Join(append(headers, "Content-Length: 0", "\r\n"), "\r\n")
	}
	for name, test := range map[string]struct {
		answer string
		want   Error
		text   string
	}{
		"busy": {
			status("503 Service Unavailable", "Retry-After: 17"),
			Error{Cause: heal.Status, Code: 503, RetryAfter: 17 * time.Second},
			"the server answered 503 Service Unavailable",
		},
		"too many": {status("429 Slow Down"), Error{Cause: heal.Status, Code: 429}, "the server answered 429 Slow Down"},
		"a redirect": {
			status("302 Found", "Location: https://elsewhere.test/"),
			Error{Cause: heal.Status, Code: 302},
			"the server answered 302 Found, which leads to https://elsewhere.test/: redirects are not followed",
		},
		"no upgrade at all":        {status("200 OK", "Location: /"), Error{Cause: heal.Status, Code: 200}, "the server answered 200 OK"},
		"not HTTP":                 {"SSH-2.0-OpenSSH_9.6\r\n", Error{Cause: heal.Protocol}, "malformed HTTP response"},
		"a status of letters":      {"HTTP/1.1 abc x\r\n\r\n", Error{Cause: heal.Protocol}, "malformed HTTP status"},
		"a header without a colon": {strings.Replace(switching("nonsense"), "101 Switching Protocols", "101 x", 1), Error{Cause: heal.Protocol}, "malformed"},
		"HTTP/1.0":                 {strings.Replace(switching(), "1.1", "1.0", 1), Error{Cause: heal.Protocol}, "an upgrade by HTTP/1.0"},
		"no Upgrade":               {strings.Replace(switching(), "Upgrade: websocket", "X: y", 1), Error{Cause: heal.Protocol}, `an upgrade to "": expected websocket`},
		"another Upgrade":          {strings.Replace(switching(), "Upgrade: websocket", "Upgrade: h2c", 1), Error{Cause: heal.Protocol}, `an upgrade to "h2c": expected websocket`},
		"no Connection":            {strings.Replace(switching(), "Connection: Upgrade", "Connection: close", 1), Error{Cause: heal.Protocol}, `header Connection is "": expected upgrade`},
		"no Accept":                {strings.Replace(switching(), "Sec-WebSocket-Accept: {accept}", "X: y", 1), Error{Cause: heal.Protocol}, "which does not answer our key"},
		"another Accept":           {strings.Replace(switching(), "{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 1), Error{Cause: heal.Protocol}, "which does not answer our key"},
		"Accept twice":             {switching("Sec-WebSocket-Accept: {accept}"), Error{Cause: heal.Protocol}, "which does not answer our key"},
		"a foreign subprotocol":    {switching("Sec-WebSocket-Protocol: v3"), Error{Cause: heal.Protocol}, `subprotocol "v3", which was not offered`},
		"two subprotocols":         {switching("Sec-WebSocket-Protocol: v1", "Sec-WebSocket-Protocol: v2"), Error{Cause: heal.Protocol}, `subprotocol "v1,v2"`},
		"an empty subprotocol":     {switching("Sec-WebSocket-Protocol:"), Error{Cause: heal.Protocol}, `subprotocol ""`},
		"an extension":             {switching("Sec-WebSocket-Extensions: permessage-deflate"), Error{Cause: heal.Protocol}, "which was not offered"},
		"cut off":                  {strings.TrimSuffix(switching(), "\r\n"), Error{Cause: heal.EOF}, "unexpected EOF"},
		"nothing":                  {"", Error{Cause: heal.EOF}, "unexpected EOF"},
		"too long":                 {switching(strings.Repeat("X: y\r\n", answerLimit/6)), Error{Cause: heal.Protocol}, "the answer is too long"},
		"one header too long":      {switching("X: " + strings.Repeat("y", answerLimit)), Error{Cause: heal.Protocol}, "the answer is too long"},
	} {
		t.Run(name, func(t *testing.T) {
			e := refused(t, t.Context(), &Dialer{Subprotocols: []string{"v2", "v1"}}, Request{URL: answering(t, test.answer)})
			assert.ErrorContains(t, e, test.text)
			var status ws.StatusError
			assert.Equal(t, test.want.Code != 0, errors.As(e, &status))
			assert.Equal(t, int(test.want.Code), int(status))
			e.URL, e.Err = "", nil
			assert.Equal(t, &test.want, e)
		})
	}
}

// TestNothingOutlastsTheContext hangs at each step of a dial.
func TestNothingOutlastsTheContext(t *testing.T) {
	silent := tcp(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) })
	hangs := map[string]func() (*Dialer, Request){
		"resolving": func() (*Dialer, Request) {
			return &Dialer{Resolve: func(ctx context.Context, _ string) ([]netip.Addr, error) {
				<-ctx.Done()
				return nil, &net.DNSError{Err: ctx.Err().Error(), IsTimeout: true}
			}}, Request{URL: "ws://name.test"}
		},
		"connecting": func() (*Dialer, Request) {
			return &Dialer{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}}, Request{URL: "ws://" + silent}
		},
		"TLS":     func() (*Dialer, Request) { return &Dialer{}, Request{URL: "wss://" + silent} },
		"upgrade": func() (*Dialer, Request) { return &Dialer{}, Request{URL: "ws://" + silent} },
		"upgrade in memory": func() (*Dialer, Request) {
			n := memory()
			return &Dialer{DialContext: n.dial}, Request{URL: "ws://" + n.serve(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })}
		},
		"proxy": func() (*Dialer, Request) {
			return &Dialer{Proxy: proxyAt("http://" + silent)}, Request{URL: "ws://a.test"}
		},
		"TLS proxy": func() (*Dialer, Request) {
			return &Dialer{Proxy: proxyAt("https://" + silent)}, Request{URL: "ws://a.test"}
		},
	}
	for name, hang := range hangs {
		t.Run(name, func(t *testing.T) {
			d, r := hang()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			want := heal.Timeout
			if name == "resolving" {
				want = heal.DNS
			}
			e := refused(t, ctx, d, r)
			assert.Equal(t, want, e.Cause, "%v", e)

			given, up := context.WithCancel(t.Context())
			time.AfterFunc(10*time.Millisecond, up)
			if e := refused(t, given, d, r); name != "resolving" {
				assert.ErrorIs(t, e, context.Canceled)
			}
		})
	}
}

// FuzzAnswer reads whatever a server may answer an upgrade with, however it is split: what
// comes in one piece is mostly read by usual, and what does not is by package net/http.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		switching(), switching() + "\x81\x01a", switching("Sec-WebSocket-Protocol: v1") + "\x81\x01a", switching("Upgrade: websocket"),
		switching("Content-Length: 1"), switching("Transfer-Encoding: chunked"), switching("X: y", " z"), switching("X : y"), switching("X:y"), switching("Sec-WebSocket-Extensions: " + deflateOffer),
		switching("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; server_max_window_bits=\"12\""),
		"HTTP/1.1 503 x\r\nRetry-After: 1\r\n\r\n", "HTTP/1.1 301 x\r\nLocation: /\r\n\r\n", "HTTP/1.1 101\r\nUpgrade: a\r\n b\r\n\r\n",
	} {
		f.Add(s, uint16(1))
		f.Add(s, uint16(4096))
	}
	to, err := newTarget("ws://a.test/")
	require.NoError(f, err)
	d := &Dialer{Subprotocols: []string{"v1"}, Deflate: true}
	f.Fuzz(func(t *testing.T, answer string, piece uint16) {
		outcome := func(piece int) string {
			c := &script{pieces: pieces{size: piece}, answer: answer}
			a, err := d.upgrade(c, to, Request{})
			if err != nil {
				cause, code := dialCause(err)
				require.NotEqual(t, heal.Unknown, cause, "%v", err)
				return fmt.Sprint(cause, code)
			}
			require.Contains(t, []string{"", "v1"}, a.subprotocol)
			rest, err := io.ReadAll(c)
			require.NoError(t, err)
			return fmt.Sprint(a.subprotocol, a.deflate, append(a.ahead, rest...))
		}
		require.Equal(t, outcome(1<<20), outcome(1+int(piece)))
	})
}

// TestUsualAnswers tells which answers are read without package net/http.
func TestUsualAnswers(t *testing.T) {
	key := newKey()
	for name, test := range map[string]struct {
		answer string
		usual  bool
	}{
		"plain":             {switching(), true},
		"with a name":       {switching("Server: nginx/1.27", "Date: Sun, 22 Nov 2026 10:01:00 GMT"), true},
		"in lower case":     {strings.ToLower(switching()[:70]) + switching()[70:], false}, // http/1.1
		"a frame behind it": {switching() + "\x81\x01a", true},
		"a subprotocol":     {switching("Sec-WebSocket-Protocol: v1"), false},
		"an extension":      {switching("Sec-WebSocket-Extensions: " + deflateOffer), false},
		"a length":          {switching("Content-Length: 0"), false},
		"Accept twice":      {switching("Sec-WebSocket-Accept: {accept}"), false},
		"continued":         {switching("X: y", " z"), false},
		"no header":         {switching("nonsense"), false},
		"another key":       {strings.Replace(switching(), "{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 1), false},
		"cut off":           {strings.TrimSuffix(switching(), "\n"), false},
		"not yet":           {strings.Replace(switching(), "101", "200", 1), false},
	} {
		a, ok := usual([]byte(strings.ReplaceAll(test.answer, "{accept}", acceptOf(string(key[:])))), key)
		assert.Equal(t, test.usual, ok, name)
		if name == "a frame behind it" {
			assert.Equal(t, "\x81\x01a", string(a.ahead))
		}
	}
}

// script is a connection that answers what is written to it.
type script struct {
	pieces
	answer string
}

func (s *script) Write(p []byte) (int, error) {
	_, key, _ := strings.Cut(string(p), "Sec-WebSocket-Key: ")
	key, _, _ = strings.Cut(key, "\r\n")
	s.rest = []byte(strings.ReplaceAll(s.answer, "{accept}", acceptOf(key)))
	return len(p), nil
}

// TestTheServerMustChoose: where a request offers subprotocols of its own, an answer without
// one of them is none.
func TestTheServerMustChoose(t *testing.T) {
	d := &Dialer{Subprotocols: []string{"v0"}}
	own := []string{"v2", "v1"}
	for name, answer := range map[string]string{
		"the usual answer": switching(),
		"another spelling": "HTTP/1.1 101 x\r\nupgrade: WebSocket\r\nconnection: keep-alive, UPGRADE\r\nsec-websocket-accept: {accept}\r\n\r\n",
	} {
		e := refused(t, t.Context(), d, Request{URL: answering(t, answer), Subprotocols: own})
		assert.Equal(t, heal.Protocol, e.Cause, name)
		assert.ErrorContains(t, e, "the server chose no subprotocol, expected one of v2, v1", name)
		_, unchosen := errors.AsType[*UnchosenError](error(e))
		assert.True(t, unchosen, name)
	}
	e := refused(t, t.Context(), d, Request{URL: answering(t, switching("Sec-WebSocket-Protocol: v0")), Subprotocols: own})
	assert.ErrorContains(t, e, `subprotocol "v0", which was not offered`, "the dialer's own are not offered then")
	c := dial(t, d, Request{URL: answering(t, switching("Sec-WebSocket-Protocol: v1")), Subprotocols: own})
	assert.Equal(t, "v1", c.Subprotocol())
}
