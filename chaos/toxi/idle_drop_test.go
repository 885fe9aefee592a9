package toxi_test

import (
	"os"
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
	const idle = 50 * time.Millisecond
	drop := func(d chaos.IdleDrop) chaos.Effect {
		d.Idle, d.CountPings = max(idle, d.Idle), true
		return d
	}
	proofs["idle_drop"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: drop(chaos.IdleDrop{})}, Act: idles},
			{Fault: chaos.Fault{Effect: drop(chaos.IdleDrop{Then: chaos.EndRST}), Conns: chaos.Existing}, Act: listens},
			// They are to come in before they are dropped.
			{Fault: chaos.Fault{Effect: drop(chaos.IdleDrop{Idle: 10 * idle, Then: chaos.EndFIN}), Conns: chaos.New}, Act: listens},
			{Fault: chaos.Fault{Effect: drop(chaos.IdleDrop{Then: chaos.EndRST, When: chaos.NextPacket})}, Act: idles},
			{Fault: chaos.Fault{Effect: drop(chaos.IdleDrop{Then: chaos.EndFIN, When: chaos.NextPacket})}, Act: idles},
		},
		idle: faultrig.Case{
			Fault: chaos.Fault{Effect: chaos.IdleDrop{Idle: time.Hour, CountPings: true}},
			Quiet: func(x *faultrig.Client) { x.Look(0, false) },
		},
	}
}

// idles is what a client sees that sends something only now and then.
func idles(x *faultrig.Client) chaos.Sight {
	for {
		_ = x.Conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		if _, err := x.Conn.Read(make([]byte, 1)); !os.IsTimeout(err) {
			return faultrig.Sight(err)
		}
		if saw := x.Look(0, true); saw != chaos.SeesNothing {
			return saw
		}
	}
}

// On the next packet the one who sends it is reset, and nobody else: the other peer keeps
// its side until it sends something, too, or the fault is cleared.
func TestANextPacketIsAnsweredToItsSenderAlone(t *testing.T) {
	r := newRig(t)
	speaks, waits := r.dial(1), r.dial(2)
	speaks.echo("x")
	waits.echo("x")
	r.inject(chaos.Fault{Name: "forgetful", Share: 1, Effect: chaos.IdleDrop{
		Idle: time.Millisecond, Then: chaos.EndRST, When: chaos.NextPacket, CountPings: true,
	}})
	r.until("both are dropped", func() bool { return r.evidence("forgetful").Counts["ended"] == 2 })
	speaks.say("anybody there?")
	_, err := speaks.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	waits.hearsNothing()
	assert.Empty(t, r.target.ended, "it has sent nothing")
	r.clear("forgetful")
	for range 2 {
		assert.ErrorIs(t, r.target.end(t), syscall.ECONNRESET)
	}
	_, err = waits.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	r.until("nothing is left", func() bool { return r.traffic().Live == 0 })
	assert.EqualValues(t, 1, r.evidence("forgetful").Counts["answered"])
}

// Pings keep a connection where they count, and do not where they do not.
func TestPingsCountOrNot(t *testing.T) {
	ping := ws.MustCompileFrame(ws.MaskFrame(ws.NewPingFrame(nil)))
	r := newRig(t)
	c := r.dial(1)
	c.echo("x")
	r.inject(chaos.Fault{Name: "deaf-to-pings", Share: 1, Effect: chaos.IdleDrop{Idle: 100 * time.Millisecond, Then: chaos.EndRST}})
	r.until("dropped for all its pings", func() bool {
		_, err := c.Write(ping)
		return err != nil
	})
	r.clear("deaf-to-pings") // what was done has been counted by then
	assert.EqualValues(t, 1, r.evidence("deaf-to-pings").Counts["ended"])
}
