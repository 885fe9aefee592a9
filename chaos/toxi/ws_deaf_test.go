package toxi_test

import (
	"testing"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/toxi"
)

// A proxy that confirms that it takes heartbeats out and takes none is found out although
// there are heartbeats.
func TestADeafProxyLosesNoHeartbeat(t *testing.T) {
	for _, e := range []chaos.Effect{chaos.PongLoss{}, chaos.PingLoss{Direction: chaos.Both}} {
		t.Run(e.Kind(), func(t *testing.T) {
			t.Parallel()
			r := newRigOn(t, toxi.NewDeafServer(toxi.Options{}))
			c := r.dial(1)
			f := chaos.Fault{Name: "f", Share: 1, Effect: e}
			r.inject(f)
			for _, f := range []ws.Frame{ws.NewPingFrame([]byte("hi")), ws.NewPongFrame(nil)} {
				require.NoError(t, ws.WriteFrame(c, ws.MaskFrame(f)))
			}
			pong, err := frameOf(c)
			require.NoError(t, err)
			assert.Equal(t, ws.NewPongFrame([]byte("hi")), pong)
			c.echo("still there")
			r.clear(f.Name)
			ev := r.evidence(f.Name)
			state, why := ev.Judge(f, true)
			assert.Equal(t, chaos.NoEffect, state, why)
			assert.Equal(t, 1, ev.Targeted)
		})
	}
}
