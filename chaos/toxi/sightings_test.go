package toxi_test

import (
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

// sightings collects what the proxy tells until so many connections have ended.
func sightings(t *testing.T, r *rig, after *uint64, ended int) []chaos.Sighting {
	t.Helper()
	var all []chaos.Sighting
	require.Eventually(t, func() bool {
		s, err := r.driver.Sightings(t.Context(), *after)
		require.NoError(t, err)
		require.Zero(t, s.Lost)
		*after = s.Last
		all = append(all, s.Seen...)
		for _, x := range s.Seen {
			if x.What == chaos.SeenEnded {
				ended--
			}
		}
		return ended <= 0
	}, patience, 5*time.Millisecond)
	return all
}

// TestSightings: a client that is not ours is told of from its arrival to its close frame.
func TestSightings(t *testing.T) {
	r := newRig(t)
	var after uint64
	first, err := r.driver.Sightings(t.Context(), 0)
	require.NoError(t, err)
	require.Empty(t, first.Seen, "nobody has asked for anything yet")

	conn, _, _, err := ws.Dial(t.Context(), "ws://"+r.addr+"/echo?wsheal-client=5")
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, wsutil.WriteClientText(conn, []byte("hello")))
		_, err := wsutil.ReadServerText(conn)
		require.NoError(t, err)
	}
	standing, err := r.driver.Standing(t.Context())
	require.NoError(t, err)
	require.Len(t, standing, 1)
	assert.Equal(t, chaos.SeenStands, standing[0].What)
	assert.EqualValues(t, 5, standing[0].Client)
	assert.EqualValues(t, 3, standing[0].Up, "and nobody waits for its end to know")
	assert.EqualValues(t, 3, standing[0].Down)
	require.NoError(t, ws.WriteFrame(conn, ws.MaskFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(4321, "enough")))))
	require.NoError(t, conn.Close())

	seen := sightings(t, r, &after, 1)
	var what []string
	for _, s := range seen {
		what = append(what, s.What)
		assert.Equal(t, "blue", s.Target)
		assert.True(t, s.Named)
		assert.EqualValues(t, 5, s.Client)
	}
	require.Equal(t, []string{chaos.SeenCame, chaos.SeenOpened, chaos.SeenEnded}, what)
	end := seen[2]
	assert.Equal(t, 101, end.Status)
	assert.EqualValues(t, 4321, end.Code)
	assert.Equal(t, "client", end.Closer)
	assert.EqualValues(t, 3, end.Up)
	assert.EqualValues(t, 3, end.Down)
	assert.Positive(t, end.Accepted)
	assert.LessOrEqual(t, end.Accepted, end.Opened)
	assert.LessOrEqual(t, end.Opened, end.Ended)

	standing, err = r.driver.Standing(t.Context())
	require.NoError(t, err)
	assert.Empty(t, standing)
	again, err := r.driver.Sightings(t.Context(), after)
	require.NoError(t, err)
	assert.Empty(t, again.Seen, "what was fetched is not told again")
}

// TestSightingsOfAFault: who ended a connection is told, and that it was with a RST.
func TestSightingsOfAFault(t *testing.T) {
	r := newRig(t)
	var after uint64
	_, err := r.driver.Sightings(t.Context(), 0)
	require.NoError(t, err)
	conn, _, _, err := ws.Dial(t.Context(), "ws://"+r.addr+"/echo")
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, wsutil.WriteClientText(conn, []byte("hello")))
	_, err = wsutil.ReadServerText(conn)
	require.NoError(t, err)
	r.inject(chaos.Fault{Name: "cut", On: "blue", Effect: chaos.Reset{}, Share: 1})

	seen := sightings(t, r, &after, 1)
	end := seen[len(seen)-1]
	assert.Equal(t, chaos.SeenEnded, end.What)
	assert.Equal(t, "fault", end.By)
	assert.True(t, end.Reset)
	assert.False(t, end.Named, "it said nothing of whose it is")
	assert.Zero(t, end.Code)
}
