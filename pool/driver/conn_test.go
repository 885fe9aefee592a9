package driver

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/echo"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/pool/wire"
)

// tampered is a connection whose writes a test sees, and may answer itself.
type tampered struct {
	net.Conn
	write func(p []byte, through func([]byte) (int, error)) (int, error)
}

func (c *tampered) Write(p []byte) (int, error) { return c.write(p, c.Conn.Write) }

// tamper makes the fleet write through write.
func tamper(o *Options, write func(p []byte, through func([]byte) (int, error)) (int, error)) {
	inner := o.DialContext
	if inner == nil {
		inner = new(net.Dialer).DialContext
	}
	o.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := inner(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &tampered{c, write}, nil
	}
}

func TestWhatWaitsIsWrittenTogether(t *testing.T) {
	var sizes []int
	inWorld(t, func(o *Options) {
		tamper(o, func(p []byte, through func([]byte) (int, error)) (int, error) {
			sizes = append(sizes, len(p))
			return through(p)
		})
	}, func(w *world) {
		const frame = 4 + 4 + 1000
		for seq := range uint64(100) {
			require.NoError(w, w.fleet.Send(0, Message{Seq: seq, Payload: append(numbered(seq), make([]byte, 992)...)}))
		}
		w.connect()
		fits := flushPlain / frame
		assert.Equal(w, []int{fits * frame, (100 - fits) * frame}, sizes[2:], "after the upgrade and the ping")
		assert.Len(w, w.log.of(Received), 100)
	})
}

// TestTheReaderKnowsBetter fails a write while the reason is still on its way.
func TestTheReaderKnowsBetter(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(c *served)
		want heal.Event
	}{
		"end of stream": {func(c *served) { c.Close() }, heal.Event{Kind: heal.Lost, Gen: 1, Cause: heal.EOF}},
		"close frame": {func(c *served) {
			c.write(ws.NewCloseFrame(ws.NewCloseFrameBody(1012, "")))
			c.Close()
		}, heal.Event{Kind: heal.Lost, Gen: 1, Cause: heal.CloseFrame, Code: 1012}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.net.Latency = 10 * time.Millisecond
				w.fleet.Start(0)
				time.Sleep(time.Second)
				test.end(w.server.last())
				end := w.now()
				require.NoError(w, w.send(0, 1)) // fails at once: nobody reads any more
				time.Sleep(time.Second)
				lost := w.log.steps(heal.Lost)
				require.Len(w, lost, 1)
				assert.Equal(w, test.want, lost[0].Step)
				assert.Equal(w, end.Add(10*time.Millisecond), lost[0].At)
			})
		})
	}
}

// TestAResetToldToTheWriter is about Linux, which tells of a RST once: the writer may
// get it, and the reader an end of stream.
func TestAResetToldToTheWriter(t *testing.T) {
	var told error
	inWorld(t, func(o *Options) {
		tamper(o, func(p []byte, through func([]byte) (int, error)) (int, error) {
			if told != nil {
				return 0, told
			}
			return through(p)
		})
	}, func(w *world) {
		w.connect()
		told = syscall.ECONNRESET
		require.NoError(w, w.send(0, 1))
		synctest.Wait() // until the writer has been told
		w.server.last().Close()
		synctest.Wait()
		lost := w.log.steps(heal.Lost)
		require.Len(w, lost, 1)
		assert.Equal(w, heal.Reset, lost[0].Step.Cause)
		assert.ErrorIs(w, lost[0].Err, syscall.ECONNRESET)
		told = nil
	})
}

// TestLostWaitsForTheWriter keeps a write from ending for a while after its connection
// was reset: what became of its message has to be known before anything follows.
func TestLostWaitsForTheWriter(t *testing.T) {
	stuck := false
	inWorld(t, func(o *Options) {
		tamper(o, func(p []byte, through func([]byte) (int, error)) (int, error) {
			if stuck {
				stuck = false
				time.Sleep(time.Minute)
				return 3, syscall.ECONNRESET
			}
			return through(p)
		})
	}, func(w *world) {
		w.connect()
		stuck = true
		require.NoError(w, w.send(0, 1))
		synctest.Wait()
		w.server.last().mem().Reset()
		begun := w.now()
		time.Sleep(2 * time.Minute)
		lost, dropped := w.log.steps(heal.Lost), w.log.of(Dropped)
		require.Len(w, lost, 1)
		require.Len(w, dropped, 1)
		assert.Equal(w, begun.Add(time.Minute), lost[0].At)
		assert.Equal(w, begun.Add(time.Minute), dropped[0].At)
		assert.Equal(w, InDoubt, dropped[0].Outcome)
		assert.Equal(w, heal.Reset, lost[0].Step.Cause)
	})
}

