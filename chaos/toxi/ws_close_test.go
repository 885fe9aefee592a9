package toxi_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	proofs["ws_close"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.WSClose{Code: 1001}}},
			{Fault: chaos.Fault{Effect: chaos.WSClose{Code: 4000, Reason: "go"}, Share: 1}},
		},
		// They come when it is over.
		idle: faultrig.Case{Fault: chaos.Fault{Effect: chaos.WSClose{Code: 1001}}, Quiet: silent},
	}
}

// Every code that may be sent arrives as it is, with a FIN behind it and no RST, although
// the client answers; and the target is not told of a close handshake that it had no part in.
func TestAnInjectedCloseIsBetweenProxyAndClient(t *testing.T) {
	for _, code := range []int64{1000, 1008, 1012, 1013, 1014, 4401} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			r := newRig(t)
			c := r.dial(1)
			c.echo("a")
			r.inject(chaos.Fault{Name: "bye", Share: 1, Effect: chaos.WSClose{Code: code, Reason: "later"}})
			require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
			f, err := frameOf(c)
			require.NoError(t, err)
			assert.Equal(t, ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(code), "later")), f)
			require.NoError(t, ws.WriteFrame(c, ws.MaskFrame(ws.NewCloseFrame(f.Payload))))
			_, err = c.Read(make([]byte, 1))
			require.ErrorIs(t, err, io.EOF)
			assert.True(t, isEOF(r.target.end(t)), "no close frame")
			r.until("the target counts it no longer", func() bool { return r.target.live() == 0 })
		})
	}
}

// A close that is to go out in the middle of a message of many frames does, and in the
// middle of a frame waits for its end.
func TestAnInjectedCloseTearsNoFrame(t *testing.T) {
	spoken := make(chan string)
	r := newRig(t)
	addr := faultrig.Serve(t, func(ctx context.Context, ln net.Listener) error {
		defer context.AfterFunc(ctx, func() { _ = ln.Close() })()
		c, err := ln.Accept()
		if err != nil {
			return nil
		}
		defer c.Close()
		if _, err := ws.Upgrade(c); err != nil {
			return err
		}
		for part := range spoken {
			if _, err := io.WriteString(c, part); err != nil {
				return err
			}
		}
		return nil
	})
	defer close(spoken)
	var err error
	r.addr, err = r.driver.CreateProxy(t.Context(), "green", addr)
	require.NoError(t, err)
	c := r.dial(1)
	read := func(n int) string {
		b := make([]byte, n)
		require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
		_, err := io.ReadFull(c, b)
		require.NoError(t, err)
		return string(b)
	}
	spoken <- "\x01\x03a"
	assert.Equal(t, "\x01\x03a", read(3))
	r.inject(chaos.Fault{Name: "bye", On: "green", Share: 1, Effect: chaos.WSClose{Code: 1001}})
	assert.Zero(t, r.evidence("bye").Count("close_frames"), "it waits")
	spoken <- "bc\x00\x01d"
	assert.Equal(t, "bc\x88\x02\x03\xe9", read(6))
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "nothing behind a close frame")
	assert.Equal(t, 1, r.evidence("bye").Hit)
}

// Whoever is told to have been sent the close frame got it, with a FIN behind it, although a
// reset comes at the same time; who was reset is not told to have been sent it.
func TestAResetDoesNotOvertakeAClose(t *testing.T) {
	r := newRig(t)
	const n = 64
	clients := make([]*client, n)
	for i := range clients {
		clients[i] = r.dial(uint64(i))
		clients[i].say("hello")
		clients[i].hear("hello") // the proxy knows that the client has its 101
	}
	r.inject(chaos.Fault{Name: "bye", Share: 1, Effect: chaos.WSClose{Code: 1001}})
	r.inject(chaos.Fault{Name: "cut", Share: 1, Effect: chaos.Reset{}})
	var told, cut int64
	for _, c := range clients {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
		switch f, err := frameOf(c); {
		case err == nil:
			told++
			assert.Equal(t, ws.OpClose, f.Header.OpCode)
			_, err = c.Read(make([]byte, 1))
			require.ErrorIs(t, err, io.EOF)
		default:
			cut++
			require.ErrorIs(t, err, syscall.ECONNRESET)
		}
	}
	bye, reset := r.evidence("bye"), r.evidence("cut")
	assert.Equal(t, told, bye.Count("close_frames"))
	assert.EqualValues(t, told, bye.Hit)
	assert.Equal(t, cut, reset.Resets)
	assert.EqualValues(t, cut, reset.Targeted)
	assert.EqualValues(t, cut, reset.Hit)
	assert.EqualValues(t, n, told+cut)
}
