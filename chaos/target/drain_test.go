package target_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// TestDrain: everybody is told to leave, and nobody comes in any more.
func TestDrain(t *testing.T) {
	srv, err := target.New(target.Options{})
	require.NoError(t, err)
	web := httptest.NewServer(srv.Control())
	t.Cleanup(web.Close)
	control := strings.TrimPrefix(web.URL, "http://")
	rig := &faultrig.Rig{T: t, Addr: faultrig.Serve(t, srv.Serve)}
	list := []*faultrig.Client{rig.Dial(1), rig.Dial(2), rig.Dial(3)}

	_, err = target.Drain(t.Context(), control, 7)
	require.ErrorContains(t, err, `code "7", expected a close code from 1000 to 4999`)
	n, err := target.Drain(t.Context(), control, 4000)
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	for _, x := range list {
		assert.Equal(t, chaos.SeesCloseFrame, x.Look(0, false))
	}
	_, saw, err := rig.Try(4, faultrig.Patience)
	require.Error(t, err)
	assert.Contains(t, []chaos.Sight{chaos.SeesEOF, chaos.SeesReset}, saw)
	n, err = target.Drain(t.Context(), control, 4000)
	require.NoError(t, err)
	assert.Zero(t, n, "who was told is not told again")
}
