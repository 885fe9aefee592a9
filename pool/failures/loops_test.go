package failures

import (
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// TestDoubleReconnectLoops: reader and writer both see that the connection is gone, both
// reconnect, and the next time there are two of each.
func TestDoubleReconnectLoops(t *testing.T) {
	naive, ours := both(t, func(w *world) (most int) {
		c := w.open(flaws{twoLoops: true}, nil)
		for range 5 {
			settle(30 * time.Second)
			most = max(most, len(w.a.open()))
			// Somebody writes when the reset comes.
			w.a.reset()
			_ = w.returns(time.Second, func() { _ = c.send("lost") })
		}
		settle(time.Minute)
		return max(most, len(w.a.open()))
	})
	assert.Greater(t, naive, 3)
	assert.Equal(t, 1, ours)
}

// TestNeverReconnectsAfterNon101: a load balancer answers 502 while the server starts, and
// the client, who only knows what to do when a connection ends, has none that could.
func TestNeverReconnectsAfterNon101(t *testing.T) {
	for _, status := range []int{500, 502, 503, 302, 200} {
		assertSymptom(t, "it never comes back", func(w *world) bool {
			c := w.open(flaws{stopsAtNon101: true}, nil)
			settle(time.Minute)
			require.True(w, c.connected())
			w.a.behave(reject(status, ""))
			w.a.reset()
			settle(time.Minute)
			w.a.behave(nil)
			settle(time.Minute)
			return !c.connected()
		})
	}
}

// Test1012IsNoProtocolError: service restart, try again later and bad gateway are younger
// than RFC 6455, and a check that does not know them calls them a breach of the protocol.
func Test1012IsNoProtocolError(t *testing.T) {
	for _, code := range []ws.StatusCode{1012, 1013, 1014} {
		type found struct {
			back    bool
			answers []uint16
		}
		naive, ours := both(t, func(w *world) found {
			c := w.open(flaws{strictCodes: true}, nil)
			settle(time.Minute)
			first := w.a.open()[0]
			w.a.dismiss(code)
			settle(time.Minute)
			if p, ok := c.(*healed); ok {
				s := p.Snapshot()
				require.NotNil(w, s.Last)
				assert.Equal(w, heal.CloseFrame, s.Last.Cause)
				assert.Equal(w, uint16(code), s.Last.Code)
			}
			return found{c.connected(), first.closes()}
		})
		assert.Equal(t, found{false, []uint16{1002}}, naive)
		assert.Equal(t, found{true, []uint16{uint16(code)}}, ours)
	}
}
