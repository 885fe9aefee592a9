package pool

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// TestTenMinutesOfFaults breaks two endpoints in every way there is, at random, under
// requests, messages, sessions, subscriptions and leases. Afterwards size and health are
// back, every outcome is known, nothing idempotent was lost, and nothing that must not be
// was delivered twice.
func TestTenMinutesOfFaults(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			inWorld(t, func(c *Config) {
				c.Endpoints = []Endpoint{{Name: "a", URL: "ws://a:80/"}, {Name: "b", URL: "ws://b:80/"}}
				c.Min, c.Max, c.MinReady = 6, 12, 6
				c.Seed = seed + 1
				c.RestartAfter = 10 * time.Second
				c.AnswerWithin = time.Minute
			}, func(w *world) { faults(w, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func faults(w *world, r *rand.Rand) {
	var (
		work            sync.WaitGroup
		over            = make(chan struct{})
		asked, answered atomic.Int64
		mu              sync.Mutex
		once            = map[string]*Receipt{} // nil: it was refused
		numbered        []*Receipt
	)
	until := func(pause time.Duration, f func(n int)) {
		work.Go(func() {
			for n := 1; ; n++ {
				select {
				case <-over:
					return
				case <-time.After(pause):
				}
				f(n)
			}
		})
	}
	ctx := context.Background()
	until(50*time.Millisecond, func(n int) { // at-least-once: they must all be answered
		m := text("req idem%d", n)
		m.Idempotent = true
		asked.Add(1)
		limit, cancel := context.WithTimeout(ctx, 10*time.Minute)
		defer cancel()
		_, err := w.pool.Request(limit, m)
		for ; err != nil && strings.Contains(err.Error(), ErrGaveUp.Error()); _, err = w.pool.Request(limit, m) {
			time.Sleep(time.Second)
		}
		if assert.NoError(w, err) {
			answered.Add(1)
		}
	})
	until(20*time.Millisecond, func(n int) { // at-most-once
		limit, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		m := text("req once%d", n)
		r, _ := w.pool.Send(limit, m)
		mu.Lock()
		once[string(m.Payload)] = r
		mu.Unlock()
	})
	session, err := w.pool.Session(ctx, lasting())
	require.NoError(w, err)
	seq := 0
	until(40*time.Millisecond, func(int) {
		m := text("msg %d", seq+1)
		m.Seq = uint64(seq + 1)
		if r, err := session.Send(ctx, m); err == nil {
			seq++
			mu.Lock()
			numbered = append(numbered, r)
			mu.Unlock()
		}
	})
	sub, err := w.pool.Subscribe(ctx, SubscribeConfig{Topic: "t", Message: text("sub t"), Confirm: confirmed("t")})
	require.NoError(w, err)
	until(3*time.Second, func(int) {
		limit, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if l, err := w.pool.Acquire(limit); err == nil {
			_, _ = l.Send(limit, text("req lease"))
			_, _ = l.Receive(limit)
			l.Release()
		}
	})

	for begun := time.Now(); time.Since(begun) < 10*time.Minute; {
		time.Sleep(time.Duration(r.Int64N(int64(8 * time.Second))))
		s, address := w.a, "10.0.0.1:80"
		if r.IntN(2) == 0 {
			s, address = w.b, "10.0.0.2:80"
		}
		open := s.open()
		switch kind := r.IntN(8); {
		case kind == 0:
			s.down()
			time.Sleep(time.Duration(r.Int64N(int64(10 * time.Second))))
			s.up(w.net, address)
		case kind == 1:
			s.behave(reject([]int{401, 404, 429, 503}[r.IntN(4)], "Retry-After: 1\r\n"))
			time.Sleep(time.Duration(r.Int64N(int64(5 * time.Second))))
			s.behave(nil)
		case kind == 2:
			w.pool.Renew()
		case kind == 7: // everything is gone, so that some sends are refused
			w.a.down()
			w.b.down()
			time.Sleep(time.Duration(r.Int64N(int64(10 * time.Second))))
			w.a.up(w.net, "10.0.0.1:80")
			w.b.up(w.net, "10.0.0.2:80")
		case len(open) == 0:
		case kind == 3:
			open[r.IntN(len(open))].reset()
		case kind == 4:
			open[r.IntN(len(open))].hold()
		case kind == 5:
			code := []ws.StatusCode{1000, 1001, 1008, 1011, 1012}[r.IntN(5)]
			open[r.IntN(len(open))].write(ws.NewCloseFrame(ws.NewCloseFrameBody(code, "")))
		case kind == 6:
			open[r.IntN(len(open))].write(ws.Frame{Header: ws.Header{Fin: true, OpCode: 0xb}})
		}
	}
	close(over)
	work.Wait()
	time.Sleep(30 * time.Minute) // ejections end, the pool is whole, and no larger than it need be
	synctest.Wait()

	snapshot := w.pool.Snapshot()
	assert.Equal(w, 6, snapshot.Usable)
	assert.Equal(w, 6, snapshot.Size)
	assert.Equal(w, 7, snapshot.Phases[heal.Stable], "the session's among them")
	assert.Zero(w, snapshot.InFlight+snapshot.Waiting+snapshot.Kept+snapshot.Leases+snapshot.Adrift)
	assert.Len(w, append(w.a.open(), w.b.open()...), 7)
	assert.Equal(w, asked.Load(), answered.Load())

	heardAs := map[string]int{}
	for _, got := range append(w.a.texts(), w.b.texts()...) {
		heardAs[got]++
	}
	known := map[Outcome]int{}
	accepted := 0
	for m, r := range once {
		if r == nil {
			assert.Zero(w, heardAs[m], "%s was refused", m)
			continue
		}
		accepted++
		known[r.Outcome()]++
		switch r.Outcome() {
		case Acked:
			assert.Equal(w, 1, heardAs[m], "%s was answered", m)
		case NotSent:
			assert.Zero(w, heardAs[m], "%s was not sent", m)
		default:
			assert.LessOrEqual(w, heardAs[m], 1, "%s: at most once", m)
		}
	}
	assert.Equal(w, accepted, known[Acked]+known[Unknown]+known[NotSent], "%v", known)
	assert.Greater(w, known[Acked], accepted*8/10, "%v", known)
	assert.Less(w, accepted, len(once), "the test must have met refusals")
	for n, r := range numbered {
		assert.Equal(w, Acked, r.Outcome(), "msg %d", n+1)
	}
	w.a.publish("t", "end")
	w.b.publish("t", "end")
	stream := heard(sub.Next)
	assert.Equal(w, "event t end", stream[len(stream)-1])
	sub.Close()
	require.NoError(w, session.Close(ctx))
}
