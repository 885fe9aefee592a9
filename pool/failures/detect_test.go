package failures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool"
)

// TestHalfOpenUndetected: the cable is cut, nothing arrives any more, and the client believes
// that it is connected.
func TestHalfOpenUndetected(t *testing.T) {
	type found struct {
		believes bool
		back     bool // on another connection
	}
	naive, ours := both(t, func(w *world) found {
		c := w.open(flaws{}, nil)
		settle(time.Minute)
		cut := w.now()
		w.halfOpen(true)
		if !w.ours {
			settle(15 * time.Minute)
			return found{c.connected(), len(w.dialed(cut)) > 0}
		}
		// The last byte came before the cut: silence, the pong's timeout, the first reconnect.
		settle(10*time.Second + 3*time.Second + time.Second)
		return found{false, len(w.dialed(cut)) == 1 && c.connected()}
	})
	assert.Equal(t, found{believes: true}, naive)
	assert.Equal(t, found{back: true}, ours)
}

// slowly lets bytes through a few at a time.
type slowly struct {
	c     *served
	size  int
	every time.Duration
}

func (s slowly) Read(p []byte) (int, error) {
	s.c.sleep(s.every)
	return s.c.Conn.Read(p[:min(len(p), s.size)])
}

func (s slowly) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var k int
		k, err = s.c.Conn.Write(p[n:min(len(p), n+s.size)])
		n += k
		s.c.sleep(s.every)
	}
	return n, err
}

// TestPingKillsBusyLink: a large transfer holds up the pong, and a client that looks at
// nothing else ends the connection in the middle of it. The transfer begins again, for ever.
func TestPingKillsBusyLink(t *testing.T) {
	const size = 200 << 10
	t.Run("inbound", func(t *testing.T) {
		assertSymptom(t, "the transfer does not arrive", func(w *world) bool {
			w.a.behave(func(c *served) {
				if !c.upgrade() {
					return
				}
				c.frames(c.Conn, func(op ws.OpCode, payload []byte) bool {
					if op != ws.OpText {
						return c.take(op, payload)
					}
					// Pongs wait for their turn behind the message, 50 s of it.
					_, err := slowly{c, 4 << 10, time.Second}.Write(ws.MustCompileFrame(ws.NewTextFrame(make([]byte, size))))
					return err == nil
				})
			})
			c := w.open(flaws{pings: true}, nil)
			settle(time.Second)
			_ = c.send("all of it, please")
			settle(5 * time.Minute)
			return len(c.heard()) == 0 || len(w.dialed(0)) != 1
		})
	})
	t.Run("outbound", func(t *testing.T) {
		assertSymptom(t, "the transfer does not arrive", func(w *world) bool {
			w.net.Buffer = 8 << 10 // the kernel's share of the wait is within a pong's timeout
			w.a.behave(func(c *served) {
				if c.upgrade() {
					c.frames(slowly{c, 1 << 10, 100 * time.Millisecond}, c.take)
				}
			})
			c := w.open(flaws{pings: true, endlessWrites: true}, nil)
			settle(20 * time.Second)
			before := len(w.dialed(0))
			go func() { _ = c.send(string(make([]byte, size))) }()
			settle(5 * time.Minute)
			arrived := 0
			for _, text := range w.a.texts() {
				arrived += len(text)
			}
			return arrived == 0 || len(w.dialed(0)) != before
		})
	})
}

// TestOldKeepaliveKillsNewConnection: the keepalive of a connection lives on when that is
// lost, its pong never comes, and what it ends is the connection of today.
func TestOldKeepaliveKillsNewConnection(t *testing.T) {
	naive, ours := both(t, func(w *world) int {
		w.open(flaws{pings: true, pingsForEver: true}, nil)
		settle(30 * time.Second)
		w.a.reset()
		settle(20 * time.Minute)
		return len(w.dialed(0))
	})
	assert.Greater(t, naive, 10)
	assert.Equal(t, 2, ours)
}

// TestKeepaliveSpins: while there is no connection the keepalive looks again and again
// whether there is one. In a bubble time stands still as long as anybody is at it, so that
// a client that spins is one that does without end what takes no time.
func TestKeepaliveSpins(t *testing.T) {
	const plenty = 1_000_000
	assertSymptom(t, "it does not wait", func(w *world) bool {
		w.a.down()
		c := w.open(flaws{}, nil)
		settle(time.Second)
		if w.ours {
			settle(24 * time.Hour) // would never be over
			return false
		}
		began, looked := w.now(), 0
		for !c.connected() && looked < plenty {
			looked++
		}
		return w.now() == began && looked == plenty
	})
}

// TestWrongNodeAfterFailover: the connection is as healthy as can be, and the server at its
// end is not the one any more.
func TestWrongNodeAfterFailover(t *testing.T) {
	wrong := errors.New("a replica")
	assertSymptom(t, "still connected to the wrong server after a day", func(w *world) bool {
		role := func(role string) func(*served, string) bool {
			return func(c *served, text string) bool {
				if text == "who" {
					c.say("role " + role)
				}
				return text == "who"
			}
		}
		w.a.first(role("primary"))
		w.b.first(role("primary"))
		w.open(flaws{pings: true}, func(c *pool.Config) {
			c.Endpoints = append(c.Endpoints, pool.Endpoint{Name: "b", URL: "ws://b:80/", Priority: 1})
			c.Policy = pool.DefaultPolicy()
			c.Policy.CheckEvery = time.Minute
			c.Validate = func(ctx context.Context, x pool.Exchange) error {
				if err := x.Send(ctx, message("who")); err != nil {
					return err
				}
				answer, err := x.Receive(ctx, func(m pool.Message) bool {
					return strings.HasPrefix(string(m.Payload), "role ")
				})
				if err != nil {
					return err
				}
				if string(answer.Payload) != "role primary" {
					return fmt.Errorf("%s: %w", answer.Payload, wrong)
				}
				return nil
			}
		})
		settle(time.Minute)
		require.Len(w, w.a.open(), 1)
		w.a.first(role("replica"))
		if !w.ours {
			settle(24 * time.Hour)
			return len(w.a.open()) == 1
		}
		settle(2 * time.Minute) // a check, and a reconnect that goes elsewhere
		return len(w.a.open()) == 1 || len(w.b.open()) != 1
	})
}

// TestBytesBehind101: the server's first message comes in the segment of the 101, and stays
// in a buffer that nobody reads again.
func TestBytesBehind101(t *testing.T) {
	assertSymptom(t, "the message got lost", func(w *world) bool {
		w.a.behave(func(c *served) {
			var answer together
			u := ws.Upgrader{}
			if _, err := u.Upgrade(&struct {
				io.Reader
				io.Writer
			}{c.Conn, &answer}); err != nil {
				return
			}
			_, _ = c.Conn.Write(append(answer, ws.MustCompileFrame(ws.NewTextFrame([]byte("welcome")))...))
			c.listen()
		})
		c := w.open(flaws{dropsRest: true}, nil)
		settle(time.Minute)
		require.True(w, c.connected())
		return len(c.heard()) != 1
	})
}

// together collects what is written.
type together []byte

func (t *together) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	return len(p), nil
}
