package failures

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool"
)

// TestWriteBlocksForEver: the peer stops reading, and a write without a deadline never
// returns.
func TestWriteBlocksForEver(t *testing.T) {
	type found struct{ returned, redialed bool }
	naive, ours := both(t, func(w *world) found {
		deaf(w)
		c := w.open(flaws{endlessWrites: true}, nil)
		settle(5 * time.Second)
		from := w.now()
		returned := w.returns(10*time.Minute, func() {
			for range 3 {
				_ = c.send(string(make([]byte, 100<<10)))
			}
		})
		return found{returned, len(w.dialed(from)) > 0}
	})
	assert.Equal(t, found{}, naive)
	assert.Equal(t, found{true, true}, ours, "ours: no progress for Policy.WriteStall ends the connection")
}

// deaf has the server's first connection hear one frame, and nothing after it.
func deaf(w *world) {
	w.a.behave(func(c *served) {
		switch {
		case !c.upgrade():
		case len(w.a.all()) == 1:
			c.frames(c.Conn, func(op ws.OpCode, payload []byte) bool { return c.take(op, payload) && false })
			<-w.quit
		default:
			c.listen()
		}
	})
}

// TestLockOverWriteDisablesHealing: one lock is held over a write that does not return, and
// whoever asks for the state, pings or closes wants it, too.
func TestLockOverWriteDisablesHealing(t *testing.T) {
	type found struct{ answered, back, closed bool }
	naive, ours := both(t, func(w *world) (f found) {
		c := w.open(flaws{locksWrites: true, endlessWrites: true, pings: true}, nil)
		settle(5 * time.Second)
		w.halfOpen(true)
		go func() { _ = c.send(string(make([]byte, 100<<10))) }()
		synctest.Wait()
		from := w.now()
		f.answered = w.returns(10*time.Minute, func() { c.connected() })
		settle(time.Minute)
		f.back = len(w.dialed(from)) > 0
		f.closed = w.returns(10*time.Minute, c.close)
		return f
	})
	assert.Equal(t, found{}, naive)
	assert.Equal(t, found{true, true, true}, ours)
}

// TestCloseBlocks: a connection that is dead is to be ended, and the peer's close frame is
// waited for. It will not come.
func TestCloseBlocks(t *testing.T) {
	t.Run("before the reconnect", func(t *testing.T) {
		assertSymptom(t, "no reconnect", func(w *world) bool {
			w.open(flaws{pings: true, endsPolitely: true}, nil)
			settle(time.Minute)
			from := w.now()
			w.halfOpen(true)
			settle(time.Hour)
			return len(w.dialed(from)) == 0
		})
	})
	t.Run("by the user", func(t *testing.T) {
		assertSymptom(t, "Close does not return", func(w *world) bool {
			c := w.open(flaws{endsPolitely: true}, nil)
			settle(time.Minute)
			w.halfOpen(true)
			wait := time.Hour
			if w.ours {
				wait = 5*time.Second + 1
			}
			return !w.returns(wait, c.close)
		})
	})
}

// TestHandshakeUnbounded: the server accepts and says nothing, and the context of the dial
// can be cancelled, but nobody does.
func TestHandshakeUnbounded(t *testing.T) {
	for name, life := range map[string]func(*served){
		"silent":      func(c *served) { <-c.server.w.quit },
		"half a line": func(c *served) { _, _ = c.Write([]byte("HTTP/1.1 101 Swi")); <-c.server.w.quit },
		"a byte a second": func(c *served) {
			for range 1 << 10 {
				if _, err := c.Write([]byte("H")); err != nil {
					return
				}
				c.sleep(time.Second)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			naive, ours := both(t, func(w *world) int {
				w.a.behave(life)
				w.open(flaws{endlessHandshake: true}, nil)
				settle(10 * time.Minute)
				return len(w.dialed(0))
			})
			assert.Equal(t, 1, naive)
			assert.Greater(t, ours, 10)
		})
	}
}

// TestReconnectIgnoresClose: the client is closed while it waits for its next attempt, and
// connects afterwards.
func TestReconnectIgnoresClose(t *testing.T) {
	assertSymptom(t, "it connects after Close", func(w *world) bool {
		w.a.down()
		c := w.open(flaws{sleepsOn: true}, nil)
		settle(time.Minute)
		c.close()
		closed := w.now()
		w.a.up()
		settle(time.Minute)
		return len(w.dialed(closed)) > 0
	})
}

// TestContextKillsConnection: a caller has waited long enough, and everybody's connection
// ends with his context.
func TestContextKillsConnection(t *testing.T) {
	t.Run("of a request", func(t *testing.T) {
		assertSymptom(t, "the connection was lost", func(w *world) bool {
			w.a.first(func(_ *served, text string) bool { return text == "req 1" })
			c := w.open(flaws{contextKills: true}, nil)
			settle(time.Minute)
			_, err := c.request(w.within(time.Second), "req 1")
			require.ErrorIs(w, err, context.DeadlineExceeded)
			settle(time.Minute)
			answer, err := c.request(w.within(time.Second), "req 2")
			require.NoError(w, err)
			assert.Equal(w, "res 2", answer)
			return len(w.dialed(0)) != 1
		})
	})
	t.Run("of everything else", func(t *testing.T) {
		inWorld(t, true, func(w *world) {
			p := w.pool(1, func(c *pool.Config) { c.QueueBytes = 300 << 10 })
			settle(time.Minute)
			w.halfOpen(true)
			_, err := p.Send(w.Context(), message("%s", make([]byte, 290<<10)))
			require.NoError(w, err)
			over, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_, err = p.Send(over, message("%s", make([]byte, 290<<10)))
			require.ErrorIs(w, err, context.DeadlineExceeded)
			_, err = p.Acquire(over)
			require.ErrorIs(w, err, context.DeadlineExceeded)
			_, err = p.Session(over, pool.SessionConfig{Key: "k"})
			require.ErrorIs(w, err, context.DeadlineExceeded)
			w.halfOpen(false)
			settle(time.Minute)
			assert.Len(w, w.a.texts(), 1)
			assert.Len(w, w.dialedTo("10.0.0.1:80", 0), 1)
			assert.Empty(w, p.Snapshot().Totals.Lost)
		})
	})
}
