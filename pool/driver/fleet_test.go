package driver

import (
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

func TestConnectsAndEchoes(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		require.NoError(w, w.send(0, 7), "queued before the client has started")
		assert.Equal(w, 1, w.fleet.Snapshot().Phases[heal.Idle])
		assert.Equal(w, 1, w.fleet.Snapshot().Waiting)
		w.connect()

		sent, received := w.log.of(Sent), w.log.of(Received)
		require.Len(w, sent, 1)
		require.Len(w, received, 1)
		assert.Equal(w, uint64(7), sent[0].Seq)
		assert.Equal(w, uint64(7), received[0].Seq)
		assert.Equal(w, numbered(7), received[0].Payload)
		assert.False(w, received[0].Acked, "at-most-once waits for nothing")
		assert.Equal(w, uint32(1), received[0].Gen)
		assert.Equal(w, Snapshot{Phases: [heal.Phases]int{heal.Ready: 1}, Dials: 1, Timers: 1}, w.fleet.Snapshot())
		assert.Equal(w, "0", w.server.last().client)

		time.Sleep(patient().StableAfter)
		synctest.Wait()
		assert.Equal(w, 1, w.fleet.Snapshot().Phases[heal.Stable])
	})
}

func TestNoDataBeforeTheProof(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		var first ws.OpCode
		w.server.behave(func(c *served) {
			if c.upgrade() {
				c.frames(func(op ws.OpCode, _ []byte) bool {
					if first == 0 {
						first = op
					}
					return true // and never answers
				})
			}
		})
		require.NoError(w, w.send(0, 1))
		w.fleet.Start(0)
		time.Sleep(patient().ProveTimeout + time.Millisecond)
		synctest.Wait()
		assert.Equal(w, ws.OpPing, first)
		assert.Empty(w, w.server.conns()[0].received())
		assert.Empty(w, w.log.of(Sent))
		last := w.log.steps(heal.TimerFired)
		require.NotEmpty(w, last)
		assert.Equal(w, heal.Unproved, last[0].State.Cause)
		assert.Equal(w, heal.Instant(patient().ProveTimeout), last[0].At)
	})
}

func TestResetHealsAfterTheDrawnDelay(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.connect()
		time.Sleep(12 * time.Second)
		w.server.last().mem().Reset()
		synctest.Wait()
		lost := w.log.steps(heal.Lost)
		require.Len(w, lost, 1)
		assert.Equal(w, heal.Reset, lost[0].Step.Cause)
		assert.Error(w, lost[0].Err)
		assert.Equal(w, heal.Instant(12*time.Second), lost[0].At)

		drawn := heal.Rand{Seed: 42}.Between(heal.DrawFirst, 2, 0, 5*time.Second)
		time.Sleep(drawn)
		synctest.Wait()
		assert.Equal(w, []heal.Instant{0, heal.Instant(12*time.Second + drawn)}, w.log.dials())
		assert.Equal(w, 1, w.fleet.Snapshot().Usable())
		for _, ev := range w.log.steps(heal.TimerFired) {
			assert.Zero(w, ev.Late)
		}
	})
}

func TestHalfOpenIsFoundAfterSilenceAndTimeout(t *testing.T) {
	for _, direction := range []string{"in", "out", "both"} {
		t.Run(direction, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.connect()
				time.Sleep(11 * time.Second)
				require.NoError(w, w.send(0, 1))
				synctest.Wait()
				last := w.now() // of the echo, the last byte
				far := w.server.last().mem()
				if direction != "out" {
					far.Hold(true)
				}
				if direction != "in" {
					w.hold()
				}
				silence := w.silence(0)
				time.Sleep(silence + patient().PingTimeout)
				synctest.Wait()
				timers := w.log.steps(heal.TimerFired)
				end := timers[len(timers)-1]
				assert.Equal(w, heal.HalfOpen, end.State.Cause)
				assert.Equal(w, last.Add(silence+patient().PingTimeout), end.At)
				assert.Equal(w, heal.Suspect, end.From)
				far.Hold(false)
			})
		})
	}
}

// hold keeps what the fleet's first client sends from arriving.
func (w *world) hold() {
	w.ends()[0].Hold(true)
}

