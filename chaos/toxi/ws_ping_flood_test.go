package toxi_test

import (
	"time"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// counts has a client read until it has seen many control frames of one opcode that it did
// not ask for; its own message comes through between them.
func counts(op ws.OpCode, many int) func(*faultrig.Client) chaos.Sight {
	return func(x *faultrig.Client) chaos.Sight {
		_ = x.Conn.SetReadDeadline(time.Now().Add(faultrig.Patience))
		if err := ws.WriteFrame(x.Conn, ws.MaskFrame(ws.NewTextFrame([]byte("mine")))); err != nil {
			return faultrig.Sight(err)
		}
		for n, mine := 0, false; n < many || !mine; {
			f, err := frameOf(x)
			switch {
			case err != nil:
				return faultrig.Sight(err)
			case f.Header.OpCode == op:
				n++
			case f.Header.OpCode == ws.OpText && string(f.Payload) == "mine":
				mine = true
			default:
				return "another frame"
			}
		}
		return chaos.SeesFlood
	}
}

func init() {
	flood := func(rate float64, way chaos.Direction, conns chaos.Conns) chaos.Fault {
		return chaos.Fault{Effect: chaos.WSPingFlood{Rate: rate, Direction: way}, Conns: conns}
	}
	proofs["ws_ping_flood"] = proof{
		sees: []faultrig.Case{
			{Fault: flood(500, chaos.Down, ""), Act: wants(chaos.SeesFlood, counts(ws.OpPing, 20))},
			{Fault: flood(20_000, chaos.Down, chaos.New), Act: wants(chaos.SeesFlood, counts(ws.OpPing, 200))},
			{Fault: flood(100, chaos.Up, chaos.Existing), Act: wants(chaos.SeesFlood, counts(ws.OpPong, 5))}, // the target's answers
		},
		idle: faultrig.Case{Fault: flood(1000, chaos.Down, chaos.Existing), Quiet: silent},
	}
}
