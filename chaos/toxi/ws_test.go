package toxi_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// says sends numbered texts, and behind them a binary message that ends them.
func says(x *faultrig.Client, n int) error {
	for i := range n {
		if err := wsutil.WriteClientText(x.Conn, fmt.Appendf(nil, "%d", i)); err != nil {
			return err
		}
	}
	return wsutil.WriteClientBinary(x.Conn, []byte("that was all"))
}

// hears reads the texts until the binary message that ends them.
func hears(x *faultrig.Client) (texts []string, err error) {
	if err := x.Conn.SetReadDeadline(time.Now().Add(faultrig.Patience)); err != nil {
		return nil, err
	}
	for {
		b, op, err := wsutil.ReadServerData(struct {
			io.Reader
			io.Writer
		}{x, x.Conn})
		if err != nil || op == ws.OpBinary {
			return texts, err
		}
		texts = append(texts, string(b))
	}
}

// talks sends n texts and says what became of their echoes.
func talks(n int) func(*faultrig.Client) chaos.Sight {
	return func(x *faultrig.Client) chaos.Sight {
		if err := says(x, n); err != nil {
			return faultrig.Sight(err)
		}
		texts, err := hears(x)
		if err != nil {
			return faultrig.Sight(err)
		}
		return sightOf(texts, n)
	}
}

// sightOf says what is wrong with echoes of n numbered texts.
func sightOf(texts []string, n int) chaos.Sight {
	times := map[string]int{}
	for i, text := range texts {
		times[text]++
		if times[text] > 1 {
			return chaos.SeesDouble
		}
		if len(texts) == n && text != fmt.Sprint(i) {
			return chaos.SeesDisorder
		}
	}
	if len(texts) < n {
		return chaos.SeesLoss
	}
	return chaos.SeesNothing
}

// wants has a client that did not see what it should return what no row expects.
func wants(want chaos.Sight, act func(*faultrig.Client) chaos.Sight) func(*faultrig.Client) chaos.Sight {
	return func(x *faultrig.Client) chaos.Sight {
		if saw := act(x); saw != want {
			return "saw " + saw + ", expected " + want
		}
		return want
	}
}

// pinging is an echo server that sends a ping when it is asked for one, "ping me", and
// says so when a pong comes.
func pinging(ctx context.Context, ln net.Listener) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	defer context.AfterFunc(ctx, func() { _ = ln.Close() })()
	for {
		c, err := ln.Accept()
		if err != nil {
			return nil
		}
		wg.Go(func() {
			defer context.AfterFunc(ctx, func() { _ = c.Close() })()
			defer c.Close()
			_, _ = ws.Upgrade(c)
			for {
				f, err := frameOf(c)
				if err != nil {
					return
				}
				f = ws.UnmaskFrameInPlace(f)
				f.Header.Masked = false
				switch {
				case f.Header.OpCode == ws.OpPong:
					f = ws.NewTextFrame([]byte("a pong came"))
				case f.Header.OpCode == ws.OpPing:
					f.Header.OpCode = ws.OpPong
				case string(f.Payload) == "ping me":
					f = ws.NewPingFrame([]byte("hello"))
				}
				if ws.WriteFrame(c, f) != nil {
					return
				}
			}
		})
	}
}

// frameOf reads one frame of a sane size.
func frameOf(r io.Reader) (f ws.Frame, err error) {
	if f.Header, err = ws.ReadHeader(r); err != nil {
		return f, err
	}
	if f.Header.Length > 8<<20 {
		return f, fmt.Errorf("a frame of %d bytes", f.Header.Length)
	}
	f.Payload = make([]byte, f.Header.Length)
	_, err = io.ReadFull(r, f.Payload)
	return f, err
}

// heartbeats has a client ping, be pinged, and say at last a message; it returns what came
// before the echo of that, by opcode, and of texts their words.
func heartbeats(x *faultrig.Client) (came []string, err error) {
	for _, f := range []ws.Frame{
		ws.NewPingFrame([]byte("hi")), ws.NewTextFrame([]byte("ping me")), ws.NewPongFrame(nil), ws.NewBinaryFrame(nil),
	} {
		if err := ws.WriteFrame(x.Conn, ws.MaskFrameInPlace(f)); err != nil {
			return nil, err
		}
	}
	_ = x.Conn.SetReadDeadline(time.Now().Add(faultrig.Patience))
	for {
		f, err := frameOf(x)
		switch {
		case err != nil:
			return nil, err
		case f.Header.OpCode == ws.OpBinary:
			return came, nil
		case f.Header.OpCode == ws.OpText:
			came = append(came, string(f.Payload))
		default:
			came = append(came, fmt.Sprint(f.Header.OpCode))
		}
	}
}
