package consumer_test

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/consumer"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// direct is a rig whose clients speak with the target itself and can be made slow.
func direct(t *testing.T) (*faultrig.Rig, *consumer.Injector) {
	t.Helper()
	srv, err := target.New(target.Options{})
	require.NoError(t, err)
	addr := faultrig.Serve(t, srv.Serve)
	i := consumer.NewInjector(proc.Monotonic)
	return &faultrig.Rig{T: t, Addr: addr, Direct: addr, Target: srv, Through: func(client uint64, raw net.Conn) net.Conn {
		return i.Wrap(client, "blue", raw)
	}}, i
}

// TestEveryKindIsProved holds rows against proofs: there is one kind.
func TestEveryKindIsProved(t *testing.T) {
	for _, k := range chaos.KindsOf(chaos.ByClients) {
		assert.Equal(t, "slow_consumer", k.Name, "the table lists clients for %s: prove it", k.Name)
	}
	// An echo is of 14 bytes and more: 16 with its head, which take 400 ms at 40 bytes a second.
	// A client may be ahead of its rate by less than one of them.
	slow := func(x *faultrig.Client) chaos.Sight { return x.Look(399*time.Millisecond, false) }
	for _, c := range []faultrig.Case{
		{Fault: chaos.Fault{Effect: chaos.SlowConsumer{}}},
		{Fault: chaos.Fault{Effect: chaos.SlowConsumer{}, Conns: chaos.Existing, Share: 1}},
		{Fault: chaos.Fault{Effect: chaos.SlowConsumer{}, Conns: chaos.New}},
		{Fault: chaos.Fault{Effect: chaos.SlowConsumer{Rate: 40}}, Act: slow},
	} {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			rig, by := direct(t)
			c.By = by
			rig.Prove(c)
		})
	}
	t.Run("idle", func(t *testing.T) {
		rig, by := direct(t)
		silent := func(*faultrig.Client) {}
		rig.Idle(faultrig.Case{Fault: chaos.Fault{Effect: chaos.SlowConsumer{}, Conns: chaos.Existing}, By: by, Quiet: silent})
	})
	t.Run("too fast to be slow", func(t *testing.T) {
		rig, by := direct(t)
		f := chaos.Fault{Name: "none", On: "blue", Share: 1, Effect: chaos.SlowConsumer{Rate: 1 << 30}}
		require.NoError(t, by.Inject(t.Context(), f))
		assert.Equal(t, chaos.SeesNothing, rig.Dial(1).Look(0, false))
		require.NoError(t, by.Clear(t.Context(), f.Name))
		e, err := by.Evidence(t.Context(), f.Name)
		require.NoError(t, err)
		state, why := e.Judge(f, true)
		assert.Equal(t, chaos.NoEffect, state, why)
	})
}

// pair is a client's wrapped connection and the server's end of it.
func pair(t *testing.T, i *consumer.Injector) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	raw, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	client = i.Wrap(1, "blue", raw)
	server, err = ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// TestServerIsHeldUp: what is not read closes the window, so that the server's write does
// not end before the fault does. It is more than all buffers between can hold.
func TestServerIsHeldUp(t *testing.T) {
	const size = 64 << 20
	i := consumer.NewInjector(proc.Monotonic)
	client, server := pair(t, i)
	f := chaos.Fault{Name: "full", On: "blue", Share: 1, Effect: chaos.SlowConsumer{}}
	require.NoError(t, i.Inject(t.Context(), f))
	got := make(chan int64, 1)
	go func() {
		n, _ := io.CopyN(io.Discard, client, size)
		got <- n
	}()
	require.NoError(t, server.SetWriteDeadline(time.Now().Add(300*time.Millisecond)))
	n, err := server.Write(make([]byte, size))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.Less(t, n, size)
	require.NoError(t, i.Clear(t.Context(), f.Name))
	require.NoError(t, server.SetWriteDeadline(time.Time{}))
	_, err = server.Write(make([]byte, size-n))
	require.NoError(t, err)
	assert.EqualValues(t, size, <-got, "nothing is lost of what was held")
	e, err := i.Evidence(t.Context(), f.Name)
	require.NoError(t, err)
	assert.Equal(t, []int{1, 1}, []int{e.Targeted, e.Hit})
	assert.Positive(t, e.HeldBytes)
	assert.LessOrEqual(t, e.HeldBytes, int64(n), "no byte is counted twice")
}

