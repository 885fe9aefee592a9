package engine_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/inprocess"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/engine"
)

const brief = "phases={warmup: 500ms, baseline: 400ms, chaos: 100ms, recovery: 600ms}"

// TestUnsteadyRunBreaksNothing: what is not well before chaos proves nothing after it.
func TestUnsteadyRunBreaksNothing(t *testing.T) {
	t.Parallel()
	w := inprocess.New(t)
	s := inprocess.Small(t, "reset-storm", brief, "steady_state=[latency.p99 < 1ns]", "gates=[messages.lost == 0]")
	require.NoError(t, engine.Run(t.Context(), s, w.Env()))
	sum := summary(t, w)
	assert.Equal(t, "unsteady", sum.Ended.Reason)
	unproven(t, sum, "steady state was not reached")
	assert.False(t, sum.Steady.Met)
	assert.Zero(t, sum.Faults[0].Commanded)
	assert.Equal(t, string(chaos.NoEffect), sum.Faults[0].State)
	assert.Zero(t, sum.Clients.Reset)
	assert.Zero(t, sum.Lost["all"], "what was out was waited for")

	// First dials are paced, whatever the policy.
	records(t, w, func(r report.Record) {
		if r.Step != nil && r.Step.Event == "start" {
			due := s.Clients.Ramp * time.Duration(r.Step.Client) / time.Duration(s.Clients.Count)
			assert.GreaterOrEqual(t, time.Duration(r.T), due, "client %d", r.Step.Client)
		}
	})
}

// altered is the world's proxy, changed in one respect.
type altered struct {
	engine.Proxy
	refuses error
	errors  int64 // that it says it had
}

func (a altered) Supports(f chaos.Fault) error {
	if a.refuses != nil {
		return a.refuses
	}
	return a.Proxy.Supports(f)
}

func (a altered) Traffic(ctx context.Context) (map[string]chaos.Traffic, error) {
	all, err := a.Proxy.Traffic(ctx)
	for name, t := range all {
		t.Errors += a.errors
		all[name] = t
	}
	return all, err
}

func alter(env *engine.Env, a altered) {
	start := env.Proxy
	env.Proxy = func(ctx context.Context, remote bool) (engine.Proxy, error) {
		var err error
		a.Proxy, err = start(ctx, remote)
		return a, err
	}
}

func summary(t *testing.T, w *inprocess.World) *report.Summary {
	t.Helper()
	sum, err := report.Build(bytes.NewReader(w.Journal.Bytes()), bytes.NewReader(w.Latency.Bytes()))
	require.NoError(t, err)
	return sum
}

// unproven holds a run to have proven nothing, for that reason. On a machine that is short
// of CPU it is invalid besides, which ranks higher.
func unproven(t *testing.T, sum *report.Summary, why string) {
	t.Helper()
	assert.Contains(t, []report.Verdict{report.Inconclusive, report.Invalid}, sum.Verdict)
	assert.Contains(t, strings.Join(sum.Reasons, "\n"), why)
}

func TestFaultThatTheProxyCannotExpressIsRefused(t *testing.T) {
	t.Parallel()
	w := inprocess.New(t)
	env := w.Env()
	alter(&env, altered{refuses: errors.New("it cannot be expressed")})
	err := engine.Run(t.Context(), inprocess.Small(t, "reset-storm"), env)
	_, ok := errors.AsType[*engine.SetupError](err)
	require.True(t, ok, "%v", err)
	require.ErrorContains(t, err, "fault cut: it cannot be expressed")
	assert.Empty(t, w.Journal.String())
}

func TestProxyThatRanOutMakesTheRunInvalid(t *testing.T) {
	t.Parallel()
	w := inprocess.New(t)
	env := w.Env()
	alter(&env, altered{errors: 3})
	require.NoError(t, engine.Run(t.Context(), inprocess.Small(t, "reset-storm", brief, "gates=[]"), env))
	sum := summary(t, w)
	assert.Equal(t, report.Invalid, sum.Verdict)
	assert.Contains(t, sum.Reasons[0], "could not accept 3 times")
}

func TestWithoutFaultsNoProxyStandsInTheWay(t *testing.T) {
	t.Parallel()
	w := inprocess.New(t)
	env := w.Env()
	start := env.Proxy
	env.Proxy = func(ctx context.Context, remote bool) (engine.Proxy, error) {
		t.Error("a proxy was started")
		return start(ctx, remote)
	}
	require.NoError(t, engine.Run(t.Context(), inprocess.Small(t, "steady", "phases={warmup: 300ms, baseline: 300ms, chaos: 0s, recovery: 0s}", "gates=[]"), env))
	assert.Equal(t, "complete", summary(t, w).Ended.Reason)
}

// mortal is a target that ends when it is told.
type mortal struct {
	engine.Target
	done chan struct{}
}