func TestShortSilenceIsForgiven(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.connect()
		far := w.server.last().mem()
		far.Hold(true)
		time.Sleep(w.silence(0) + time.Second)
		synctest.Wait()
		require.Equal(w, 1, w.fleet.Snapshot().Phases[heal.Suspect])
		require.NoError(w, w.send(0, 5))
		far.Hold(false)
		synctest.Wait()
		assert.Equal(w, 1, w.fleet.Snapshot().Phases[heal.Stable], "the pong ends the suspicion at once")
		assert.Equal(w, []uint64{5}, seqs(w.log.of(Received)))
		assert.Empty(w, w.log.steps(heal.Lost))
	})
}

func TestAcceptThenCloseNeverPinsTheShortestDelay(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.server.behave(func(c *served) { c.upgrade() })
		w.fleet.Start(0)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		r, b := heal.Rand{Seed: 42}, patient().Backoff
		want, step := []heal.Instant{0}, b.Base
		for gen := uint64(2); ; gen++ {
			next := want[len(want)-1].Add(r.Between(heal.DrawBackoff, gen, step/2, step))
			if next > w.now() {
				break
			}
			want = append(want, next)
			step = min(2*step, b.Cap)
		}
		assert.Equal(w, want, w.log.dials())
		assert.Greater(w, len(want), 8)
	})
}

func TestRetryAfterIsObeyed(t *testing.T) {
	for _, form := range []string{"seconds", "date"} {
		t.Run(form, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.server.behave(func(c *served) {
					_, _ = ws.Upgrader{OnRequest: func([]byte) error {
						return ws.RejectConnectionError(ws.RejectionStatus(503), ws.RejectionHeader(ws.HandshakeHeaderString(
							"Retry-After: "+map[string]string{
								"seconds": "17",
								"date":    time.Now().Add(17 * time.Second).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"),
							}[form]+"\r\n")))
					}}.Upgrade(c.Conn)
				})
				w.fleet.Start(0)
				synctest.Wait()
				failed := w.log.steps(heal.Failed)
				require.Len(w, failed, 1)
				assert.Equal(w, heal.Event{Kind: heal.Failed, Gen: 1, Cause: heal.Status, Code: 503, RetryAfter: 17 * time.Second}, failed[0].Step)
				w.server.behave(nil)
				extra := heal.Rand{Seed: 42}.Between(heal.DrawThrottle, 2, 0, 17*time.Second/5)
				time.Sleep(17*time.Second + extra)
				synctest.Wait()
				assert.Equal(w, []heal.Instant{0, heal.Instant(17*time.Second + extra)}, w.log.dials())
				assert.Equal(w, 1, w.fleet.Snapshot().Usable())
			})
		})
	}
}

// glue holds writes back until it has two of them, and sends them as one.
type glue struct {
	*served
	held []byte
}

func (g *glue) Write(p []byte) (int, error) {
	g.held = append(g.held, p...)
	return len(p), nil
}

func TestBytesBehindThe101AreNotLost(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.server.behave(func(c *served) {
			g := &glue{served: c}
			if _, err := ws.Upgrade(g); err != nil {
				return
			}
			_ = ws.WriteFrame(g, ws.NewBinaryFrame(numbered(1)))
			_ = ws.WriteFrame(g, ws.NewTextFrame([]byte("half a frame")))
			cut := len(g.held) - 5
			_, _ = c.Conn.Write(g.held[:cut])
			time.Sleep(time.Second)
			_, _ = c.Conn.Write(g.held[cut:])
			c.echo()
		})
		time.Sleep(time.Second)
		w.connect()
		require.Equal(w, []uint64{1}, seqs(w.log.of(Received)))
		assert.Equal(w, heal.Instant(time.Second), w.log.of(Received)[0].At)
		assert.Equal(w, heal.Instant(time.Second), w.log.steps(heal.Proved)[0].At)
		time.Sleep(time.Second)
		synctest.Wait()
		received := w.log.of(Received)
		require.Len(w, received, 2)
		assert.Equal(w, "half a frame", string(received[1].Payload))
		assert.Equal(w, heal.Instant(2*time.Second), received[1].At)
	})
}

