package pool

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

func TestOpenSendClose(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		s := w.pool.Snapshot()
		assert.Equal(w, 2, s.Size)
		assert.Equal(w, 2, s.Usable)
		assert.Equal(w, 2, s.Phases[heal.Ready])
		r, err := w.pool.Send(w.Context(), text("lost and found"))
		require.NoError(w, err)
		assert.Equal(w, Written, w.outcome(r))
		require.NoError(w, r.Err())
		synctest.Wait()
		assert.Equal(w, []string{"lost and found"}, w.a.texts())
		r, err = w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		assert.Equal(w, Acked, w.outcome(r))

		begun := time.Now()
		require.NoError(w, w.pool.Close(w.Context()))
		assert.Zero(w, time.Since(begun))
		for _, c := range w.a.all() {
			assert.Equal(w, []uint16{1000}, c.closes())
		}
		_, err = w.pool.Send(w.Context(), text("late"))
		require.ErrorIs(w, err, ErrClosed)
		require.NoError(w, w.pool.Close(w.Context()), "again")
		assert.Equal(w, []EventKind{Shut}, kinds(w.events()))
		_, err = w.watch.Next(w.Context())
		require.ErrorIs(w, err, ErrClosed)
	})
}

func TestSendsAreBalanced(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.a.first(func(*served, string) bool { return true }) // answers nothing
		for i := range 20 {
			_, err := w.pool.Send(w.Context(), text("req %d", i))
			require.NoError(w, err)
		}
		synctest.Wait()
		for _, c := range w.a.open() {
			assert.Len(w, c.texts(), 10, "the less loaded of two is taken")
		}
		assert.Equal(w, 20, w.pool.Snapshot().InFlight)
	})
}

func TestOpenNamesTheTargetAndTheCause(t *testing.T) {
	inQuietWorld(t, nil, func(w *world) {
		w.a.l.Close()
		begun := time.Now()
		p, err := Open(w.within(10*time.Second), w.config)
		assert.Nil(w, p)
		require.ErrorIs(w, err, ErrNoConnection)
		require.ErrorIs(w, err, context.DeadlineExceeded)
		var f *Failure
		require.ErrorAs(w, err, &f)
		assert.Equal(w, heal.Refused, f.Cause)
		assert.Contains(w, err.Error(), "open pool: no connection: a: refused: dial ws://10.0.0.1:80/chat: ")
		assert.Equal(w, 10*time.Second, time.Since(begun))
	})
}

func TestOpenFailsAtOnceWhenAllGiveUp(t *testing.T) {
	inQuietWorld(t, nil, func(w *world) {
		w.a.behave(reject(404, ""))
		begun := time.Now()
		_, err := Open(w.Context(), w.config)
		require.ErrorIs(w, err, ErrGaveUp)
		assert.EqualError(w, err, "open pool: gave up: a: status 404: dial ws://10.0.0.1:80/chat: the server answered 404 no")
		assert.Zero(w, time.Since(begun))
	})
}

func TestOpenInTheBackground(t *testing.T) {
	inQuietWorld(t, func(c *Config) { c.MinReady = -1 }, func(w *world) {
		w.a.l.Close()
		w.open()
		assert.Equal(w, 2, w.pool.Snapshot().Size)
		_, err := w.pool.Send(w.within(time.Second), text("x"))
		require.ErrorIs(w, err, ErrNoConnection)
		require.ErrorIs(w, err, context.DeadlineExceeded)
		w.a.up(w.net, "10.0.0.1:80")
		r, err := w.pool.Send(w.within(time.Minute), text("y"))
		require.NoError(w, err, "it waits until there is a connection")
		assert.Equal(w, Written, w.outcome(r))
	})
}

func TestFaultsAreToldAllAtOnce(t *testing.T) {
	_, err := Open(context.Background(), Config{
		Min: 5, Max: 3, Sessions: -1, QueueFull: 9, AnswerWithin: -1,
		Correlate: Correlate{Reply: word("x")},
	})
	require.Error(t, err)
	_, other := Open(context.Background(), Config{Min: 5, Max: 3, Endpoints: []Endpoint{{URL: "ws://a/"}}})
	require.EqualError(t, other, "open pool: Max: expected at least Min and 1, got 3 with Min 5")
	_, other = Open(context.Background(), Config{Crowd: crowd.Policy{Dials: -1}, Endpoints: []Endpoint{{URL: "ws://a/"}}})
	require.ErrorContains(t, other, "Crowd.Dials: expected")
	for _, want := range []string{"Max: ", "Sessions: ", "QueueFull: ", "AnswerWithin: ", "Correlate: ", "Endpoints: no endpoints"} {
		assert.ErrorContains(t, err, want)
	}
}

