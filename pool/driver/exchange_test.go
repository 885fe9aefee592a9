package driver

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// hello says hello and wants its echo; other messages are not for it.
func hello(ctx context.Context, x Exchange) error {
	if err := x.Send(ctx, Message{Payload: []byte("hello")}); err != nil {
		return err
	}
	_, err := x.Receive(ctx, func(p []byte) bool { return string(p) == "hello" })
	return err
}

func TestAConnectionIsUsableOnceItIsValid(t *testing.T) {
	var r reception
	inWorld(t, func(o *Options) { o.Validate, o.Receive = hello, r.receive }, func(w *world) {
		w.net.Latency = 100 * time.Millisecond
		require.NoError(w, w.send(0, 1))
		w.fleet.Start(0)
		time.Sleep(599 * time.Millisecond)
		synctest.Wait()
		assert.Zero(w, w.fleet.Snapshot().Usable(), "the ping was answered, the hello at the same time")
		assert.Empty(w, w.log.of(Sent))
		time.Sleep(time.Millisecond)
		synctest.Wait()
		proved := w.log.steps(heal.Proved)
		require.Len(w, proved, 1, "and not by its pong")
		assert.Equal(w, heal.Instant(600*time.Millisecond), proved[0].At)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		assert.Equal(w, []uint64{1}, r.all(), "the hello was not delivered")
		proved = w.log.steps(heal.Proved)
		assert.Greater(w, len(proved), 10, "from then on, every pong tells")
		for _, ev := range proved {
			assert.Equal(w, 200*time.Millisecond, ev.Step.RTT)
		}
	})
}

func TestWhatIsNotForTheExchangeIsDeliveredInOrder(t *testing.T) {
	var r reception
	inWorld(t, func(o *Options) { o.Validate, o.Receive = hello, r.receive }, func(w *world) {
		w.server.behave(func(c *served) {
			if !c.upgrade() {
				return
			}
			flood(c, 1, 2)
			c.frames(func(op ws.OpCode, p []byte) bool {
				if op == ws.OpBinary {
					flood(c, 3, 1)
					c.write(ws.NewBinaryFrame(p))
					flood(c, 4, 2)
				}
				return true
			})
		})
		w.connect()
		assert.Equal(w, []uint64{1, 2, 3, 4, 5}, r.all())
		assert.Len(w, w.log.of(Received), 6)
	})
}

func TestAnInvalidConnectionIsKilled(t *testing.T) {
	wrong := errors.New("the wrong server")
	inWorld(t, func(o *Options) {
		o.Validate = func(context.Context, Exchange) error { return wrong }
	}, func(w *world) {
		w.fleet.Start(0)
		synctest.Wait()
		disproved := w.log.steps(heal.Disproved)
		require.Len(w, disproved, 1)
		require.ErrorIs(w, disproved[0].Err, wrong)
		assert.Equal(w, heal.Invalid, disproved[0].State.Cause)
		_, err := w.ends()[0].Write([]byte("x"))
		require.Error(w, err)
	})
}

// TestAValidationThatTakesTooLong is ended by the policy, and told so.
func TestAValidationThatTakesTooLong(t *testing.T) {
	var told list[error]
	inWorld(t, func(o *Options) {
		o.Validate = func(ctx context.Context, x Exchange) error {
			_, err := x.Receive(ctx, nil)
			told.add(err)
			return err
		}
	}, func(w *world) {
		w.fleet.Start(0)
		time.Sleep(patient().ProveTimeout)
		synctest.Wait()
		require.Len(w, told.all(), 1)
		require.Error(w, told.all()[0])
		assert.Equal(w, heal.Unproved, w.state(0).Cause)
		assert.Empty(w, w.log.steps(heal.Disproved))
	})
}

func TestAnExchangeEndsWithItsConnection(t *testing.T) {
	var told list[error]
	var kept list[Exchange]
	inWorld(t, func(o *Options) {
		o.Validate = func(ctx context.Context, x Exchange) error {
			kept.add(x)
			_, err := x.Receive(context.WithoutCancel(ctx), nil)
			told.add(err)
			return err
		}
	}, func(w *world) {
		w.fleet.Start(0)
		synctest.Wait()
		w.server.last().mem().Reset()
		synctest.Wait()
		require.Len(w, told.all(), 1)
		require.ErrorIs(w, told.all()[0], ErrOver)
		require.ErrorIs(w, kept.all()[0].Send(w.Context(), Message{}), ErrOver)
		_, err := kept.all()[0].Receive(w.Context(), nil)
		require.ErrorIs(w, err, ErrOver)
		assert.Equal(w, heal.Reset, w.state(0).Cause)
	})
}

