package toxi_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

// TestSightingsOfWhatTheProxyAnswers: a status, a close code and a RST that the client has
// of the proxy and not of the target are told as those of the target are.
func TestSightingsOfWhatTheProxyAnswers(t *testing.T) {
	opened := true
	for _, c := range []struct {
		name   string
		effect chaos.Effect
		want   chaos.Sighting
		opened bool
	}{
		{"rejected", chaos.UpgradeReject{Status: 429}, chaos.Sighting{Status: 429}, !opened},
		{"too many", chaos.ConnLimit{Max: 1, Over: chaos.Over503}, chaos.Sighting{Status: 503}, !opened},
		{"too many, told in a frame", chaos.ConnLimit{Max: 1, Over: chaos.Over1013}, chaos.Sighting{Status: 101, Code: 1013, Closer: "server"}, opened},
		{"too many, reset", chaos.ConnLimit{Max: 1, Over: chaos.OverRefuse}, chaos.Sighting{Reset: true}, !opened},
		{"closed", chaos.AcceptThenClose{Then: chaos.ThenClose, Code: 4321}, chaos.Sighting{Status: 101, Code: 4321, Closer: "server"}, opened},
		{"then reset", chaos.AcceptThenClose{Then: chaos.ThenReset, Code: 1011}, chaos.Sighting{Status: 101, Reset: true}, opened},
		{"then ended", chaos.AcceptThenClose{Then: chaos.ThenFIN, Code: 1011}, chaos.Sighting{Status: 101}, opened},
		{"misled", chaos.BadAccept{How: chaos.WrongKey}, chaos.Sighting{Status: 101}, !opened},
		{"a portal", chaos.BadAccept{How: chaos.HTTP200}, chaos.Sighting{Status: 200}, !opened},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			var after uint64
			_, err := r.driver.Sightings(t.Context(), 0)
			require.NoError(t, err)
			r.inject(chaos.Fault{Name: "f", On: "blue", Effect: c.effect, Share: 1})
			_, limited := c.effect.(chaos.ConnLimit)
			if limited {
				r.dial(4)
			}
			if conn, err := ask(t, r.addr, 5); err == nil {
				_, _ = io.Copy(io.Discard, conn) // until it is at its end, whichever
				require.NoError(t, conn.Close())
			} else { // its RST may be there before the dial is over
				require.True(t, limited && c.want.Reset, err)
			}

			end := theEnd(sightings(t, r, &after, 1))
			assert.Equal(t, "fault", end.By)
			assert.Equal(t, c.want, chaos.Sighting{Status: end.Status, Code: end.Code, Closer: end.Closer, Reset: end.Reset})
			assert.Equal(t, c.opened, end.Opened > 0)
			if !limited || !c.want.Reset { // else nothing was read of it
				assert.True(t, end.Named)
				assert.EqualValues(t, 5, end.Client)
			}
		})
	}
}

// TestSightingsOfWhoIsLeftWaiting: who gives up before the proxy has said anything has ended
// the connection itself.
func TestSightingsOfWhoIsLeftWaiting(t *testing.T) {
	r := newRig(t)
	var after uint64
	_, err := r.driver.Sightings(t.Context(), 0)
	require.NoError(t, err)
	r.inject(chaos.Fault{Name: "f", On: "blue", Effect: chaos.AcceptHang{Stage: chaos.AtUpgrade}, Share: 1})
	conn, err := ask(t, r.addr, 5)
	require.NoError(t, err)
	r.until("it waits", func() bool { return r.evidence("f").Targeted == 1 })
	require.NoError(t, conn.Close())

	end := theEnd(sightings(t, r, &after, 1))
	assert.Equal(t, "client", end.By)
	assert.Zero(t, end.Status)
	assert.Zero(t, end.Opened)
}

// TestSightingsOfAGoodbye: the close frame that a fault sends has its code, and who sent it.
func TestSightingsOfAGoodbye(t *testing.T) {
	r := newRig(t)
	var after uint64
	_, err := r.driver.Sightings(t.Context(), 0)
	require.NoError(t, err)
	conn, err := ask(t, r.addr, 5)
	require.NoError(t, err)
	b := make([]byte, 1)
	_, err = io.ReadFull(conn, b)
	require.NoError(t, err)
	r.until("it is open", func() bool { return r.traffic().Upgraded == 1 })
	r.inject(chaos.Fault{Name: "f", On: "blue", Effect: chaos.WSClose{Code: 1012, Reason: "soon"}, Share: 1})
	_, _ = io.Copy(io.Discard, conn)
	require.NoError(t, conn.Close())

	end := theEnd(sightings(t, r, &after, 1))
	assert.EqualValues(t, 1012, end.Code)
	assert.Equal(t, "server", end.Closer)
	assert.Equal(t, "fault", end.By)
	assert.False(t, end.Reset)
}

// ask asks for an upgrade and reads nothing.
func ask(t *testing.T, addr string, client int) (net.Conn, error) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = fmt.Fprint(conn, upgradeRequest(client))
	return conn, err
}

// theEnd is the one that tells of an end.
func theEnd(seen []chaos.Sighting) chaos.Sighting {
	return seen[slices.IndexFunc(seen, func(s chaos.Sighting) bool { return s.What == chaos.SeenEnded })]
}