func TestCloseCodesArrive(t *testing.T) {
	for _, code := range []uint16{1000, 1001, 1005, 1011, 1012, 1013, 1014, 3000, 4999} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.server.behave(func(c *served) {
					if c.upgrade() {
						body := ws.NewCloseFrameBody(ws.StatusCode(code), "why")
						if code == 1005 {
							body = nil
						}
						c.write(ws.NewCloseFrame(body))
						c.frames(func(ws.OpCode, []byte) bool { return true })
					}
				})
				w.fleet.Start(0)
				synctest.Wait()
				lost := w.log.steps(heal.Lost)
				require.Len(w, lost, 1)
				assert.Equal(w, heal.Event{Kind: heal.Lost, Gen: 1, Cause: heal.CloseFrame, Code: code}, lost[0].Step)
				assert.Equal(w, []uint16{code}, w.server.conns()[0].closes(), "answered with the same code")
				_, err := w.server.conns()[0].Write([]byte("x"))
				assert.NoError(w, err, "the server is given time to close")
				time.Sleep(closeWait)
				synctest.Wait()
				_, err = w.server.conns()[0].Write([]byte("x"))
				assert.Error(w, err)
			})
		})
	}
}

func TestViolationsAreAnsweredAndLost(t *testing.T) {
	masked := ws.MaskFrame(ws.NewTextFrame([]byte("x")))
	reserved := ws.NewTextFrame([]byte("x"))
	reserved.Header.Rsv = 4
	for name, broken := range map[string]struct {
		frame ws.Frame
		code  uint16
	}{
		"masked":           {masked, 1002},
		"reserved bits":    {reserved, 1002},
		"reserved opcode":  {ws.NewFrame(3, true, nil), 1002},
		"fragmented ping":  {ws.NewFrame(ws.OpPing, false, nil), 1002},
		"stray fragment":   {ws.NewFrame(ws.OpContinuation, true, nil), 1002},
		"not UTF-8":        {ws.NewTextFrame([]byte{0xff}), 1007},
		"too large":        {ws.NewBinaryFrame(make([]byte, 1025)), 1009},
		"half a code":      {ws.NewCloseFrame([]byte{3}), 1002},
		"code 1005 sent":   {ws.NewCloseFrame(ws.NewCloseFrameBody(1005, "")), 1002},
		"code 2000":        {ws.NewCloseFrame(ws.NewCloseFrameBody(2000, "")), 1002},
		"reason not UTF-8": {ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "\xff")), 1007},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(o *Options) { o.MaxMessage = 1024 }, func(w *world) {
				w.server.behave(func(c *served) {
					if c.upgrade() {
						c.write(broken.frame)
						c.write(ws.NewTextFrame(make([]byte, 10_000))) // must be read away, else our close is a reset
						c.frames(func(op ws.OpCode, _ []byte) bool { return op != ws.OpClose })
					}
				})
				w.fleet.Start(0)
				synctest.Wait()
				lost := w.log.steps(heal.Lost)
				require.Len(w, lost, 1)
				assert.Equal(w, heal.Event{Kind: heal.Lost, Gen: 1, Cause: heal.Protocol, Code: broken.code}, lost[0].Step)
				assert.Error(w, lost[0].Err)
				assert.Equal(w, []uint16{broken.code}, w.server.conns()[0].closes())
			})
		})
	}
}

func TestHangingUpgradeTimesOut(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.server.behave(func(c *served) { _, _ = io.Copy(io.Discard, c.Conn) })
		w.fleet.Start(0)
		time.Sleep(patient().HandshakeTimeout)
		synctest.Wait()
		failed := w.log.steps(heal.Failed)
		require.Len(w, failed, 1)
		assert.Equal(w, heal.Timeout, failed[0].Step.Cause)
		assert.Equal(w, heal.Instant(patient().HandshakeTimeout), failed[0].At)
	})
}

func TestEndlessAnswerToTheUpgradeIsCutShort(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.server.behave(func(c *served) {
			_, err := c.Conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n"))
			for err == nil {
				_, err = c.Conn.Write([]byte("X-More: of the same\r\n"))
			}
		})
		w.fleet.Start(0)
		synctest.Wait()
		failed := w.log.steps(heal.Failed)
		require.Len(w, failed, 1)
		assert.Equal(w, heal.Protocol, failed[0].Step.Cause)
		assert.ErrorContains(w, failed[0].Err, "too long")
	})
}

func TestRefusedDialsHealOnceSomebodyListens(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.server.stop()
		w.fleet.Start(0)
		synctest.Wait()
		failed := w.log.steps(heal.Failed)
		require.Len(w, failed, 1)
		assert.Equal(w, heal.Refused, failed[0].Step.Cause)
		w.server = serve(w, w.net, "a:80")
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(w, 1, w.fleet.Snapshot().Usable())
	})
}
