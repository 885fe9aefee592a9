package driver

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

func atLeastOnce(o *Options) { o.Guarantee = AtLeastOnce }

// TestAtLeastOnceLosesNothingAcrossAReset lets a server read some messages without
// answering, resets it, and expects all of them again, in order, before newer ones.
func TestAtLeastOnceLosesNothingAcrossAReset(t *testing.T) {
	inWorld(t, atLeastOnce, func(w *world) {
		w.server.behave(func(c *served) {
			if !c.upgrade() {
				return
			}
			answered := 0
			c.frames(func(op ws.OpCode, p []byte) bool {
				switch {
				case op == ws.OpPing:
					return c.write(ws.NewPongFrame(p))
				case op == ws.OpBinary && answered < 2: // answers two, hears five
					answered++
					return c.write(ws.NewBinaryFrame(p))
				}
				return len(c.received()) < 5
			})
			c.mem().Reset()
		})
		w.connect()
		for seq := range uint64(5) {
			require.NoError(w, w.send(0, seq))
			synctest.Wait()
		}
		assert.Equal(w, 3, w.fleet.Snapshot().Waiting)
		require.Len(w, w.log.steps(heal.Lost), 1)
		for seq := range uint64(3) {
			require.NoError(w, w.send(0, 5+seq))
		}
		w.server.behave(nil)
		time.Sleep(30 * time.Second)
		synctest.Wait()

		first, second := w.server.conns()[0], w.server.conns()[1]
		assert.Equal(w, []uint64{0, 1, 2, 3, 4}, first.received())
		assert.Equal(w, []uint64{2, 3, 4, 5, 6, 7}, second.received())
		var again []bool
		for _, ev := range w.log.of(Sent) {
			again = append(again, ev.Again)
		}
		assert.Equal(w, []uint64{0, 1, 2, 3, 4, 2, 3, 4, 5, 6, 7}, seqs(w.log.of(Sent)))
		assert.Equal(w, []bool{false, false, false, false, false, true, true, true, false, false, false}, again)
		for seq, ev := range w.log.of(Received) {
			assert.Equal(w, uint64(seq), ev.Seq)
			assert.True(w, ev.Acked)
		}
		assert.Len(w, w.log.of(Received), 8)
		assert.Zero(w, w.fleet.Snapshot().Waiting)
	})
}

// TestDuplicatesAreTold has every answer come twice: one is new, the other a duplicate.
func TestDuplicatesAreTold(t *testing.T) {
	inWorld(t, atLeastOnce, func(w *world) {
		w.server.behave(func(c *served) {
			if c.upgrade() {
				c.frames(func(op ws.OpCode, p []byte) bool {
					if op == ws.OpPing {
						return c.write(ws.NewPongFrame(p))
					}
					c.write(ws.NewBinaryFrame(p))
					return c.write(ws.NewBinaryFrame(p))
				})
			}
		})
		w.connect()
		require.NoError(w, w.send(0, 9))
		synctest.Wait()
		received := w.log.of(Received)
		require.Len(w, received, 2)
		assert.True(w, received[0].Acked)
		assert.False(w, received[0].Again)
		assert.False(w, received[1].Acked)
		assert.True(w, received[1].Again)
		assert.Equal(w, []uint64{9, 9}, seqs(received))
	})
}

func TestAnAnswerToWhatWasNeverSentAcknowledgesNothing(t *testing.T) {
	inWorld(t, atLeastOnce, func(w *world) {
		w.server.behave(func(c *served) {
			if c.upgrade() {
				c.write(ws.NewBinaryFrame(numbered(1))) // before it can have got it
				c.echo()
			}
		})
		require.NoError(w, w.send(0, 1))
		w.connect()
		received := w.log.of(Received)
		require.Len(w, received, 2)
		assert.False(w, received[0].Acked)
		assert.True(w, received[1].Acked)
	})
}