// TestRateIsKept: so many bytes take so long at least.
func TestRateIsKept(t *testing.T) {
	i := consumer.NewInjector(proc.Monotonic)
	client, server := pair(t, i)
	f := chaos.Fault{Name: "thin", On: "blue", Share: 1, Effect: chaos.SlowConsumer{Rate: 1000}}
	require.NoError(t, i.Inject(t.Context(), f))
	began := time.Now()
	_, err := server.Write(make([]byte, 300))
	require.NoError(t, err)
	_, err = io.ReadFull(client, make([]byte, 300))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(began), 299*time.Millisecond)
	require.NoError(t, i.Clear(t.Context(), f.Name))
	e, err := i.Evidence(t.Context(), f.Name)
	require.NoError(t, err)
	assert.EqualValues(t, 300, e.HeldBytes, "each byte was left unread, and is counted once")
}

// TestDeadlineWhileHeldLosesNothing, and closing ends the wait.
func TestDeadlineWhileHeldLosesNothing(t *testing.T) {
	i := consumer.NewInjector(proc.Monotonic)
	client, server := pair(t, i)
	f := chaos.Fault{Name: "still", On: "blue", Share: 1, Effect: chaos.SlowConsumer{}}
	_, err := server.Write([]byte("before"))
	require.NoError(t, err)
	all := make([]byte, 16)
	n, err := io.ReadFull(client, all[:6])
	require.NoError(t, err)
	require.NoError(t, i.Inject(t.Context(), f))
	require.ErrorContains(t, i.Inject(t.Context(), f), "in force already")
	_, err = server.Write([]byte("under it"))
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, client.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
		_, err = client.Read(all[n:])
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	require.NoError(t, client.SetReadDeadline(time.Time{}))
	require.NoError(t, i.Clear(t.Context(), f.Name))
	_, err = io.ReadFull(client, all[n:n+8])
	require.NoError(t, err)
	assert.Equal(t, "beforeunder it", string(all[:14]))

	f.Name = "again"
	require.NoError(t, i.Inject(t.Context(), f))
	_, err = server.Write([]byte("x"))
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() {
		_, err := client.Read(all)
		ended <- err
	}()
	require.Eventually(t, func() bool { return len(ended) == 0 }, time.Second, time.Millisecond)
	require.NoError(t, client.Close())
	require.ErrorIs(t, <-ended, net.ErrClosed)
}

// TestItEndsByItself when its time is over, and the slowest of two holds.
func TestItEndsByItself(t *testing.T) {
	i := consumer.NewInjector(proc.Monotonic)
	client, server := pair(t, i)
	still := chaos.Fault{Name: "still", On: "blue", Share: 1, For: 100 * time.Millisecond, Effect: chaos.SlowConsumer{}}
	fast := chaos.Fault{Name: "fast", On: "blue", Share: 1, Effect: chaos.SlowConsumer{Rate: 1 << 30}}
	elsewhere := chaos.Fault{Name: "elsewhere", On: "green", Share: 1, Effect: chaos.SlowConsumer{}}
	began := time.Now()
	for _, f := range []chaos.Fault{still, fast, elsewhere} {
		require.NoError(t, i.Inject(t.Context(), f))
	}
	_, err := server.Write([]byte("x"))
	require.NoError(t, err)
	_, err = client.Read(make([]byte, 1))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(began), still.For)
	e, err := i.Evidence(t.Context(), "still")
	require.NoError(t, err)
	assert.NotZero(t, e.Cleared)
	e, err = i.Evidence(t.Context(), "elsewhere")
	require.NoError(t, err)
	assert.Zero(t, e.Targeted)
	_, err = i.Evidence(t.Context(), "nobody")
	require.EqualError(t, err, `evidence of "nobody": it was never injected`)
	require.NoError(t, i.Clear(t.Context(), "nobody"))
	require.ErrorContains(t, i.Supports(chaos.Fault{Name: "cut", Share: 1, Effect: chaos.Reset{}}), "clients cannot express reset")
}
