package driver

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// quay counts dials under way.
type quay struct {
	mu        sync.Mutex
	now, most int
}

func (q *quay) over(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		q.add(1)
		defer q.add(-1)
		time.Sleep(100 * time.Millisecond)
		return dial(ctx, network, addr)
	}
}

func (q *quay) add(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.now += n
	q.most = max(q.most, q.now)
}

func TestDialsAreBounded(t *testing.T) {
	var q quay
	inWorld(t, func(o *Options) {
		o.Clients, o.Dials = 10, 3
		o.DialContext = q.over(o.DialContext)
	}, func(w *world) {
		for i := range 10 {
			w.fleet.Start(i)
		}
		time.Sleep(399 * time.Millisecond)
		synctest.Wait()
		assert.Equal(w, 9, w.fleet.Snapshot().Usable())
		time.Sleep(time.Second)
		assert.Equal(w, 10, w.fleet.Snapshot().Usable())
		assert.Equal(w, 3, q.most)
		assert.Equal(w, 3, w.fleet.berths.free)
		assert.Nil(w, w.fleet.berths.line)
	})
}

// TestADialThatWaitsInVain has its time, and holds nobody up.
func TestADialThatWaitsInVain(t *testing.T) {
	var q quay
	inWorld(t, func(o *Options) {
		o.Clients, o.Dials = 2, 1
		o.Policy.HandshakeTimeout = 50 * time.Millisecond
		o.DialContext = q.over(o.DialContext)
	}, func(w *world) {
		w.fleet.Start(0)
		w.fleet.Start(1)
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		failed := w.log.steps(heal.Failed)
		require.NotEmpty(w, failed)
		for _, ev := range failed {
			assert.Contains(w, []heal.Cause{heal.Timeout, heal.Unknown}, ev.Step.Cause)
		}
		require.NoError(w, w.fleet.Close(w.within(10*time.Second)))
		synctest.Wait()
		assert.Equal(w, 1, w.fleet.berths.free)
	})
}

func TestDialsMustNotBeNegative(t *testing.T) {
	_, err := Open(Options{Clients: 1, Policy: patient(), Endpoints: []Endpoint{{URL: "ws://a:80"}}, Dials: -1})
	assert.ErrorContains(t, err, "fleet: Dials: expected at least 0, got -1")
}

// TestBerthsKeepNoRoomForThoseWhoLeft, although the line is never empty.
func TestBerthsKeepNoRoomForThoseWhoLeft(t *testing.T) {
	b := berths{free: 1}
	b.take(job{})
	b.take(job{})
	for range 100_000 { // there is always one who waits
		b.take(job{})
		_, ok := b.pass()
		require.True(t, ok)
	}
	assert.Less(t, cap(b.line), 1024)
}
