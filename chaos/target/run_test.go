package target

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// running starts Run and waits for its hello.
func running(t *testing.T, o Options) Hello {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, o, w) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
	})
	line, err := bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err)
	var hello Hello
	require.NoError(t, json.Unmarshal([]byte(line), &hello))
	return hello
}

func TestRun(t *testing.T) {
	hello := running(t, Options{})
	assert.True(t, strings.HasPrefix(hello.Listen, "127.0.0.1:"), hello.Listen)
	assert.True(t, strings.HasPrefix(hello.Control, "127.0.0.1:"), hello.Control)
	assert.NotEqual(t, hello.Listen, hello.Control)

	dialer := ws.Dialer{Header: ws.HandshakeHeaderHTTP(http.Header{"X-Wsheal-Client": {"4711/9"}})}
	conn, _, _, err := dialer.Dial(t.Context(), hello.URL())
	require.NoError(t, err)
	_, err = conn.Write(masked(ws.NewTextFrame([]byte("hi"))))
	require.NoError(t, err)
	_, err = ws.ReadHeader(conn)
	require.NoError(t, err)

	sessions, err := ReadSessions(t.Context(), hello.Control)
	require.NoError(t, err)
	assert.Equal(t, []Session{{Client: 4711, Generation: 9}}, sessions)

	require.NoError(t, conn.Close())
	require.Eventually(t, func() bool {
		s, err := ReadStats(t.Context(), hello.Control)
		return assert.NoError(t, err) && s == Stats{Accepted: 1, Upgraded: 1, Messages: 1}
	}, time.Minute, time.Millisecond)
	sessions, err = ReadSessions(t.Context(), hello.Control)
	require.NoError(t, err)
	assert.Empty(t, sessions)
}

func TestReadStatsOfWhatIsNone(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sessions" {
			_, _ = io.WriteString(w, "<html>")
			return
		}
		http.NotFound(w, r)
	})}
	go web.Serve(ln)
	defer web.Close()
	_, err = ReadStats(t.Context(), ln.Addr().String())
	require.ErrorContains(t, err, "/stats: HTTP 404")
	_, err = ReadSessions(t.Context(), ln.Addr().String())
	require.ErrorContains(t, err, "/sessions: invalid character")

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = ReadStats(ended, ln.Addr().String())
	require.ErrorIs(t, err, context.Canceled)
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	var hello strings.Builder
	for _, o := range []Options{
		{Listen: taken.Addr().String()},
		{Control: taken.Addr().String()},
		{MaxMessage: -1},
	} {
		require.Error(t, Run(t.Context(), o, &hello))
	}
	assert.Empty(t, hello.String())
}

func TestOptionsAreJudgedAllAtOnce(t *testing.T) {
	o := Options{
		Listen: "0.0.0.0:80", Control: "nonsense", MaxMessage: -1, RequestTimeout: -1, WriteTimeout: -1,
		Handshake: Handshake{Workers: -1, Cost: -1, Queue: -1, Overflow: "504", RetryAfter: 1500 * time.Millisecond},
	}
	_, err := New(o)
	var fields []string
	for line := range strings.Lines(err.Error()) {
		field, _, _ := strings.Cut(line, ": ")
		fields = append(fields, field)
	}
	assert.ElementsMatch(t, []string{
		"listen", "control", "max_message", "request_timeout", "write_timeout", "handshake.workers",
		"handshake.cost", "handshake.queue", "handshake.overflow", "handshake.retry_after",
	}, fields)

	_, err = New(Options{Handshake: Handshake{Queue: 5}})
	require.ErrorContains(t, err, "handshake.queue: 5, expected workers as well")
}

func TestOnlyLoopbackUnlessAllowed(t *testing.T) {
	for addr, ok := range map[string]bool{
		"127.0.0.1:0": true, "127.8.8.8:1": true, "[::1]:0": true, "localhost:0": true,
		":0": false, "0.0.0.0:0": false, "[::]:0": false, "10.0.0.1:0": false, "example.com:80": false,
	} {
		assert.Equal(t, ok, Options{Listen: addr}.validate() == nil, addr)
		assert.Equal(t, ok, Options{Control: addr}.validate() == nil, addr)
		assert.NoError(t, Options{Listen: addr, Control: addr, AllowRemote: true}.validate(), addr)
	}
}

// The options travel to the child as one JSON argument.
func TestOptionsSurviveJSON(t *testing.T) {
	o := Options{
		Listen: "127.0.0.1:1", Control: "127.0.0.1:2", AllowRemote: true, MaxMessage: 3, RequestTimeout: 4, WriteTimeout: 5,
		Handshake: Handshake{
			Workers: 6, Cost: 7, Burn: true, Queue: 8, Overflow: "hang", RetryAfter: 9, LIFO: true, StaleWork: true,
		},
	}
	b, err := json.Marshal(o)
	require.NoError(t, err)
	var back Options
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, o, back)
}
