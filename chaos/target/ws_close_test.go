package target_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	of := func(code int64, share float64, conns chaos.Conns) faultrig.Case {
		return faultrig.Case{Fault: chaos.Fault{Effect: chaos.WSClose{Code: code, Reason: "later"}, Share: share, Conns: conns}}
	}
	proofs["ws_close"] = proof{
		sees: []faultrig.Case{
			of(1001, 0.5, chaos.Existing), of(1012, 1, chaos.Existing), of(4000, 0.5, chaos.New), of(1013, 0.5, chaos.AllConns),
		},
		// They come when it is over.
		idle: of(1001, 0.5, chaos.Existing),
	}
	proofs["ws_close"] = withTLS(proofs["ws_close"])
}

// readFrame reads one frame.
func readFrame(from io.Reader) (ws.Frame, error) {
	h, err := ws.ReadHeader(from)
	if err != nil {
		return ws.Frame{}, err
	}
	payload := make([]byte, min(h.Length, 125))
	_, err = io.ReadFull(from, payload)
	return ws.Frame{Header: h, Payload: payload}, err
}

// withTLS has a proof told of a target that speaks it.
func withTLS(p proof) proof {
	p.tls = true
	return p
}

// Every code goes out with its reason, and a client that answers sees the stream end behind it.
func TestTargetClosesOfItsOwnAccord(t *testing.T) {
	for _, code := range []int64{1000, 1008, 1013, 1014, 4401} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			rig, by := rigWith(t, target.New, false)
			x := rig.Dial(1)
			require.NoError(t, by.Inject(t.Context(), chaos.Fault{
				Name: "bye", On: "blue", Share: 1, Effect: chaos.WSClose{Code: code, Reason: "later"},
			}))
			require.NoError(t, x.Conn.SetReadDeadline(time.Now().Add(faultrig.Patience)))
			f, err := readFrame(x.Conn)
			require.NoError(t, err)
			assert.Equal(t, ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(code), "later")), f)
			require.NoError(t, ws.WriteFrame(x.Conn, ws.MaskFrame(ws.NewCloseFrame(f.Payload))))
			_, err = x.Conn.Read(make([]byte, 1))
			require.ErrorIs(t, err, io.EOF)
		})
	}
}

// A client that reads nothing is not told, and that is known; the others are.
func TestWhoReadsNothingIsNotTold(t *testing.T) {
	rig, by := rigWith(t, target.New, false)
	deaf, hears := rig.Dial(1), rig.Dial(2)
	payload := ws.MustCompileFrame(ws.MaskFrame(ws.NewBinaryFrame(bytes.Repeat([]byte("x"), 1<<19))))
	require.NoError(t, deaf.Conn.SetReadBuffer(4<<10))
	require.NoError(t, deaf.Conn.SetWriteDeadline(time.Now().Add(2*time.Second)))
	for {
		if _, err := deaf.Conn.Write(payload); err != nil {
			break // what comes back has nowhere to go
		}
	}
	f := chaos.Fault{Name: "bye", On: "blue", Share: 1, Effect: chaos.WSClose{Code: 1001}}
	require.NoError(t, by.Inject(t.Context(), f))
	e, err := by.Evidence(t.Context(), f.Name)
	require.NoError(t, err)
	state, why := e.Judge(f, true)
	assert.Equal(t, chaos.Partial, state, why)
	assert.EqualValues(t, 1, e.Count("close_frames"))
	require.NoError(t, hears.Conn.SetReadDeadline(time.Now().Add(faultrig.Patience)))
	frame, err := readFrame(hears.Conn)
	require.NoError(t, err)
	assert.Equal(t, ws.OpClose, frame.Header.OpCode)
}
