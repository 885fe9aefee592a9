package driver

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

func TestClientsComeAndGo(t *testing.T) {
	inWorld(t, func(o *Options) { o.Clients, o.Shards = 0, 2 }, func(w *world) {
		for n := range 2*pageSize + 1 {
			require.Equal(w, n, w.fleet.Add(), "numbers count up")
		}
		const last = 2 * pageSize
		w.fleet.Start(last)
		w.fleet.Start(3)
		synctest.Wait()
		assert.Equal(w, heal.Ready, w.fleet.Client(3).Phase)
		assert.Equal(w, "a", w.fleet.Client(3).Endpoint.Name)
		assert.Equal(w, uint32(1), w.fleet.Client(3).Gen)
		assert.Equal(w, ClientInfo{}, w.fleet.Client(4))
		for n := range pageSize {
			w.fleet.Remove(n)
		}
		synctest.Wait()
		assert.Len(w, w.log.of(Left), pageSize)
		assert.Equal(w, Snapshot{Phases: [heal.Phases]int{heal.Idle: pageSize, heal.Ready: 1}, Dials: 2, Timers: 1}, w.fleet.Snapshot())
		assert.Nil(w, (*w.fleet.clients.pages.Load())[0], "nothing is kept of those who left")
		assert.Equal(w, heal.Retired, w.fleet.Client(3).Phase)
		require.ErrorIs(w, w.send(3, 1), ErrLeft)
		w.fleet.Start(3)
		w.fleet.Remove(3)
		synctest.Wait()
		assert.Len(w, w.log.of(Left), pageSize, "once each")
		assert.Equal(w, last+1, w.fleet.Add(), "a number is never used again")
		assert.Panics(w, func() { w.fleet.Start(last + 2) })
		assert.Panics(w, func() { w.fleet.Start(-1) })
		require.NoError(w, w.fleet.Close(context.Background()))
		n := w.fleet.Add()
		assert.Equal(w, heal.Retired, w.fleet.Client(n).Phase, "of a closed fleet")
	})
}

// TestRemoveFinishesWhatIsUnderWay: queued messages go out and are answered first.
func TestRemoveFinishesWhatIsUnderWay(t *testing.T) {
	inWorld(t, func(o *Options) {
		o.Guarantee = AtLeastOnce
		o.Policy.DrainTimeout = 5 * time.Second
	}, func(w *world) {
		w.net.Latency = 103 * time.Millisecond
		w.fleet.Start(0)
		time.Sleep(time.Second)
		require.NoError(w, w.send(0, 1))
		w.fleet.Remove(0)
		begun := w.now()
		synctest.Wait()
		require.ErrorIs(w, w.send(0, 2), ErrLeft, "and nothing new")
		time.Sleep(time.Second)
		left := w.log.of(Left)
		require.Len(w, left, 1)
		assert.Equal(w, begun.Add((210+206)*time.Millisecond), left[0].At, "a round trip, up to the next look, and another round trip to close")
		assert.Equal(w, []uint64{1}, seqs(w.log.of(Acked)))
		assert.Empty(w, w.log.of(Dropped))
		assert.Equal(w, []uint16{1000}, w.server.last().closes())
	})
}

func TestRemoveWaitsNoLongerThanTheDrainTimeout(t *testing.T) {
	inWorld(t, func(o *Options) {
		o.Guarantee = AtLeastOnce
		o.Policy.DrainTimeout = 5 * time.Second
	}, func(w *world) {
		w.connect()
		w.server.last().mem().Hold(true)
		require.NoError(w, w.fleet.Send(0, Message{Seq: 1, Payload: numbered(1), Ref: "mine"}))
		w.fleet.Remove(0)
		begun := w.now()
		time.Sleep(time.Minute)
		left := w.log.of(Left)
		require.Len(w, left, 1)
		assert.Equal(w, begun.Add(5*time.Second+closeWait), left[0].At)
		dropped := w.log.of(Dropped)
		require.Len(w, dropped, 1)
		assert.Equal(w, InDoubt, dropped[0].Outcome)
		assert.Equal(w, "mine", dropped[0].Ref)
	})
}

func TestRemoveWaitsForWhatElseIsInFlight(t *testing.T) {
	var flying atomic.Int64
	flying.Store(2)
	inWorld(t, func(o *Options) {
		o.Policy.DrainTimeout = 5 * time.Second
		o.InFlight = func(client int, gen uint32) int {
			assert.Equal(t, 0, client)
			assert.Equal(t, uint32(1), gen)
			return int(flying.Load())
		}
	}, func(w *world) {
		w.connect()
		w.fleet.Remove(0)
		time.Sleep(time.Second)
		assert.Empty(w, w.log.of(Left))
		flying.Store(0)
		time.Sleep(settleEvery)
		synctest.Wait()
		assert.Len(w, w.log.of(Left), 1)
	})
}

func TestAClientIsRemovedInEveryPhase(t *testing.T) {
	inWorld(t, func(o *Options) { o.Clients = 3 }, func(w *world) {
		w.server.stop()
		require.NoError(w, w.send(1, 9))
		w.fleet.Start(1) // waiting
		synctest.Wait()
		w.fleet.Remove(0) // idle
		w.fleet.Remove(1)
		synctest.Wait()
		assert.Len(w, w.log.of(Left), 2)
		dropped := w.log.of(Dropped)
		require.Len(w, dropped, 1)
		assert.Equal(w, NotSent, dropped[0].Outcome)
		assert.Equal(w, Snapshot{Phases: [heal.Phases]int{heal.Idle: 1}, Dials: 1}, w.fleet.Snapshot())
		seen := len(w.log.all())
		time.Sleep(time.Hour)
		assert.Len(w, w.log.all(), seen, "who has left is silent")
	})
}
