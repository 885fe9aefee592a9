package toxi_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

// Where TLS passes through there are no frames: faults of frames act on nobody, and say why.
func TestFaultsOfFramesSayThatTheySeeNone(t *testing.T) {
	r := newRig(t)
	hello := func() {
		c, err := net.Dial("tcp", r.addr)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		_, err = c.Write([]byte("\x16\x03\x01\x02\x00\x01"))
		require.NoError(t, err)
	}
	hello()
	r.until("the connection is there", func() bool { return r.traffic().BytesUp == 6 })
	for _, f := range []chaos.Fault{
		{Name: "lossy", Share: 1, Effect: chaos.WSDrop{Nth: 1, Percent: 1}},
		{Name: "bye", Share: 1, Effect: chaos.WSClose{Code: 1001}},
		{Name: "giant", Share: 1, Effect: chaos.WSOversize{Bytes: 1}},
	} {
		r.inject(f)
		r.clear(f.Name)
		e := r.evidence(f.Name)
		assert.EqualValues(t, 1, e.Count("opaque"), f.Name)
		state, why := e.Judge(f, true)
		assert.Equal(t, chaos.NoEffect, state)
		assert.Equal(t, "1 connection of its cohort carried TLS, or no HTTP: there were no frames to be seen", why)
	}
}

// A target that speaks first, or answers what is not a whole request, speaks no HTTP: there is
// no identity to wait for, and faults act on its first byte.
func TestFaultsActOnWhoeverSpeaksFirst(t *testing.T) {
	r := newRig(t)
	target, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer target.Close()
	for name, says := range map[string]string{"nothing": "", "half a request": "GET foo\r\n"} {
		t.Run(name, func(t *testing.T) {
			on := name[:4]
			addr, err := r.driver.CreateProxy(t.Context(), on, target.Addr().String())
			require.NoError(t, err)
			slow := chaos.Fault{Name: "slow " + on, On: on, Share: 1, Effect: chaos.Latency{Delay: time.Millisecond, Direction: chaos.Down}}
			r.inject(slow)
			c, err := net.Dial("tcp", addr)
			require.NoError(t, err)
			defer c.Close()
			_, err = c.Write([]byte(says))
			require.NoError(t, err)
			s, err := target.Accept()
			require.NoError(t, err)
			defer s.Close()
			_, err = io.ReadFull(s, make([]byte, len(says)))
			require.NoError(t, err)
			greet := func() {
				_, err = s.Write([]byte("220 at your service\r\n"))
				require.NoError(t, err)
				require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
				_, err = io.ReadFull(c, make([]byte, len("220 at your service\r\n")))
				require.NoError(t, err)
			}
			greet()
			e := r.evidence(slow.Name)
			assert.Equal(t, 1, e.Targeted)
			assert.Equal(t, 1, e.Hit)
			assert.Positive(t, e.Delayed)
			r.clear(slow.Name)

			late := slow
			late.Name = "late " + on
			r.inject(late)
			greet()
			assert.Equal(t, 1, r.evidence(late.Name).Hit)
			r.clear(late.Name)
		})
	}
}
