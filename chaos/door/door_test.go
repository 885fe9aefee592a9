package door

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

// request is an upgrade with the key of the example of RFC 6455 1.3.
const request = "GET /chat?token=abc HTTP/1.1\r\nHost: target\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

const rfcAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// visit lets a rule receive a caller with a head, and the caller's end of the connection do
// something meanwhile.
func visit(t *testing.T, r Rule, head string, over bool, client func(net.Conn)) (enters bool, counted map[string]int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if over {
		cancel()
	}
	here, there := net.Pipe()
	left := make(chan struct{})
	go func() {
		defer close(left)
		client(there)
		_ = there.Close()
	}()
	counted = map[string]int{}
	enters = r.Receive(&Caller{
		Context: ctx, Conn: here, Head: []byte(head),
		TooMany: func(max int) bool { return max < 10 },
		Act: func(counter string, do func() bool) bool {
			if ctx.Err() != nil {
				return false
			}
			if do() {
				counted[counter]++
			}
			return true
		},
	})
	if !enters {
		_ = here.Close()
	}
	<-left
	return enters, counted
}

// answered is the response that a rule gives to the request, with its body.
func answered(t *testing.T, r Rule) (*http.Response, string) {
	t.Helper()
	var res *http.Response
	var body []byte
	enters, counted := visit(t, r, request, false, func(c net.Conn) {
		var err error
		if res, err = http.ReadResponse(bufio.NewReader(c), nil); assert.NoError(t, err) && res.StatusCode != http.StatusSwitchingProtocols {
			body, err = io.ReadAll(res.Body)
			assert.NoError(t, err)
		}
	})
	assert.False(t, enters)
	assert.Len(t, counted, 1)
	require.NotNil(t, res)
	return res, string(body)
}

func TestRejection(t *testing.T) {
	res, body := answered(t, UpgradeReject{chaos.UpgradeReject{Status: 503, RetryAfter: 90 * time.Second, Body: "later"}})
	assert.Equal(t, 503, res.StatusCode)
	assert.Equal(t, "90", res.Header.Get("Retry-After"), "whole seconds")
	assert.Equal(t, "later", body)
	assert.True(t, res.Close)

	res, _ = answered(t, UpgradeReject{chaos.UpgradeReject{Status: 401}})
	assert.Equal(t, 401, res.StatusCode)
	assert.Empty(t, res.Header.Values("Retry-After"))
	assert.Equal(t, "Bearer", res.Header.Get("WWW-Authenticate"))
}

func TestWrongAnswers(t *testing.T) {
	for how, want := range map[string]struct {
		status                        int
		upgrade, accept, subprotocols string
	}{
		chaos.WrongKey:       {101, "websocket", accepted("of another request"), ""},
		chaos.MissingUpgrade: {101, "", rfcAccept, ""},
		chaos.BadSubprotocol: {101, "websocket", rfcAccept, "nobody-offered-this"},
		chaos.HTTP200:        {200, "", "", ""},
	} {
		res, _ := answered(t, BadAccept{chaos.BadAccept{How: how}})
		assert.Equal(t, want.status, res.StatusCode, how)
		assert.Equal(t, want.upgrade, res.Header.Get("Upgrade"), how)
		assert.Equal(t, want.accept, res.Header.Get("Sec-WebSocket-Accept"), how)
		assert.Equal(t, want.subprotocols, res.Header.Get("Sec-WebSocket-Protocol"), how)
	}
	assert.NotEqual(t, rfcAccept, accepted("of another request"))
}

// TestAcceptThenClose accepts by the book, and the close frame follows.
func TestAcceptThenClose(t *testing.T) {
	var res *http.Response
	frame := make([]byte, 4)
	enters, counted := visit(t, AcceptThenClose{chaos.AcceptThenClose{Code: 1013}}, request, false, func(c net.Conn) {
		r := bufio.NewReader(c)
		var err error
		res, err = http.ReadResponse(r, nil)
		assert.NoError(t, err)
		_, err = io.ReadFull(r, frame)
		assert.NoError(t, err)
	})
	assert.False(t, enters)
	assert.Equal(t, map[string]int{"closed": 1}, counted)
	assert.Equal(t, rfcAccept, res.Header.Get("Sec-WebSocket-Accept"))
	assert.Equal(t, []byte{0x88, 2, 0x03, 0xf5}, frame)
}

// TestLeavesBeforeItIsClosed: what the caller did itself is not counted as done.
func TestLeavesBeforeItIsClosed(t *testing.T) {
	enters, counted := visit(t, AcceptThenClose{chaos.AcceptThenClose{Code: 1011, After: time.Hour}}, request, false, func(c net.Conn) {
		_, err := http.ReadResponse(bufio.NewReader(c), nil)
		assert.NoError(t, err)
	})
	assert.False(t, enters)
	assert.Empty(t, counted)
}

