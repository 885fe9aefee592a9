package conformance

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	coder "github.com/coder/websocket"
	"github.com/gobwas/ws"
	gorilla "github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/memnet"
)

// limit is the largest message that the clients accept, bytes.
const limit = 70_000

const offer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// world is a network in memory with the servers on it.
type world struct {
	net     memnet.Network
	plans   chan plan
	replays chan replay
	echoed  chan said // what a server received
}

// replay is a stream that the raw server is to send, and where what the client does is to go.
type replay struct {
	deflate bool
	stream  []byte
	piece   int
	done    chan verdict
}

func newWorld(t testing.TB) *world {
	w := &world{plans: make(chan plan, 1), replays: make(chan replay, 1), echoed: make(chan said)}
	for name, handler := range map[string]http.HandlerFunc{
		"gorilla:80": w.gorilla, "coder:80": w.coder, "gorilla-sink:80": w.gorillaSink, "coder-sink:80": w.coderSink,
	} {
		l, err := w.net.Listen(name)
		require.NoError(t, err)
		s := httptest.Server{Listener: l, Config: &http.Server{Handler: handler}}
		s.Start()
		t.Cleanup(s.Close)
	}
	l, err := w.net.Listen("raw:80")
	require.NoError(t, err)
	var running sync.WaitGroup
	t.Cleanup(func() { l.Close(); running.Wait() })
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { w.raw(c.(*memnet.Conn)) })
		}
	})
	return w
}

// gorilla says a plan. Its messages have as many frames as its buffer makes of them.
func (w *world) gorilla(rw http.ResponseWriter, r *http.Request) {
	p := <-w.plans
	buffer := 4096
	if len(p.messages[0].pieces) > 1 {
		buffer = 64 + len(p.messages[0].pieces[0])
	}
	u := gorilla.Upgrader{EnableCompression: p.deflate, WriteBufferSize: buffer}
	c, err := u.Upgrade(rw, r, nil)
	if err != nil {
		return
	}
	defer c.Close()
	for _, m := range p.messages {
		kind := gorilla.BinaryMessage
		if m.text {
			kind = gorilla.TextMessage
		}
		out, err := c.NextWriter(kind)
		if err != nil {
			return
		}
		for _, piece := range m.pieces {
			_, _ = out.Write(piece)
		}
		_ = out.Close()
	}
}

// coder says a plan. Each piece is a frame, unless it is deflated.
func (w *world) coder(rw http.ResponseWriter, r *http.Request) {
	p := <-w.plans
	mode := coder.CompressionDisabled
	if p.deflate {
		mode = coder.CompressionNoContextTakeover
	}
	c, err := coder.Accept(rw, r, &coder.AcceptOptions{CompressionMode: mode, CompressionThreshold: 1})
	if err != nil {
		return
	}
	defer c.CloseNow()
	for _, m := range p.messages {
		kind := coder.MessageBinary
		if m.text {
			kind = coder.MessageText
		}
		out, err := c.Writer(r.Context(), kind)
		if err != nil {
			return
		}
		for _, piece := range m.pieces {
			_, _ = out.Write(piece)
		}
		_ = out.Close()
	}
}

func (w *world) gorillaSink(rw http.ResponseWriter, r *http.Request) {
	u := gorilla.Upgrader{EnableCompression: true}
	c, err := u.Upgrade(rw, r, nil)
	if err != nil {
		return
	}
	defer c.Close()
	for {
		kind, p, err := c.ReadMessage()
		if err != nil {
			return
		}
		w.echoed <- said{text: kind == gorilla.TextMessage, pieces: [][]byte{p}}
	}
}

func (w *world) coderSink(rw http.ResponseWriter, r *http.Request) {
	c, err := coder.Accept(rw, r, &coder.AcceptOptions{CompressionMode: coder.CompressionNoContextTakeover})
	if err != nil {
		return
	}
	defer c.CloseNow()
	c.SetReadLimit(-1)
	for {
		kind, p, err := c.Read(context.Background())
		if err != nil {
			return
		}
		w.echoed <- said{text: kind == coder.MessageText, pieces: [][]byte{p}}
	}
}

// recorded is what a server says behind its 101.
func (w *world) recorded(t testing.TB, server string, p plan) []byte {
	w.plans <- p
	c, err := w.net.DialContext(context.Background(), "tcp", server)
	require.NoError(t, err)
	defer c.Close()
	ask := "GET / HTTP/1.1\r\nHost: " + server + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	if p.deflate {
		ask += "Sec-WebSocket-Extensions: " + offer + "\r\n"
	}
	_, err = io.WriteString(c, ask+"\r\n")
	require.NoError(t, err)
	in := bufio.NewReader(c)
	answer, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	require.Equal(t, p.deflate, answer.Header.Get("Sec-Websocket-Extensions") != "")
	all, _ := io.ReadAll(in) // a reset ends it as well as the end of the stream
	return all
}

// raw replays a stream, ends it, and listens to what the client does about it.
func (w *world) raw(c *memnet.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	ask, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	r := <-w.replays
	sum := sha1.Sum([]byte(ask.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	answer := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(sum[:]) + "\r\n"
	if r.deflate {
		answer += "Sec-WebSocket-Extensions: " + offer + "\r\n"
	}
	var heard verdict
	over := make(chan struct{})
	go func() {
		defer close(over)
		heard.listen(in)
	}()
	if _, err = io.WriteString(c, answer+"\r\n"); err == nil {
		for rest := r.stream; len(rest) > 0 && err == nil; {
			n := min(len(rest), r.piece)
			_, err = c.Write(rest[:n])
			rest = rest[n:]
		}
	}
	_ = c.CloseWrite()
	<-over
	r.done <- heard
}

// listen reads what a client sends until it ends: which pings it answers, how it closes.
func (v *verdict) listen(in io.Reader) {
	for {
		h, err := ws.ReadHeader(in)
		if err != nil {
			return
		}
		p := make([]byte, h.Length)
		if _, err := io.ReadFull(in, p); err != nil {
			return
		}
		ws.Cipher(p, h.Mask, 0)
		switch {
		case !h.Masked:
			v.wrong = "an unmasked frame"
		case v.closed:
			v.wrong = "a frame behind the close frame"
		case h.OpCode == ws.OpPong:
			v.pongs = append(v.pongs, string(p))
		case h.OpCode == ws.OpClose:
			v.closed = true
			if len(p) >= 2 {
				v.code = int(binary.BigEndian.Uint16(p))
			}
		}
	}
}

// dial is for the clients.
func (w *world) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return w.net.DialContext(ctx, network, "raw:80")
}