func TestQueueIsBoundedInFramesAndBytes(t *testing.T) {
	inWorld(t, func(o *Options) { o.QueueFrames, o.QueueBytes = 3, 100 }, func(w *world) {
		for seq := range uint64(3) {
			require.NoError(w, w.fleet.Send(0, Message{Seq: seq, Payload: make([]byte, 10)}))
		}
		require.ErrorIs(w, w.fleet.Send(0, Message{Seq: 3}), ErrQueueFull)
		w.connect()
		require.NoError(w, w.fleet.Send(0, Message{Seq: 4, Payload: make([]byte, 100)}), "what was written makes room")
		synctest.Wait()
		require.ErrorIs(w, w.fleet.Send(0, Message{Seq: 5, Payload: make([]byte, 101)}), ErrQueueFull, "it would never fit")
		assert.Equal(w, []uint64{0, 1, 2, 4}, seqs(w.log.of(Sent)))
	})
}

func TestUnacknowledgedMessagesFillTheQueue(t *testing.T) {
	inWorld(t, func(o *Options) { o.Guarantee, o.QueueFrames = AtLeastOnce, 2 }, func(w *world) {
		w.connect()
		w.server.last().mem().Hold(true)
		require.NoError(w, w.send(0, 0))
		require.NoError(w, w.send(0, 1))
		synctest.Wait()
		assert.Len(w, w.log.of(Sent), 2)
		require.ErrorIs(w, w.send(0, 2), ErrQueueFull)
		w.server.last().mem().Hold(false)
		synctest.Wait()
		require.NoError(w, w.send(0, 2))
	})
}

// TestWriteStall fills the way to a server that does not read any more.
func TestWriteStall(t *testing.T) {
	for _, guarantee := range []Guarantee{AtMostOnce, AtLeastOnce} {
		inWorld(t, func(o *Options) { o.Guarantee = guarantee }, func(w *world) {
			w.net.Buffer = 1000
			w.server.behave(func(c *served) {
				if c.upgrade() {
					c.frames(func(op ws.OpCode, p []byte) bool {
						c.write(ws.NewPongFrame(p))
						<-c.server.quit
						return false
					})
				}
			})
			w.connect()
			const frame = 2 + 4 + 100
			for seq := range uint64(20) { // 9 fit whole, the tenth in part
				require.NoError(w, w.fleet.Send(0, Message{Seq: seq, Payload: append(numbered(seq), make([]byte, 92)...)}))
			}
			synctest.Wait()
			begun := w.now()
			// In memory a stall is looked for every 10 s, and the first look finds what went before.
			time.Sleep(20 * time.Second)
			synctest.Wait()
			lost := w.log.steps(heal.Lost)
			require.Len(w, lost, 1)
			assert.Equal(w, heal.WriteStall, lost[0].Step.Cause)
			assert.Equal(w, begun.Add(20*time.Second), lost[0].At)
			whole := 1000 / frame
			assert.Len(w, w.log.of(Sent), whole)
			if guarantee == AtLeastOnce {
				assert.Empty(w, w.log.of(Dropped))
				assert.Equal(w, 20, w.fleet.Snapshot().Waiting)
				return
			}
			dropped := w.log.of(Dropped)
			require.Len(w, dropped, 1)
			assert.Equal(w, uint64(whole), dropped[0].Seq)
			assert.Equal(w, InDoubt, dropped[0].Outcome)
			w.server.behave(nil)
			time.Sleep(time.Minute)
			synctest.Wait()
			last := w.server.last().received()
			require.Len(w, last, 20-whole-1, "what was not touched moved to the next connection")
			assert.Equal(w, uint64(whole+1), last[0])
		})
	}
}

