package toxi_test

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	proofs["half_close"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.HalfClose{}}},
			{Fault: chaos.Fault{Effect: chaos.HalfClose{Direction: chaos.Up}}, Act: listens},
		},
		idle: faultrig.Case{Fault: chaos.Fault{Effect: chaos.HalfClose{}}, Quiet: silent},
	}
}

// listens is what a client sees that only reads.
func listens(x *faultrig.Client) chaos.Sight {
	_, err := x.Conn.Read(make([]byte, 1))
	return faultrig.Sight(err)
}

// A client that has read the end goes on to be heard.
func TestHalfAConnectionGoesOn(t *testing.T) {
	r := newRig(t)
	c := r.dial(1)
	c.echo("x")
	r.inject(chaos.Fault{Name: "deafen", Share: 1, Effect: chaos.HalfClose{}})
	rest, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Empty(t, rest)
	heard := r.target.messages.Load()
	for range 20 {
		c.say("answered to nobody")
	}
	r.until("heard", func() bool { return r.target.messages.Load() == heard+20 })
	assert.EqualValues(t, 1, r.traffic().Live)
	require.NoError(t, c.Close())
	assert.True(t, isEOF(r.target.end(t)))
	r.until("nothing is left", func() bool { return r.traffic().Live == 0 })
}

// The target has read the end and goes on to be heard.
func TestTheOtherHalfGoesOnToo(t *testing.T) {
	r := newRig(t)
	held, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer held.Close()
	r.addr, err = r.driver.CreateProxy(t.Context(), "held", held.Addr().String())
	require.NoError(t, err)
	nc, err := net.Dial("tcp", r.addr)
	require.NoError(t, err)
	defer nc.Close()
	_, err = nc.Write([]byte("not HTTP"))
	require.NoError(t, err)
	s, err := held.Accept()
	require.NoError(t, err)
	_, err = io.ReadFull(s, make([]byte, len("not HTTP")))
	require.NoError(t, err)

	r.inject(chaos.Fault{Name: "dumb", On: "held", Share: 1, Effect: chaos.HalfClose{Direction: chaos.Up}})
	rest, err := io.ReadAll(s)
	require.NoError(t, err)
	assert.Empty(t, rest)
	_, err = s.Write([]byte("still heard"))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	all, err := io.ReadAll(nc)
	require.NoError(t, err)
	assert.Equal(t, "still heard", string(all))
}
