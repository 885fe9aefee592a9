package driver

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// TestCloseInEveryPhase brings a client into a phase and closes the fleet: it must end
// when it should, leave nothing behind, and stay silent.
func TestCloseInEveryPhase(t *testing.T) {
	silent := func(c *served) { // accepts, upgrades, and answers nothing
		if c.upgrade() {
			c.frames(func(ws.OpCode, []byte) bool { return true })
		}
	}
	for _, test := range []struct {
		phase heal.Phase
		bring func(w *world)
		takes time.Duration
		bye   bool // the server gets a close frame with 1000
	}{
		{heal.Idle, func(*world) {}, 0, false},
		{heal.Waiting, func(w *world) { w.server.stop(); w.fleet.Start(0) }, 0, false},
		{heal.Dialing, func(w *world) {
			w.server.behave(func(c *served) { _, _ = io.Copy(io.Discard, c.Conn) })
			w.fleet.Start(0)
		}, 0, false},
		{heal.Proving, func(w *world) { w.server.behave(silent); w.fleet.Start(0) }, closeWait, true},
		{heal.Ready, (*world).connect, 0, true},
		{heal.Stable, func(w *world) { w.connect(); time.Sleep(10 * time.Second) }, 0, true},
		{heal.Suspect, func(w *world) {
			w.connect()
			w.server.last().mem().Hold(true)
			time.Sleep(w.silence(0) + time.Millisecond)
		}, closeWait, true},
		{heal.GaveUp, func(w *world) {
			w.server.behave(func(c *served) {
				_, _ = ws.Upgrader{OnRequest: func([]byte) error {
					return ws.RejectConnectionError(ws.RejectionStatus(404))
				}}.Upgrade(c.Conn)
			})
			w.fleet.Start(0)
		}, 0, false},
	} {
		t.Run(test.phase.String(), func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				test.bring(w)
				synctest.Wait()
				require.Equal(w, 1, w.fleet.Snapshot().Phases[test.phase])
				if w.fleet.Snapshot().Usable() == 0 {
					require.NoError(w, w.send(0, 3))
				}
				begun := w.now()
				require.NoError(w, w.fleet.Close(context.Background()))
				assert.Equal(w, begun.Add(test.takes), w.now())
				assert.Equal(w, Snapshot{Phases: [heal.Phases]int{heal.Retired: 1}, Dials: w.fleet.Snapshot().Dials}, w.fleet.Snapshot())
				if test.bye {
					assert.Equal(w, []uint16{1000}, w.server.last().closes())
				}
				for _, ev := range w.log.of(Dropped) {
					assert.Equal(w, NotSent, ev.Outcome)
					assert.Equal(w, uint64(3), ev.Seq)
				}
				seen := len(w.log.all())
				w.fleet.Start(0)
				require.ErrorIs(w, w.send(0, 4), ErrClosed)
				require.NoError(w, w.fleet.Close(context.Background()), "again")
				time.Sleep(time.Hour)
				assert.Len(w, w.log.all(), seen, "closed is silent")
			})
		})
	}
}

// TestCloseByForce cuts the closing handshake short.
func TestCloseByForce(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.connect()
		w.server.last().mem().Hold(true)
		begun := w.now()
		err := w.fleet.Close(w.within(100 * time.Millisecond))
		require.ErrorIs(w, err, context.DeadlineExceeded)
		assert.Equal(w, begun.Add(100*time.Millisecond), w.now())
	})
}

// TestForceComesAfterTheEnd has an event loop find all that a Close by force posts to it at
// once: whoever was killed before he was closed would dial once more.
func TestForceComesAfterTheEnd(t *testing.T) {
	const clients = 300
	var busy, free chan struct{}
	inWorld(t, func(o *Options) {
		busy, free = make(chan struct{}), make(chan struct{})
		hold := sync.OnceFunc(func() { close(busy); <-free })
		o.Clients = clients
		inner := o.Observe
		o.Observe = func(ev Event) {
			inner(ev)
			hold()
		}
	}, func(w *world) {
		w.fleet.Start(0)
		<-busy
		go func() { _ = w.fleet.Close(w.within(0)) }()
		synctest.Wait()
		s := w.fleet.shards[0]
		s.mu.Lock()
		closed := 0
		for b := s.rest.first; b != nil; b = b.next {
			for _, m := range b.mails[:b.n] {
				if m.event.Kind == heal.Close {
					closed++
				}
				if m.order == force {
					assert.Equal(w, clients, closed)
				}
			}
		}
		s.mu.Unlock()
		assert.Equal(w, clients, closed)
		close(free)
	})
}