// TestOutboxAgainstAModel drives an outbox through random sends, writes,
// acknowledgements and ends of connections next to a plain list.
func TestOutboxAgainstAModel(t *testing.T) {
	type entry struct {
		seq  uint64
		size int
		by   *conn
		sent bool
	}
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 3))
		var o outbox
		var model []entry
		var seq uint64
		conns := [2]*conn{{gen: 1}, {gen: 2}} // either may carry
		for range 2000 {
			k := conns[r.IntN(2)]
			switch r.IntN(5) {
			case 0, 1:
				size, held := r.IntN(50), 0
				for _, e := range model {
					held += e.size
				}
				fits := len(model) < 100 && held+size <= 2000
				require.Equal(t, fits, o.fits(size, 100, 2000))
				if fits {
					o.push(Message{Seq: seq, Payload: make([]byte, size)})
					model = append(model, entry{seq: seq, size: size})
				}
				seq++
			case 2:
				for range r.IntN(5) {
					i := slices.IndexFunc(model, func(e entry) bool { return e.by == nil })
					m, position := o.due(0)
					if i < 0 {
						require.Nil(t, m)
						break
					}
					require.Equal(t, model[i].seq, m.seq)
					require.Len(t, m.payload, model[i].size)
					require.Same(t, m, o.at(position))
					o.carry(m, k)
					m.sent, model[i].sent, model[i].by = true, true, k
				}
			case 3:
				ask := uint64(r.IntN(int(seq + 1)))
				if len(model) > 0 && r.IntN(4) > 0 {
					ask = model[r.IntN(min(len(model), 4))].seq
				}
				i := slices.IndexFunc(model, func(e entry) bool { return e.seq == ask && e.sent })
				_, ok := o.acknowledge(ask)
				require.Equal(t, i >= 0, ok)
				if i >= 0 {
					model = slices.Delete(model, i, i+1)
				}
			case 4:
				if r.IntN(10) == 0 { // k ends; every seventh of its messages is lost with it
					o.release(k, func(m *message) bool { return m.seq%7 == 0 })
					model = slices.DeleteFunc(model, func(e entry) bool { return e.by == k && e.seq%7 == 0 })
					for i := range model {
						if model[i].by == k {
							model[i].by = nil
						}
					}
				}
			}
			carried := [2]int{}
			for _, e := range model {
				for i := range conns {
					if e.by == conns[i] {
						carried[i]++
					}
				}
			}
			require.Equal(t, len(model), int(o.frames))
			require.Equal(t, carried, [2]int{conns[0].carries, conns[1].carries})
			require.Equal(t, carried[0]+carried[1], int(o.carried))
		}
	}
}

// TestRoomForBursts keeps what a burst needed for the next one, unless it was large, and
// until the client is idle.
func TestRoomForBursts(t *testing.T) {
	var o outbox
	carry := func(n int) {
		for range n {
			o.push(Message{})
		}
		for range n {
			m, _ := o.due(0)
			o.carry(m, new(conn))
			o.finish(m)
		}
		assert.Zero(t, o.left())
	}
	carry(burst / 2)
	assert.GreaterOrEqual(t, cap(o.messages), burst/2)
	o.push(Message{})
	o.rest()
	assert.Equal(t, 1, o.left(), "what waits stays")
	m, _ := o.due(0)
	o.finish(m)
	o.rest()
	assert.Zero(t, cap(o.messages))
	carry(burst + 1)
	assert.Zero(t, cap(o.messages))
	carry(1)
	assert.Zero(t, o.bytes)
}

// TestAPingLetsGoOfTheRoom is the moment at which a client counts as idle.
func TestAPingLetsGoOfTheRoom(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.connect()
		for seq := range uint64(64) {
			require.NoError(w, w.send(0, seq+1))
		}
		synctest.Wait()
		c := w.fleet.clients.get(0)
		room := func() int {
			c.mu.Lock()
			defer c.mu.Unlock()
			return cap(c.outbox.messages)
		}
		assert.NotZero(w, room())
		time.Sleep(w.opt.Policy.PingEvery + w.opt.Policy.PingEvery/2)
		synctest.Wait()
		assert.Zero(w, room())
	})
}
