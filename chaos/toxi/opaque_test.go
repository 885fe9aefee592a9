package toxi_test

import (
	"net"
	"testing"

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
