//go:build linux

package proc_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func on(name string, e chaos.Effect) chaos.Fault {
	return chaos.Fault{Name: name, On: "blue", Share: 1, Seed: 7, Effect: e}
}

func judged(t *testing.T, by *proc.Injector, f chaos.Fault) (chaos.State, string) {
	t.Helper()
	e, err := by.Evidence(t.Context(), f.Name)
	require.NoError(t, err)
	return e.Judge(f, true)
}

// TestPauseThatNobodyNoticed: clients that send nothing lie in front of a stopped process
// as in front of one that runs.
func TestPauseThatNobodyNoticed(t *testing.T) {
	rig, by, _ := process(t)
	for id := range uint64(3) {
		rig.Dial(id)
	}
	f := on("gc", chaos.Pause{})
	require.NoError(t, by.Inject(t.Context(), f))
	require.NoError(t, by.Clear(t.Context(), f.Name))
	state, why := judged(t, by, f)
	assert.Equal(t, chaos.NoEffect, state)
	assert.Equal(t, "0 bytes waited for it unread", why)
}

// TestPauseLosesNothing: what was sent to a stopped process is answered when it goes on.
func TestPauseLosesNothing(t *testing.T) {
	rig, by, _ := process(t)
	x := rig.Dial(1)
	f := on("gc", chaos.Pause{})
	require.NoError(t, by.Inject(t.Context(), f))
	answered := make(chan chaos.Sight, 1)
	go func() { answered <- x.Look(0, false) }()
	select {
	case saw := <-answered:
		require.Fail(t, "a stopped process answered", "%v", saw)
	case <-time.After(300 * time.Millisecond):
	}
	require.NoError(t, by.Clear(t.Context(), f.Name))
	assert.Equal(t, chaos.SeesNothing, <-answered)
	state, why := judged(t, by, f)
	assert.Equal(t, chaos.Confirmed, state, why)
}

// TestFaultsEndByThemselves: nobody clears them, and the server is there again.
func TestFaultsEndByThemselves(t *testing.T) {
	for _, e := range []chaos.Effect{chaos.Pause{}, chaos.Kill{}} {
		t.Run(e.Kind(), func(t *testing.T) {
			rig, by, s := process(t)
			rig.Dial(1)
			f := on("short", e)
			f.For = 100 * time.Millisecond
			require.NoError(t, by.Inject(t.Context(), f))
			require.Eventually(t, func() bool {
				e, err := by.Evidence(t.Context(), f.Name)
				return err == nil && e.Cleared > 0
			}, faultrig.Patience, time.Millisecond)
			assert.Equal(t, chaos.SeesNothing, rig.Dial(2).Look(0, false))
			assert.NoError(t, s.Err())
			require.NoError(t, by.Clear(t.Context(), f.Name), "clearing what is over is no error")
		})
	}
}

// TestKilledIsNotDead: Done stays open, for its end was asked for; a server that ends of
// its own accord in a later life is dead.
func TestKilledIsNotDead(t *testing.T) {
	_, by, s := process(t)
	first := s.Child()
	f := on("crash", chaos.Kill{})
	require.NoError(t, by.Inject(t.Context(), f))
	<-first.Done()
	_, err := s.Usage()
	require.ErrorIs(t, err, proc.ErrEnded)
	require.NoError(t, by.Clear(t.Context(), f.Name))
	second := s.Child()
	assert.NotEqual(t, first.Pid(), second.Pid())
	_, err = s.Usage()
	require.NoError(t, err)
	select {
	case <-s.Done():
		require.Fail(t, "a killed server is taken for dead")
	default:
	}
	require.NoError(t, syscall.Kill(second.Pid(), syscall.SIGKILL))
	<-s.Done()
	assert.ErrorContains(t, s.Err(), "ended with signal: killed")
}

// TestServerThatDoesNotComeBack: the fault is not cleared, and says why.
func TestServerThatDoesNotComeBack(t *testing.T) {
	s := newServer(t)
	gone := proc.NewServer("target blue", s.Addr(), s.Child(), func(context.Context) (*proc.Child, error) {
		return nil, assert.AnError
	})
	by := proc.NewInjector(map[string]*proc.Server{"blue": gone}, proc.Monotonic)
	rig := &faultrig.Rig{T: t, Addr: s.Addr()}
	rig.Dial(1)
	f := on("crash", chaos.Kill{})
	require.NoError(t, by.Inject(t.Context(), f))
	require.ErrorIs(t, by.Clear(t.Context(), f.Name), assert.AnError)
	state, why := judged(t, by, f)
	assert.Equal(t, chaos.NotCleared, state)
	assert.Equal(t, "1 process killed, which held 1 connection; it is still in force", why)
	require.NoError(t, gone.Stop(t.Context()))
}