func TestCloseTellsWhatBecameOfTheQueue(t *testing.T) {
	inWorld(t, func(o *Options) { o.Guarantee = AtLeastOnce; o.Clients = 2 }, func(w *world) {
		w.fleet.Start(0)
		synctest.Wait()
		w.server.last().mem().Hold(true)
		require.NoError(w, w.send(0, 1))
		require.NoError(w, w.send(1, 2))
		synctest.Wait()
		require.NoError(w, w.fleet.Close(context.Background()))
		outcomes := map[uint64]Outcome{}
		for _, ev := range w.log.of(Dropped) {
			outcomes[ev.Seq] = ev.Outcome
		}
		assert.Equal(w, map[uint64]Outcome{1: InDoubt, 2: NotSent}, outcomes)
		assert.Zero(w, w.fleet.Snapshot().Waiting)
	})
}

// watched counts the connections that a fleet has not closed yet.
type watched struct {
	net.Conn
	open *int
}

func (c *watched) Close() error {
	if c.open != nil {
		*c.open--
		c.open = nil
	}
	return c.Conn.Close()
}

// TestNextDialWaitsForTheEndOfTheConnection lets a policy redial at once: the dial
// must find the connection before it closed, whoever ended it.
func TestNextDialWaitsForTheEndOfTheConnection(t *testing.T) {
	for name, end := range map[string]func(w *world){
		"reset": func(w *world) { w.server.last().mem().Reset() },
		"half-open": func(w *world) {
			w.server.last().mem().Hold(true)
			time.Sleep(patient().PingEvery + patient().PingTimeout)
		},
	} {
		t.Run(name, func(t *testing.T) {
			open, dials := 0, 0
			inWorld(t, func(o *Options) {
				o.Policy.First = heal.First{Rule: heal.AtOnce}
				o.Policy.ResetOn = heal.OnOpen
				inner := o.DialContext
				o.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
					assert.Zero(t, open, "a second connection while the first is open")
					c, err := inner(ctx, network, addr)
					if err == nil {
						open++
						dials++
						c = &watched{Conn: c, open: &open}
					}
					return c, err
				}
			}, func(w *world) {
				w.connect()
				for range 10 {
					end(w)
					synctest.Wait()
				}
				assert.Equal(w, 11, dials)
			})
		})
	}
}

// TestNextDialDoesNotWaitForAClosingHandshake has a server say goodbye and then keep the
// TCP connection: its client is elsewhere meanwhile.
func TestNextDialDoesNotWaitForAClosingHandshake(t *testing.T) {
	inWorld(t, func(o *Options) {
		o.Policy.First = heal.First{Rule: heal.AtOnce}
		o.Policy.ResetOn = heal.OnOpen
	}, func(w *world) {
		w.server.behave(func(c *served) {
			if c.upgrade() {
				c.frames(func(op ws.OpCode, p []byte) bool { return op != ws.OpPing || c.write(ws.NewPongFrame(p)) })
			}
		})
		w.connect()
		w.server.last().write(ws.NewCloseFrame(ws.NewCloseFrameBody(1011, "")))
		begun := w.now()
		synctest.Wait()
		assert.Equal(w, []heal.Instant{0, begun}, w.log.dials())
		assert.Equal(w, 1, w.fleet.Snapshot().Usable())
		_, err := w.ends()[0].Write([]byte("x"))
		require.NoError(w, err, "the old one is still there")
		time.Sleep(closeWait)
		synctest.Wait()
		_, err = w.ends()[0].Write([]byte("x"))
		require.ErrorIs(w, err, net.ErrClosed, "and is left after a second")
		assert.Len(w, w.log.steps(heal.Lost), 1)
	})
}

// TestADialThatIgnoresItsContextIsNotDoubled keeps one dial hanging for ten minutes:
// the attempts after it time out and none is made beside it.
func TestADialThatIgnoresItsContextIsNotDoubled(t *testing.T) {
	dials := 0
	inWorld(t, func(o *Options) {
		inner := o.DialContext
		o.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dials++; dials == 1 {
				time.Sleep(10 * time.Minute)
				ctx = context.WithoutCancel(ctx)
			}
			return inner(ctx, network, addr)
		}
	}, func(w *world) {
		w.fleet.Start(0)
		time.Sleep(9 * time.Minute)
		synctest.Wait()
		assert.Equal(w, 1, dials)
		assert.Greater(w, len(w.log.dials()), 5)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		assert.Equal(w, 1, w.fleet.Snapshot().Usable())
		assert.Len(w, w.server.conns(), 2, "the late one, which was closed, and the one in use")
	})
}
