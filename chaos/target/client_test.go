package target

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/wsheal/wsheal/internal/memnet"
)

func TestMain(m *testing.M) {
	if os.Getenv(fewEnv) != "" {
		os.Exit(few())
	}
	goleak.VerifyTestMain(m)
}

// world is a server and the way to dial it.
type world struct {
	*Server
	t    *testing.T
	dial func() (net.Conn, error)
	stop func() // and wait for the end
}

// inMemory starts a server on the in-memory network, for use inside a bubble.
func inMemory(t *testing.T, o Options) *world {
	t.Helper()
	var n memnet.Network
	ln, err := n.Listen("target:1")
	require.NoError(t, err)
	return serve(t, o, ln, func() (net.Conn, error) { return n.DialContext(context.Background(), "tcp", "target:1") })
}

// onSockets starts a server on a loopback port.
func onSockets(t *testing.T, o Options) *world {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return serve(t, o, ln, func() (net.Conn, error) { return net.Dial("tcp", ln.Addr().String()) })
}

func serve(t *testing.T, o Options, ln net.Listener, dial func() (net.Conn, error)) *world {
	t.Helper()
	s, err := New(o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { assert.NoError(t, s.Serve(ctx, ln)) })
	w := &world{Server: s, t: t, dial: dial, stop: func() { cancel(); running.Wait() }}
	t.Cleanup(w.stop)
	return w
}

// peer is a client of the server that sends and reads raw frames.
type peer struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func (w *world) connect() *peer {
	w.t.Helper()
	conn, err := w.dial()
	require.NoError(w.t, err)
	w.t.Cleanup(func() { conn.Close() })
	return &peer{t: w.t, conn: conn, r: bufio.NewReader(conn)}
}

func requestOf(client string) string {
	return "GET /chat HTTP/1.1\r\nHost: target\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		"X-Wsheal-Client: " + client + "\r\n\r\n"
}

func (p *peer) send(s string) {
	p.t.Helper()
	_, err := io.WriteString(p.conn, s)
	require.NoError(p.t, err)
}

// response reads an HTTP response.
func (p *peer) response() (*http.Response, error) {
	res, err := http.ReadResponse(p.r, nil)
	if err == nil {
		res.Body.Close()
	}
	return res, err
}

// upgraded connects and upgrades, or fails the test.
func (w *world) upgraded(client string) *peer {
	w.t.Helper()
	p := w.connect()
	p.send(requestOf(client))
	res, err := p.response()
	require.NoError(w.t, err)
	require.Equal(w.t, http.StatusSwitchingProtocols, res.StatusCode)
	require.Equal(w.t, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", res.Header.Get("Sec-WebSocket-Accept"), "the example of RFC 6455 1.3")
	return p
}

func masked(f ws.Frame) []byte {
	b, err := ws.CompileFrame(ws.MaskFrameWith(f, [4]byte{1, 2, 3, 4}))
	if err != nil {
		panic(err)
	}
	return b
}

func (p *peer) frame(op ws.OpCode, fin bool, payload string) {
	p.t.Helper()
	p.send(string(masked(ws.NewFrame(op, fin, []byte(payload)))))
}

// want reads one frame and compares it.
func (p *peer) want(op ws.OpCode, fin bool, payload string) {
	p.t.Helper()
	h, err := ws.ReadHeader(p.r)
	require.NoError(p.t, err)
	body := make([]byte, h.Length)
	_, err = io.ReadFull(p.r, body)
	require.NoError(p.t, err)
	require.Equal(p.t, ws.Header{Fin: fin, OpCode: op, Length: int64(len(payload))}, h)
	require.True(p.t, payload == string(body), "the payload of %d bytes came back changed", len(payload))
}

// wantEnd reads the orderly end of the stream.
func (p *peer) wantEnd() {
	p.t.Helper()
	_, err := p.r.ReadByte()
	require.ErrorIs(p.t, err, io.EOF)
}

func closeBody(code int, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason
}

func name(i int) string { return fmt.Sprintf("%d/1", i) }