// TestGivenUpIsNeverSilent: everyone is told, at once, with the cause; and there is a way
// back, by time and by hand.
func TestGivenUpIsNeverSilent(t *testing.T) {
	inWorld(t, func(c *Config) { c.RestartAfter = time.Hour }, func(w *world) {
		w.a.behave(reject(401, ""))
		w.a.first(func(*served, string) bool { return true })
		_, err := w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		for _, c := range w.a.open() {
			c.reset()
		}
		synctest.Wait()
		_, err = w.pool.Send(w.Context(), text("lost"))
		require.ErrorIs(w, err, ErrGaveUp, "who waits is told")
		var f *Failure
		require.ErrorAs(w, err, &f)
		assert.Equal(w, Failure{Endpoint: "a", Cause: heal.Status, Code: 401, Err: f.Err}, *f)
		_, err = w.pool.Request(w.Context(), text("req 2"))
		require.ErrorIs(w, err, ErrGaveUp)
		require.ErrorIs(w, err, ErrNotSent)
		_, err = w.pool.Acquire(w.Context())
		require.ErrorIs(w, err, ErrGaveUp)
		_, err = w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: "t"})
		require.ErrorIs(w, err, ErrGaveUp)
		gave := of(GaveUp, w.events())
		require.Len(w, gave, 2)
		assert.Equal(w, uint16(401), gave[0].Failure.Code)

		w.a.behave(nil)
		w.a.first(nil)
		w.pool.Restart()
		r, err := w.pool.Send(w.Context(), text("back"))
		require.NoError(w, err)
		assert.Equal(w, Written, w.outcome(r))
		assert.Len(w, of(Restarted, w.events()), 2)

		w.a.behave(reject(401, ""))
		for _, c := range w.a.open() {
			c.reset()
		}
		synctest.Wait()
		time.Sleep(time.Second)
		w.a.behave(nil)
		begun := time.Now()
		_, err = w.pool.Send(w.Context(), text("still given up"))
		require.ErrorIs(w, err, ErrGaveUp)
		time.Sleep(48 * time.Minute)
		assert.Zero(w, w.pool.Snapshot().Usable, "not sooner than RestartAfter less a fifth")
		time.Sleep(25 * time.Minute)
		assert.Equal(w, 2, w.pool.Snapshot().Usable)
		assert.Less(w, time.Since(begun), 73*time.Minute+time.Second)
	})
}

func TestAnErrorNamesTheURLOnceAndAnAttemptThatIsUnderWay(t *testing.T) {
	inQuietWorld(t, func(c *Config) { c.Endpoints[0].Name = "" }, func(w *world) {
		w.a.down()
		_, err := Open(w.within(time.Second), w.config)
		require.ErrorIs(w, err, ErrNoConnection)
		assert.Equal(w, 1, strings.Count(err.Error(), "ws://"), err)
	})
	inQuietWorld(t, nil, func(w *world) {
		w.config.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		_, err := Open(w.within(2*time.Second), w.config)
		require.EqualError(w, err, "open pool: ws://10.0.0.1:80/chat: no connection: still dialing for 2s: context deadline exceeded")
		w.config.MinReady = -1
		w.open()
		_, err = w.pool.Send(w.within(2*time.Second), text("x"))
		require.EqualError(w, err, "send: no connection: still dialing for 2s: context deadline exceeded")
	})
}

// TestANilContextPanicsBeforeAnythingIsBegun: nothing is left behind that a goroutine, or a
// receipt, could be waiting for.
func TestANilContextPanicsBeforeAnythingIsBegun(t *testing.T) {
	var none context.Context
	inWorld(t, nil, func(w *world) {
		assert.PanicsWithValue(w, "pool: nil Context", func() { _, _ = Open(none, w.config) })
		s, err := w.pool.Session(w.within(time.Minute), SessionConfig{Key: "k"})
		require.NoError(w, err)
		l, err := w.pool.Acquire(w.within(time.Minute))
		require.NoError(w, err)
		sub, err := w.pool.Subscribe(w.within(time.Minute), SubscribeConfig{Topic: "t", Message: text("sub t")})
		require.NoError(w, err)
		synctest.Wait()
		before := w.pool.Snapshot()
		for name, call := range map[string]func(){
			"Send":              func() { _, _ = w.pool.Send(none, text("req 1")) },
			"Request":           func() { _, _ = w.pool.Request(none, text("req 1")) },
			"Subscribe":         func() { _, _ = w.pool.Subscribe(none, SubscribeConfig{}) },
			"Session":           func() { _, _ = w.pool.Session(none, SessionConfig{Key: "l"}) },
			"Acquire":           func() { _, _ = w.pool.Acquire(none) },
			"Watch":             func() { w.pool.Watch(none) },
			"Drain":             func() { _ = w.pool.Drain(none) },
			"Close":             func() { _ = w.pool.Close(none) },
			"Session.Send":      func() { _, _ = s.Send(none, text("x")) },
			"Session.Receive":   func() { _, _ = s.Receive(none) },
			"Session.Close":     func() { _ = s.Close(none) },
			"Lease.Send":        func() { _, _ = l.Send(none, text("x")) },
			"Lease.Receive":     func() { _, _ = l.Receive(none) },
			"Subscription.Next": func() { _, _ = sub.Next(none) },
			"Watch.Next":        func() { _, _ = w.watch.Next(none) },
		} {
			assert.PanicsWithValue(w, "pool: nil Context", call, name)
		}
		assert.Equal(w, before, w.pool.Snapshot())
		l.Release()
		_, err = w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
	})
}

// What cannot be done with what names lead to is said, and not waited for in silence.
func TestNamesThatLeadToTooMuch(t *testing.T) {
	inQuietWorld(t, func(c *Config) {
		c.Endpoints = []Endpoint{{URL: "ws://many:80/chat"}}
		c.Resolve = func(context.Context, string) ([]netip.Addr, error) {
			var all []netip.Addr
			for a := netip.MustParseAddr("10.1.0.0"); len(all) < 300; a = a.Next() {
				all = append(all, a)
			}
			return all, nil
		}
	}, func(w *world) {
		_, err := Open(w.within(time.Minute), w.config)
		require.ErrorIs(w, err, ErrNoConnection)
		require.ErrorContains(w, err, "300")
	})
}