// TestNothingIsDoneWhenItIsOver: whoever stands at the door then goes in.
func TestNothingIsDoneWhenItIsOver(t *testing.T) {
	for _, r := range []Rule{
		AcceptHang{},
		UpgradeReject{chaos.UpgradeReject{Status: 503}},
		BadAccept{},
		SlowHandshake{chaos.SlowHandshake{Delay: time.Hour}},
		ConnLimit{chaos.ConnLimit{Max: 1}},
		ConnLimit{chaos.ConnLimit{Max: 1, Over: chaos.OverHang}},
		ConnLimit{chaos.ConnLimit{Max: 1, Over: chaos.OverRefuse}},
		ConnLimit{chaos.ConnLimit{Max: 1, Over: chaos.Over1013}},
		AuthExpire{Expired: func(string) bool { return true }},
	} {
		enters, counted := visit(t, r, request, true, func(net.Conn) {})
		assert.True(t, enters, "%T", r)
		assert.Empty(t, counted, "%T", r)
	}
}

// TestWhatIsNoUpgradeIsTheTargetsToJudge.
func TestWhatIsNoUpgradeIsTheTargetsToJudge(t *testing.T) {
	for _, head := range []string{"GET / HTTP/1.1\r\nHost: target\r\n\r\n", "GET nonsense\r\n\r\n", ""} {
		for _, r := range []Rule{
			UpgradeReject{chaos.UpgradeReject{Status: 503}},
			BadAccept{},
			AcceptThenClose{},
			AuthExpire{Expired: func(string) bool { return true }},
		} {
			enters, counted := visit(t, r, head, false, func(net.Conn) {})
			assert.True(t, enters, "%T %q", r, head)
			assert.Empty(t, counted)
		}
	}
}

func TestLimit(t *testing.T) {
	enters, counted := visit(t, ConnLimit{chaos.ConnLimit{Max: 10}}, request, false, func(net.Conn) {})
	assert.True(t, enters, "there is room")
	assert.Empty(t, counted)
	res, _ := answered(t, ConnLimit{chaos.ConnLimit{Max: 9}})
	assert.Equal(t, 503, res.StatusCode)
}

// TestHangEndsWithTheFault, or with the caller, whichever is first; and not before.
func TestHangEndsWithTheFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Hour)
		defer cancel()
		here, there := net.Pipe()
		defer there.Close()
		enters := AcceptHang{}.Receive(&Caller{Context: ctx, Conn: here, Act: func(_ string, do func() bool) bool { return do() }})
		assert.False(t, enters)
		assert.Equal(t, 20*time.Hour, time.Since(began))
	})
	enters, counted := visit(t, AcceptHang{}, request, false, func(c net.Conn) { _, _ = c.Write([]byte("anybody?")) })
	assert.False(t, enters)
	assert.Equal(t, map[string]int{"hung": 1}, counted)
}

// TestAnswerComesInDrops: each byte but the last is waited for, until the fault is over.
func TestAnswerComesInDrops(t *testing.T) {
	const answer = "HTTP/1.1 101 Switching Protocols\r\n\r\n"
	for _, c := range []struct{ lasts, took time.Duration }{
		{time.Hour, time.Duration(len(answer)-1) * 10 * time.Millisecond},
		{100 * time.Millisecond, 100 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), c.lasts)
			defer cancel()
			here, there := net.Pipe()
			got := make(chan string)
			go func() {
				b, _ := io.ReadAll(there)
				got <- string(b)
			}()
			caller := &Caller{Context: ctx, Conn: here, Act: func(_ string, do func() bool) bool { return do() }}
			assert.NoError(t, SlowHandshake{chaos.SlowHandshake{Rate: 100}}.Write(caller, here, []byte(answer)))
			assert.Equal(t, c.took, time.Since(began))
			assert.NoError(t, here.Close())
			assert.Equal(t, answer, <-got)
		})
	}
}

// TestSlowedIsCountedOnce, whether by a delay, by a rate, or by both.
func TestSlowedIsCountedOnce(t *testing.T) {
	for _, e := range []chaos.SlowHandshake{{Delay: 1}, {Rate: 1 << 20}, {Delay: 1, Rate: 1 << 20}} {
		here, there := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, there) }()
		counted := 0
		caller := &Caller{Context: t.Context(), Conn: here, Act: func(_ string, do func() bool) bool {
			counted++
			return do()
		}}
		r := SlowHandshake{e}
		assert.True(t, r.Receive(caller))
		assert.NoError(t, r.Write(caller, here, []byte("HTTP")))
		assert.Equal(t, 1, counted, "%v", e)
		assert.NoError(t, here.Close())
	}
}

func TestToken(t *testing.T) {
	assert.Equal(t, "abc", Token([]byte(request)))
	assert.Equal(t, "Bearer xyz", Token([]byte(strings.Replace(request, "Host:", "authorization: Bearer xyz\r\nHost:", 1))))
	assert.Equal(t, "abc", Token([]byte(strings.Replace(request, "token=", "access_token=", 1))))
	assert.Empty(t, Token([]byte(strings.Replace(request, "token=", "tokens=", 1))))
	assert.Empty(t, Token(nil))
}