func TestNothingFollowsACloseFrame(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		var ops []ws.OpCode
		w.server.behave(func(c *served) {
			if c.upgrade() {
				c.frames(func(op ws.OpCode, p []byte) bool {
					ops = append(ops, op)
					switch op {
					case ws.OpPing:
						return c.write(ws.NewPongFrame(p))
					case ws.OpClose: // and goes on as if nothing had been said
						return c.write(ws.NewPingFrame(nil)) && c.write(ws.NewBinaryFrame(numbered(1))) && c.write(ws.NewCloseFrame(p))
					}
					return true
				})
			}
		})
		w.connect()
		begun := w.now()
		require.NoError(w, w.fleet.Close(context.Background()))
		assert.Equal(w, []ws.OpCode{ws.OpPing, ws.OpClose}, ops)
		assert.Len(w, w.log.of(Received), 1, "what the peer had to say is still heard")
		assert.Equal(w, begun.Add(closeWait), w.now())
		assert.Equal(w, uint16(1000), w.log.steps(heal.Lost)[0].Step.Code)
	})
}

func TestPingsOfTheServerAreAnswered(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		var pong []byte
		w.server.behave(func(c *served) {
			if c.upgrade() {
				c.write(ws.NewPingFrame([]byte("are you there")))
				c.frames(func(op ws.OpCode, p []byte) bool {
					if op == ws.OpPong {
						pong = p
					}
					return true
				})
			}
		})
		w.fleet.Start(0)
		synctest.Wait()
		assert.Equal(w, "are you there", string(pong))
		assert.Equal(w, 1, w.fleet.Snapshot().Phases[heal.Proving], "a ping proves nothing: it answers nothing")
	})
}

// TestAConnectionThatNobodyWantsIsRefused hands a shard the fruit of a dial that was
// given up meanwhile.
func TestAConnectionThatNobodyWantsIsRefused(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		c := w.fleet.clients.get(0)
		near, err := w.fleet.dialer.Dial(w.Context(), wire.Request{URL: w.opt.Endpoints[0].URL})
		require.NoError(w, err)
		k := newConn(c, 5, near, new(gate))
		w.fleet.work.Add(1)
		c.shard.post(mail{client: c, conn: k, event: heal.Event{Kind: heal.Opened, Gen: 5}})
		<-k.ended.wait()
		_, _, err = near.Write([]byte("x"), 0)
		assert.ErrorIs(w, err, net.ErrClosed)
		assert.Empty(w, w.log.all())
	})
}

// TestKillEndsADialUnderWay gives the order on the shard's goroutine, while the shard
// reports the start of another client.
func TestKillEndsADialUnderWay(t *testing.T) {
	var w *world
	var over *gate
	inWorld(t, func(o *Options) {
		o.Clients = 2
		inner := o.Observe
		o.Observe = func(ev Event) {
			inner(ev)
			if c := w.fleet.clients.get(0); ev.Client == 1 && ev.Step.Kind == heal.Start {
				over = c.ended
				c.act(heal.Action{Kind: heal.Kill, Gen: 1})
			}
		}
	}, func(now *world) {
		w = now
		w.server.behave(func(c *served) { <-c.server.quit })
		w.fleet.Start(0)
		time.Sleep(time.Second)
		w.fleet.Start(1)
		synctest.Wait()
		<-over.wait()
		assert.Equal(w, heal.Instant(time.Second), w.now())
	})
}

// TestTLSOutcomesAreHonest fails a write of a record after some of its bytes, and
// another before the first.
func TestTLSOutcomesAreHonest(t *testing.T) {
	for name, accepted := range map[string]int{"cut short": 100, "not begun": 0} {
		t.Run(name, func(t *testing.T) {
			url, roots := encrypted(t, nil, func(c *tls.Conn) { echo.Serve(c) })
			var mu sync.Mutex
			armed := false
			p, w := overSockets(t, url, func(o *Options) {
				o.TLS = &tls.Config{RootCAs: roots}
				o.Policy.Backoff = heal.Backoff{Base: time.Millisecond}
				tamper(o, func(p []byte, through func([]byte) (int, error)) (int, error) {
					mu.Lock()
					defer mu.Unlock()
					if armed && len(p) > 1000 {
						armed = false
						n, _ := through(p[:accepted])
						return n, syscall.ECONNRESET
					}
					return through(p)
				})
			})
			w.await(t, stepOf(heal.Proved))
			mu.Lock()
			armed = true
			mu.Unlock()
			require.NoError(t, p.Send(0, Message{Seq: 1, Payload: append(numbered(1), make([]byte, 4000)...)}))
			if accepted > 0 {
				assert.Equal(t, InDoubt, w.await(t, func(ev Event) bool { return ev.Kind == Dropped }).Outcome)
				return
			}
			assert.Equal(t, uint32(2), w.await(t, func(ev Event) bool { return ev.Kind == Received }).Gen)
			assert.Empty(t, w.of(Dropped))
		})
	}
}
