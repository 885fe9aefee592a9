package driver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAcceptComesFirst and is asked only when nothing waits for Receive: whatever it leaves,
// the order holds.
func TestAcceptComesFirst(t *testing.T) {
	var gate chan struct{}
	var accepted, all list[uint64]
	inWorld(t, func(o *Options) {
		gate = make(chan struct{})
		o.Receive = func(_ int, _ uint32, payload []byte, _ bool) {
			seq, _ := seqOf(payload)
			all.add(seq)
			<-gate
		}
		o.Accept = func(client int, gen uint32, payload []byte, text bool) bool {
			assert.Equal(t, []any{0, uint32(1), false}, []any{client, gen, text})
			seq, _ := seqOf(payload)
			if seq%4 == 2 {
				return false
			}
			accepted.add(seq)
			all.add(seq)
			return true
		}
	}, func(w *world) {
		w.connect()
		flood(w.server.last(), 0, 6)
		synctest.Wait()
		assert.Equal(w, []uint64{0, 1}, accepted.all())
		assert.Equal(w, []uint64{0, 1, 2}, all.all(), "it was not asked for what came behind the one in hand")
		close(gate)
		synctest.Wait()
		flood(w.server.last(), 6, 4)
		synctest.Wait()
		assert.Equal(w, []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, all.all())
		assert.Len(w, w.log.of(Received), 10)
	})
}

// TestAcceptIsNotAskedDuringAnExchange, whose business it may be.
func TestAcceptIsNotAskedDuringAnExchange(t *testing.T) {
	var r reception
	var accepted list[uint64]
	inWorld(t, func(o *Options) {
		o.Receive = r.receive
		o.Accept = func(_ int, _ uint32, payload []byte, _ bool) bool {
			seq, _ := seqOf(payload)
			accepted.add(seq)
			return true
		}
		o.Validate = func(ctx context.Context, x Exchange) error {
			_, err := x.Receive(ctx, func(p []byte) bool { seq, _ := seqOf(p); return seq == 1 })
			return err
		}
	}, func(w *world) {
		w.fleet.Start(0)
		synctest.Wait()
		flood(w.server.last(), 0, 2)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(w, 1, w.fleet.Snapshot().Usable())
		assert.Equal(w, []uint64{0}, r.all(), "passed by")
		flood(w.server.last(), 2, 1)
		synctest.Wait()
		assert.Equal(w, []uint64{2}, accepted.all())
	})
}

// TestFleetAcceptNamesAnother for one client, until it names nobody.
func TestFleetAcceptNamesAnother(t *testing.T) {
	var all, its list[uint64]
	into := func(l *list[uint64]) Acceptor {
		return func(_ int, _ uint32, payload []byte, _ bool) bool {
			seq, _ := seqOf(payload)
			l.add(seq)
			return true
		}
	}
	var r reception
	inWorld(t, func(o *Options) { o.Receive, o.Accept = r.receive, into(&all) }, func(w *world) {
		w.connect()
		for seq, by := range []Acceptor{nil, into(&its), func(int, uint32, []byte, bool) bool { return false }, nil} {
			w.fleet.Accept(0, by)
			flood(w.server.last(), uint64(seq), 1)
			synctest.Wait()
		}
		assert.Equal(w, []uint64{0, 3}, all.all())
		assert.Equal(w, []uint64{1}, its.all())
		assert.Equal(w, []uint64{2}, r.all())
		w.fleet.Remove(0)
		synctest.Wait()
		w.fleet.Accept(0, nil)
	})
}

// TestSentGetsThoseOfOneWrite together, and Observe none of them.
func TestSentGetsThoseOfOneWrite(t *testing.T) {
	var batches list[[]uint64]
	inWorld(t, func(o *Options) {
		o.Sent = func(carried []Carried) {
			var all []uint64
			for _, c := range carried {
				all = append(all, c.Seq)
			}
			batches.add(all)
		}
	}, func(w *world) {
		for seq := range uint64(3) {
			require.NoError(w, w.send(0, seq))
		}
		w.connect()
		synctest.Wait()
		require.NoError(w, w.send(0, 3))
		synctest.Wait()
		assert.Equal(w, [][]uint64{{0, 1, 2}, {3}}, batches.all())
		assert.Empty(w, w.log.of(Sent))
	})
}

// TestHeardInPlaceOfObserve: nothing but what a message acknowledges is told otherwise.
func TestHeardInPlaceOfObserve(t *testing.T) {
	for name, acknowledges := range map[string]bool{"plain": false, "acknowledging": true} {
		t.Run(name, func(t *testing.T) {
			var heard, received list[string]
			inWorld(t, func(o *Options) {
				o.Receive = func(_ int, _ uint32, payload []byte, _ bool) { received.add(string(payload)) }
				o.Heard = func(_ int, _ uint32, payload []byte) { heard.add(string(payload)) }
				if o.Ack = nil; acknowledges {
					o.Ack = func(_ int, payload []byte) (uint64, bool) { return seqOf(payload) }
				}
			}, func(w *world) {
				w.connect()
				flood(w.server.last(), 7, 1)
				synctest.Wait()
				told := []string{string(numbered(7))}
				assert.Equal(w, told, received.all())
				if acknowledges {
					assert.Len(w, w.log.of(Received), 1)
					assert.Empty(w, heard.all())
					return
				}
				assert.Empty(w, w.log.of(Received))
				assert.Equal(w, told, heard.all())
			})
		})
	}
}
