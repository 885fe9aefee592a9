package pool_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool"
)

// rented opens a pool of one connection to a server on a real socket, and leases it: whoever
// waits for what arrives there reads the socket himself.
func rented(t *testing.T, s *shop) (*pool.Pool, *pool.Lease) {
	t.Helper()
	url := s.open()
	t.Cleanup(s.close)
	p, err := pool.Open(t.Context(), pool.Config{
		Endpoints: []pool.Endpoint{{URL: url}}, Min: 1, Max: 1,
		Correlate: pool.Correlate{
			Request: func(m pool.Message) (string, bool) { return after("ask", string(m.Payload)) },
			Reply:   func(m pool.Message) (string, bool) { return after("ask", string(m.Payload)) },
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close(context.Background())) })
	l, err := p.Acquire(t.Context())
	require.NoError(t, err)
	return p, l
}

func parrot() *shop { return &shop{answer: func(text string) string { return text }} }

// echoed sends n texts and receives each.
func echoed(t *testing.T, ctx context.Context, l *pool.Lease, n int) {
	t.Helper()
	for i := range n {
		text := fmt.Sprint("text ", i)
		_, err := l.Send(ctx, pool.Message{Payload: []byte(text), Text: true})
		require.NoError(t, err)
		m, err := l.Receive(ctx)
		require.NoError(t, err)
		require.Equal(t, text, string(m.Payload))
	}
}

// TestWhoReceivesForALeaseCanBeCalledAway at any moment, by the lease's end if he reads the
// connection himself, by his context if not, and the connection is then as good as before.
func TestWhoReceivesForALeaseCanBeCalledAway(t *testing.T) {
	p, l := rented(t, parrot())
	for range 20 {
		echoed(t, context.Background(), l, 50)
		ctx, cancel := context.WithCancel(t.Context())
		echoed(t, ctx, l, 20)
		go func() {
			for range 100 {
				runtime.Gosched()
			}
			cancel()
		}()
		_, err := l.Receive(ctx)
		require.ErrorIs(t, err, context.Canceled)
	}
	echoed(t, context.Background(), l, 50)
	go func() {
		for range 100 {
			runtime.Gosched()
		}
		l.Release()
	}()
	_, err := l.Receive(context.Background())
	require.ErrorIs(t, err, pool.ErrLeaseOver)
	for i := range 20 {
		m, err := p.Request(t.Context(), pool.Message{Payload: fmt.Append(nil, "ask ", i), Text: true})
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprint("ask ", i), string(m.Payload))
	}
	assert.Equal(t, 1, p.Snapshot().Usable)
	assert.Empty(t, p.Snapshot().Totals.Lost)
}

// TestThePoolIsClosedWhileAHolderReads, who learns of it.
func TestThePoolIsClosedWhileAHolderReads(t *testing.T) {
	p, l := rented(t, parrot())
	echoed(t, context.Background(), l, 50)
	closed := make(chan error)
	go func() { closed <- p.Close(context.Background()) }()
	_, err := l.Receive(context.Background())
	require.ErrorIs(t, err, pool.ErrLeaseOver)
	require.NoError(t, <-closed)
}

// TestManyReceiveForOneLease: each message comes once, to one of them, whoever of them reads.
func TestManyReceiveForOneLease(t *testing.T) {
	const receivers, messages = 4, 2000
	_, l := rented(t, parrot())
	got := make(chan string, messages)
	for range receivers {
		go func() {
			for {
				m, err := l.Receive(context.Background())
				if err != nil {
					got <- err.Error()
					return
				}
				got <- string(m.Payload)
			}
		}()
	}
	seen := map[string]bool{}
	for i := range messages / 4 {
		for j := range 4 {
			_, err := l.Send(t.Context(), pool.Message{Payload: fmt.Append(nil, 4*i+j), Text: true})
			require.NoError(t, err)
		}
		for range 4 {
			text := <-got
			require.False(t, seen[text], text)
			seen[text] = true
		}
	}
	assert.True(t, seen["0"] && seen[fmt.Sprint(messages-1)])
	l.Release()
	for range receivers {
		assert.Equal(t, "lease: "+pool.ErrLeaseOver.Error(), <-got)
	}
}

// TestALeaseIsLostWhileItsHolderReads: he gets all that had arrived, and then learns of it.
func TestALeaseIsLostWhileItsHolderReads(t *testing.T) {
	s := parrot()
	_, l := rented(t, s)
	echoed(t, context.Background(), l, 50)
	_, err := l.Send(t.Context(), pool.Message{Payload: []byte("last"), Text: true})
	require.NoError(t, err)
	m, err := l.Receive(context.Background())
	require.NoError(t, err)
	assert.Equal(t, "last", string(m.Payload))
	go s.close()
	_, err = l.Receive(context.Background())
	require.ErrorIs(t, err, pool.ErrLeaseOver)
	<-l.Done()
}

// TestAHolderWhoIsNotThereHidesNoLoss: he has read for himself and is busy elsewhere; that the
// connection has ended is seen all the same.
func TestAHolderWhoIsNotThereHidesNoLoss(t *testing.T) {
	s := parrot()
	_, l := rented(t, s)
	echoed(t, context.Background(), l, 50)
	s.close()
	select {
	case <-l.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("its end was not noticed")
	}
}
