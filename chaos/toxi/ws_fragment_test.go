package toxi_test

import (
	"strings"
	"time"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// pieces has a client say a text and counts the frames of its echo, which must be the text.
func pieces(frames, pings int) func(*faultrig.Client) chaos.Sight {
	return func(x *faultrig.Client) chaos.Sight {
		const text = "a text of many words"
		if err := ws.WriteFrame(x.Conn, ws.MaskFrame(ws.NewTextFrame([]byte(text)))); err != nil {
			return faultrig.Sight(err)
		}
		_ = x.Conn.SetReadDeadline(time.Now().Add(faultrig.Patience))
		var all strings.Builder
		for data, control := 0, 0; ; {
			f, err := frameOf(x)
			switch {
			case err != nil:
				return faultrig.Sight(err)
			case f.Header.OpCode.IsControl():
				control++
				continue
			case (f.Header.OpCode == ws.OpContinuation) != (data > 0):
				return "the first and only the first has an opcode"
			}
			data++
			all.Write(f.Payload)
			if f.Header.Fin {
				if all.String() != text || data != frames || control != pings {
					return "not the text, or not in so many frames"
				}
				return chaos.SeesFlood
			}
		}
	}
}

func init() {
	cut := func(f chaos.WSFragment, conns chaos.Conns) chaos.Fault { return chaos.Fault{Effect: f, Conns: conns} }
	proofs["ws_fragment"] = proof{
		sees: []faultrig.Case{
			{Fault: cut(chaos.WSFragment{Frames: 3}, ""), Act: wants(chaos.SeesFlood, pieces(3, 0))},
			{Fault: cut(chaos.WSFragment{Frames: 1000, Pings: true}, chaos.New), Act: wants(chaos.SeesFlood, pieces(20, 19))},
			// The target echoes frame by frame, and answers the pings.
			{Fault: cut(chaos.WSFragment{Frames: 4, Pings: true, Direction: chaos.Up}, chaos.Existing), Act: wants(chaos.SeesFlood, pieces(4, 3))},
			{Fault: cut(chaos.WSFragment{Frames: 2, Direction: chaos.Both}, ""), Act: wants(chaos.SeesFlood, pieces(4, 0))},
		},
		idle: faultrig.Case{Fault: cut(chaos.WSFragment{Frames: 3}, ""), Quiet: silent},
	}
}