func (m mortal) Done() <-chan struct{} { return m.done }
func (mortal) Err() error              { return errors.New("target blue: exit status 3") }

func TestTargetThatEndsByItselfEndsTheRun(t *testing.T) {
	t.Parallel()
	w := inprocess.New(t)
	env := w.Env()
	done := make(chan struct{})
	start := env.Target
	env.Target = func(ctx context.Context, s scenarios.Target) (engine.Target, error) {
		up, err := start(ctx, s)
		return mortal{up, done}, err
	}
	env.Begun = func(time.Time) { close(done) }
	s := inprocess.Small(t, "reset-storm", "phases={warmup: 30s, baseline: 1s, chaos: 1s, recovery: 1s}", "gates=[]")
	require.NoError(t, engine.Run(t.Context(), s, env))
	sum := summary(t, w)
	assert.Equal(t, report.End{Reason: "error", Why: "ended by itself: target blue: exit status 3"}, sum.Ended)
	assert.Equal(t, report.Inconclusive, sum.Verdict)
	assert.Less(t, sum.Duration, int64(30*time.Second))
}

// full is a disk that is.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestRecordThatCannotBeWrittenIsAnError(t *testing.T) {
	for name, set := range map[string]func(*engine.Env, io.Writer){
		"journal": func(e *engine.Env, w io.Writer) { e.Journal = w },
		"latency": func(e *engine.Env, w io.Writer) { e.Latency = w },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := inprocess.New(t)
			env := w.Env()
			set(&env, full{})
			require.ErrorContains(t, engine.Run(t.Context(), inprocess.Small(t, "steady", "phases={warmup: 300ms, baseline: 300ms, chaos: 0s, recovery: 0s}", "gates=[]"), env), "no space left")
		})
	}
}

// TestAnswersThatAreOutAtTheEndAreWaitedFor: what was due in the plan's last moment may be
// answered after it.
func TestAnswersThatAreOutAtTheEndAreWaitedFor(t *testing.T) {
	t.Parallel()
	w := inprocess.New(t)
	env := w.Env()
	env.Target = func(ctx context.Context, _ scenarios.Target) (engine.Target, error) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		serving, stop := context.WithCancel(context.WithoutCancel(ctx))
		ended := make(chan error, 1)
		go func() { ended <- slowEcho(serving, ln, 300*time.Millisecond) }()
		return elsewhere{ln.Addr().String(), stop, ended}, nil
	}
	s := inprocess.Small(t, "steady", "phases={warmup: 600ms, baseline: 400ms, chaos: 0s, recovery: 0s}", "gates=[messages.lost == 0]", "load.guarantee=at-most-once")
	require.NoError(t, engine.Run(t.Context(), s, env))
	sum := summary(t, w)
	assert.Equal(t, "complete", sum.Ended.Reason)
	assert.Zero(t, sum.Lost["all"])
	assert.NotZero(t, sum.Messages["baseline"].Acked)
}

// elsewhere is a target that says nothing of itself.
type elsewhere struct {
	at    string
	stop  context.CancelFunc
	ended chan error
}

func (elsewhere) Usage() (engine.Usage, error) { return engine.Usage{}, nil }
func (elsewhere) Done() <-chan struct{}        { return nil }
func (elsewhere) Err() error                   { return nil }

func (e elsewhere) Stop(context.Context) error {
	e.stop()
	return <-e.ended
}

func (e elsewhere) URL() string { return "ws://" + e.at + "/" }
func (elsewhere) Stats(context.Context) (report.Target, bool, error) {
	return report.Target{}, false, nil
}

// slowEcho answers pings at once and messages after a while, until ctx ends.
func slowEcho(ctx context.Context, ln net.Listener, after time.Duration) error {
	var conns sync.WaitGroup
	defer conns.Wait()
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	for {
		c, err := ln.Accept()
		if err != nil {
			return nil
		}
		conns.Go(func() {
			defer c.Close()
			defer context.AfterFunc(ctx, func() { _ = c.Close() })()
			var writing sync.Mutex
			if _, err := ws.Upgrade(c); err != nil {
				return
			}
			for {
				h, err := ws.ReadHeader(c)
				if err != nil || h.OpCode == ws.OpClose || h.Length > 4096 {
					return
				}
				payload := make([]byte, h.Length)
				if _, err := io.ReadFull(c, payload); err != nil {
					return
				}
				ws.Cipher(payload, h.Mask, 0)
				answer, wait := ws.NewFrame(h.OpCode, true, payload), after
				if h.OpCode == ws.OpPing {
					answer, wait = ws.NewPongFrame(payload), 0
				}
				time.AfterFunc(wait, func() {
					writing.Lock()
					defer writing.Unlock()
					_ = ws.WriteFrame(c, answer) // it may be closed by now
				})
			}
		})
	}
}
