package conform

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/bench/cost/client"
)

func TestEveryClientConforms(t *testing.T) {
	for _, name := range client.Names() {
		c, ok := client.Named(name)
		require.True(t, ok)
		for _, k := range Cases {
			t.Run(name+"/"+strings.ReplaceAll(k.Name, " ", "-"), func(t *testing.T) {
				t.Parallel()
				require.NoError(t, k.Run(t.Context(), c))
			})
		}
	}
}

// lazy is a client that leaves out what a fault names.
type lazy struct{ fault string }

// lazyConns reads frames and does with them as little as its fault allows.
type lazyConns struct {
	lazy
	c    net.Conn
	o    client.Options
	over chan struct{}
}

func (l lazy) Open(ctx context.Context, o client.Options) (client.Conns, error) {
	c, _, _, err := ws.Dial(ctx, o.URLs[0])
	if err != nil {
		return nil, err
	}
	k := &lazyConns{lazy: l, c: c, o: o, over: make(chan struct{})}
	go k.read()
	return k, nil
}

func (k *lazyConns) read() {
	defer close(k.over)
	defer k.c.Close()
	var whole []byte
	for {
		h, err := ws.ReadHeader(k.c)
		if err != nil {
			return
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(k.c, payload); err != nil {
			return
		}
		switch {
		case h.OpCode == ws.OpPing && k.fault == "pongs are empty":
			_ = k.frame(ws.OpPong, nil)
		case h.OpCode == ws.OpPing:
			_ = k.frame(ws.OpPong, payload)
		case h.OpCode == ws.OpClose:
			if k.fault != "hangs up without a word" {
				_ = k.frame(ws.OpClose, payload[:2])
			}
			return
		case k.fault == "fragments are messages":
			k.o.Received(0, payload)
		default:
			if whole = append(whole, payload...); h.Fin {
				if k.fault == "loses a byte" && len(whole) > 65535 {
					whole = whole[1:]
				}
				k.o.Received(0, whole)
				whole = nil
			}
		}
	}
}

func (k *lazyConns) frame(op ws.OpCode, payload []byte) error {
	f := ws.NewFrame(op, true, payload)
	if k.fault != "does not mask" {
		f = ws.MaskFrame(f)
	}
	return ws.WriteFrame(k.c, f)
}

func (k *lazyConns) Send(_ int, messages ...[]byte) error {
	for _, m := range messages {
		if err := k.frame(ws.OpBinary, m); err != nil {
			return err
		}
	}
	return nil
}

func (k *lazyConns) Close(ctx context.Context) error {
	if ctx.Err() == nil && k.fault != "leaves without a word" {
		_ = k.frame(ws.OpClose, ws.NewCloseFrameBody(1000, ""))
	} else {
		k.c.Close()
	}
	select {
	case <-k.over:
		return nil
	case <-ctx.Done():
	}
	k.c.Close()
	<-k.over
	return errors.New("by force")
}

// A test that everybody passes would prove nothing of those who do.
func TestFaultsAreFound(t *testing.T) {
	require.NoError(t, Check(t.Context(), lazy{}), "nothing is left out")
	for fault, found := range map[string]string{
		"does not mask":           "echo: 0 bytes up: no message: a frame that is not masked",
		"loses a byte":            "echo: 65536 bytes came back as 65535 other bytes",
		"pongs are empty":         "ping: ping of 5 bytes: pong with",
		"fragments are messages":  "fragments: 3000 bytes in pieces came as 1000 other bytes",
		"hangs up without a word": "close by the server: no close frame: EOF",
		"leaves without a word":   "close by the client: no close frame: EOF",
	} {
		t.Run(strings.ReplaceAll(fault, " ", "-"), func(t *testing.T) {
			t.Parallel()
			err := Check(t.Context(), lazy{fault})
			require.Error(t, err)
			assert.Contains(t, err.Error(), found)
		})
	}
}

func TestNobodyAtTheOtherEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range client.Names() {
		c, _ := client.Named(name)
		require.ErrorIs(t, Check(ctx, c), context.Canceled, name)
	}
}