func TestOneFaultOfAProcessAtATime(t *testing.T) {
	_, by, _ := process(t)
	require.NoError(t, by.Inject(t.Context(), on("gc", chaos.Pause{})))
	err := by.Inject(t.Context(), on("crash", chaos.Kill{}))
	require.ErrorContains(t, err, `inject "crash" on "blue": "gc" is still in force there, expected one fault of a process at a time`)
	require.NoError(t, by.Clear(t.Context(), "gc"))
	require.NoError(t, by.Inject(t.Context(), on("crash", chaos.Kill{})))
	require.NoError(t, by.Clear(t.Context(), "crash"))
}

// TestStopUnderAFault: a run that ends in the middle of one leaves no process, and none
// comes up afterwards.
func TestStopUnderAFault(t *testing.T) {
	for _, e := range []chaos.Effect{chaos.Pause{}, chaos.Kill{}} {
		t.Run(e.Kind(), func(t *testing.T) {
			_, by, s := process(t)
			f := on("end", e)
			require.NoError(t, by.Inject(t.Context(), f))
			require.NoError(t, s.Stop(t.Context()))
			_ = by.Clear(t.Context(), f.Name) // that it cannot come back may be told
			<-s.Child().Done()
			require.NoError(t, s.Err())
			<-s.Done()
		})
	}
}

func TestWhatProcessesRefuse(t *testing.T) {
	by := proc.NewInjector(map[string]*proc.Server{}, proc.Monotonic)
	assert.EqualError(t, by.Supports(on("gc", chaos.Pause{})), `fault "gc": the run has not started the process of target "blue"`)
	assert.ErrorContains(t, by.Supports(on("cut", chaos.Reset{})), "process cannot express reset")
	half := on("gc", chaos.Pause{})
	half.Share = 0.5
	assert.ErrorContains(t, by.Supports(half), "process cannot pick clients: its pause is of all of them")
	_, err := by.Evidence(t.Context(), "nothing")
	assert.ErrorContains(t, err, `evidence of "nothing": it was never injected`)
	assert.NoError(t, by.Clear(t.Context(), "nothing"))
}

// TestRollingRestartGoesThroughAll: one after the other, those that are named or all of
// them, the fault's own first.
func TestRollingRestartGoesThroughAll(t *testing.T) {
	servers := map[string]*proc.Server{"blue": newServer(t), "green": newServer(t), "red": newServer(t)}
	for _, s := range servers {
		(&faultrig.Rig{T: t, Addr: s.Addr()}).Dial(1)
	}
	pids := func() map[string]int {
		out := map[string]int{}
		for name, s := range servers {
			out[name] = s.Child().Pid()
		}
		return out
	}
	by := proc.NewInjector(servers, proc.Monotonic)
	over := func(f chaos.Fault) {
		t.Helper()
		require.NoError(t, by.Inject(t.Context(), f))
		require.Eventually(t, func() bool {
			e, err := by.Evidence(t.Context(), f.Name)
			return err == nil && e.Cleared > 0
		}, faultrig.Patience, time.Millisecond)
	}
	before := pids()
	f := on("deploy", chaos.RollingRestart{Drain: chaos.DrainNone, Stagger: time.Millisecond})
	f.On = "green"
	over(f)
	after := pids()
	for name := range servers {
		assert.NotEqual(t, before[name], after[name], name)
	}
	state, why := judged(t, by, f)
	assert.Equal(t, chaos.Confirmed, state)
	assert.Equal(t, "3 restarts of what held 3 connections; 0 close frames sent", why)

	some := on("some", chaos.RollingRestart{Drain: chaos.DrainNone, Targets: "red blue"})
	over(some)
	assert.Equal(t, after["green"], servers["green"].Child().Pid())
	assert.NotEqual(t, after["red"], servers["red"].Child().Pid())

	// A round that is ended before its end is no round.
	cut := on("cut", chaos.RollingRestart{Drain: chaos.DrainNone, Stagger: time.Hour})
	for _, s := range servers {
		(&faultrig.Rig{T: t, Addr: s.Addr()}).Dial(2)
	}
	require.NoError(t, by.Inject(t.Context(), cut))
	require.NoError(t, by.Clear(t.Context(), "cut"))
	state, why = judged(t, by, cut)
	assert.Equal(t, chaos.NoEffect, state)
	assert.Equal(t, "0 rounds completed", why)

	cut.For = time.Minute
	assert.EqualError(t, by.Supports(cut), `fault "cut": for 1m0s is too short: expected more than the 2h0m0s in which 3 targets are restarted 1h0m0s apart`)
	cut.Effect = chaos.RollingRestart{Targets: "blue pink"}
	assert.EqualError(t, by.Supports(cut), `fault "cut": the run has not started the process of target "pink"`)
	mute := proc.NewInjector(map[string]*proc.Server{"blue": proc.NewServer("target blue", "127.0.0.1:1", servers["red"].Child(), nil)}, proc.Monotonic)
	assert.EqualError(t, mute.Supports(on("deploy", chaos.RollingRestart{Drain: chaos.Drain1012})),
		`fault "deploy": drain 1012: target blue sends no close frame when it is told to, expected none or term`)
}
