package conformance

import (
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	"github.com/gobwas/ws"
	gorilla "github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/wire"
)

// verdict is what a client makes of a stream.
type verdict struct {
	messages []string // received, with t: or b: before them
	pongs    []string // answers to pings
	closed   bool     // it sent a close frame
	code     int      // of that; 0: none in it
	why      string   // ours: which rule was broken
	deflate  bool     // it was agreed
	tail     int      // bytes of the stream behind its last whole frame
	wrong    string   // what it should never have sent
}

// client receives until the end, and returns what it received and why it ended.
type client func(t testing.TB, w *world, deflate bool) (messages []string, why string)

// judged lets a client judge a stream that arrives in pieces.
func (w *world) judged(t testing.TB, c client, deflate bool, stream []byte, piece int) verdict {
	done := make(chan verdict, 1)
	w.replays <- replay{deflate, stream, piece, done}
	messages, why := c(t, w, deflate)
	v := <-done
	v.messages, v.why, v.deflate = messages, why, deflate
	at := boundaries(stream)
	v.tail = len(stream) - at[len(at)-1]
	return v
}

func kindOf(text bool) string {
	if text {
		return "t:"
	}
	return "b:"
}

func ours(t testing.TB, w *world, deflate bool) (messages []string, why string) {
	d := &wire.Dialer{DialContext: w.dial, Deflate: deflate, MaxMessage: limit, Epoch: time.Now()}
	c, err := d.Dial(context.Background(), wire.Request{URL: "ws://raw"})
	require.NoError(t, err)
	defer c.Kill()
	send := func(op ws.OpCode, p []byte) {
		_, _, err := c.Write(c.AppendFrame(nil, op, p), time.Minute)
		require.NoError(t, err)
	}
	bye := func(code uint16) {
		var p []byte
		if code != 1005 {
			p = binary.BigEndian.AppendUint16(nil, code)
		}
		send(ws.OpClose, p)
		c.Discard()
	}
	for {
		f, err := c.Read()
		var broken *wire.Violation
		switch {
		case errors.As(err, &broken):
			bye(broken.Code)
			return messages, broken.Text
		case err != nil:
			return messages, err.Error()
		case f.Op == ws.OpPing:
			send(ws.OpPong, f.Payload)
		case f.Op == ws.OpClose:
			bye(f.Code)
			return messages, ""
		case f.Op.IsData():
			messages = append(messages, kindOf(f.Op == ws.OpText)+string(f.Payload))
		}
	}
}

func gorillas(t testing.TB, w *world, deflate bool) (messages []string, why string) {
	d := &gorilla.Dialer{NetDialContext: w.dial, EnableCompression: deflate}
	c, _, err := d.Dial("ws://raw", nil)
	require.NoError(t, err)
	defer c.Close()
	c.SetReadLimit(limit)
	for {
		kind, p, err := c.ReadMessage()
		if err != nil {
			return messages, err.Error()
		}
		messages = append(messages, kindOf(kind == gorilla.TextMessage)+string(p))
	}
}

func coders(t testing.TB, w *world, deflate bool) (messages []string, why string) {
	mode := coder.CompressionDisabled
	if deflate {
		mode = coder.CompressionNoContextTakeover
	}
	c, _, err := coder.Dial(context.Background(), "ws://raw", &coder.DialOptions{
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: w.dial, DisableKeepAlives: true}}, CompressionMode: mode,
	})
	require.NoError(t, err)
	defer c.CloseNow()
	c.SetReadLimit(limit)
	for {
		kind, p, err := c.Read(context.Background())
		if err != nil {
			return messages, err.Error()
		}
		messages = append(messages, kindOf(kind == coder.MessageText)+string(p))
	}
}