// TestAConnectionIsValidatedAgain while data flows over it, until it turns out to lead to
// the wrong server.
func TestAConnectionIsValidatedAgain(t *testing.T) {
	var r reception
	var firsts list[bool]
	var wrong atomic.Bool
	inWorld(t, func(o *Options) {
		o.Policy.CheckEvery = time.Minute
		o.Receive = r.receive
		o.Validate = func(ctx context.Context, x Exchange) error {
			firsts.add(x.First())
			if wrong.Load() {
				return errors.New("the wrong server")
			}
			return hello(ctx, x)
		}
	}, func(w *world) {
		w.connect()
		for seq := range uint64(1000) {
			require.NoError(w, w.send(0, seq))
			time.Sleep(time.Second)
		}
		checks := firsts.all()
		assert.Greater(w, len(checks), 1000/60)
		assert.True(w, checks[0])
		assert.NotContains(w, checks[1:], true)
		require.Len(w, r.all(), 1000)
		for seq, got := range r.all() {
			require.Equal(w, uint64(seq), got)
		}
		assert.Len(w, w.log.steps(heal.Checked), len(checks)-1)
		assert.Len(w, w.log.dials(), 1)
		wrong.Store(true)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(w, heal.Invalid, w.state(0).Cause)
	})
}

// TestAFullInboxPassesTheCheck: nobody reads the answer, and that is not the server's fault.
func TestAFullInboxPassesTheCheck(t *testing.T) {
	var r reception
	inWorld(t, func(o *Options) {
		r.gate = make(chan struct{})
		o.Policy.CheckEvery = time.Minute
		o.Validate, o.Receive, o.InboxFrames = hello, r.receive, 1
	}, func(w *world) {
		w.connect()
		flood(w.server.last(), 0, 10)
		time.Sleep(time.Hour)
		assert.Greater(w, len(w.log.steps(heal.Checked)), 30)
		close(r.gate)
		time.Sleep(10 * time.Minute)
		assert.Equal(w, []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, r.all())
		assert.Len(w, w.log.dials(), 1)
	})
}

// TestAReplacementIsValidated before the connection that it is for goes.
func TestAReplacementIsValidated(t *testing.T) {
	var valid atomic.Bool
	valid.Store(true)
	inWorld(t, func(o *Options) {
		o.Validate = func(context.Context, Exchange) error {
			if !valid.Load() {
				return errors.New("the wrong server")
			}
			return nil
		}
	}, func(w *world) {
		w.settled()
		valid.Store(false)
		w.fleet.Move(0)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		assert.True(w, w.unbroken())
		assert.NotEmpty(w, w.log.steps(heal.Disproved))
		assert.Equal(w, uint32(1), w.fleet.Client(0).Gen)
		valid.Store(true)
		time.Sleep(5 * time.Minute)
		assert.True(w, w.unbroken())
		assert.Greater(w, w.fleet.Client(0).Gen, uint32(1))
	})
}

func TestAnExchangeThatSawNothingLeavesTheProofToThePong(t *testing.T) {
	nothing := func(context.Context, Exchange) error { return ErrNoProof }
	inWorld(t, func(o *Options) { o.Validate = nothing }, func(w *world) {
		w.net.Latency = 100 * time.Millisecond
		w.fleet.Start(0)
		time.Sleep(time.Second)
		proved := w.log.steps(heal.Proved)
		require.Len(w, proved, 1)
		assert.Equal(w, 200*time.Millisecond, proved[0].Step.RTT, "by the pong")
		assert.Equal(w, 1, w.fleet.Snapshot().Usable())
	})
	late := func(context.Context, Exchange) error { time.Sleep(time.Second); return ErrNoProof }
	inWorld(t, func(o *Options) { o.Validate = late }, func(w *world) {
		w.fleet.Start(0)
		time.Sleep(999 * time.Millisecond)
		synctest.Wait()
		assert.Empty(w, w.log.steps(heal.Proved))
		time.Sleep(time.Millisecond)
		synctest.Wait()
		assert.Len(w, w.log.steps(heal.Proved), 1, "the pong came before")
	})
	inWorld(t, func(o *Options) { o.Validate = nothing }, func(w *world) {
		w.server.behave(func(c *served) {
			if c.upgrade() {
				c.frames(func(ws.OpCode, []byte) bool { return true })
			}
		})
		w.fleet.Start(0)
		time.Sleep(w.opt.Policy.ProveTimeout)
		synctest.Wait()
		assert.Empty(w, w.log.steps(heal.Proved))
		assert.Equal(w, heal.Unproved, w.state(0).Cause)
	})
}
