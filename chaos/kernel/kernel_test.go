//go:build linux

package kernel_test

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/kernel"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// TestMain runs the tests in a network namespace of their own, where that can be had.
func TestMain(m *testing.M) {
	if kernel.Inside() {
		if err := kernel.Settle(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	} else if kernel.Lacks() == "" {
		code, err := kernel.Isolate(context.Background())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// proofs are what proves each kind that the kernel is listed for.
var proofs = map[string]proof{
	"kernel_partition": {
		sees: []chaos.Fault{
			{Effect: chaos.KernelPartition{}},
			{Effect: chaos.KernelPartition{Direction: chaos.Up}},
			{Effect: chaos.KernelPartition{Direction: chaos.Down}},
			{Effect: chaos.KernelPartition{}, Conns: chaos.Existing},
			{Effect: chaos.KernelPartition{Direction: chaos.Up}, Conns: chaos.Existing},
			{Effect: chaos.KernelPartition{Direction: chaos.Down}, Conns: chaos.Existing},
			{Effect: chaos.KernelPartition{}, Conns: chaos.New},
			{Effect: chaos.KernelPartition{Direction: chaos.Up}, Conns: chaos.New},
			{Effect: chaos.KernelPartition{Direction: chaos.Down}, Conns: chaos.New},
		},
	},
	"kernel_kill": {sees: []chaos.Fault{{Effect: chaos.KernelKill{}}}},
}

type proof struct{ sees []chaos.Fault }

func TestEveryKindIsProved(t *testing.T) {
	for _, k := range chaos.KindsOf(chaos.ByKernel) {
		assert.Contains(t, proofs, k.Name, "the table lists the kernel for %s: prove it", k.Name)
	}
	for name, p := range proofs {
		for _, f := range p.sees {
			f.Share = 1
			c := faultrig.Case{Fault: f}
			t.Run(c.String(), func(t *testing.T) {
				rig, by := isolated(t)
				c.By = by
				rig.Prove(c)
			})
		}
		t.Run(name+" idle", func(t *testing.T) {
			rig, by := isolated(t)
			f := p.sees[0]
			f.Share = 1
			rig.Idle(faultrig.Case{Fault: f, By: by})
		})
	}
}

// isolated is a rig whose clients speak with the target itself.
func isolated(t *testing.T) (*faultrig.Rig, *kernel.Injector) {
	t.Helper()
	if !kernel.Inside() {
		t.Skip(kernel.Lacks())
	}
	rig := faultrig.New(t)
	rig.Addr = rig.Direct
	return rig, kernel.NewInjector(map[string]string{"blue": rig.Direct}, proc.Monotonic)
}

func on(name string, e chaos.Effect) chaos.Fault {
	return chaos.Fault{Name: name, On: "blue", Share: 1, Seed: 7, Effect: e}
}

func judged(t *testing.T, by *kernel.Injector, f chaos.Fault) (chaos.State, string) {
	t.Helper()
	e, err := by.Evidence(t.Context(), f.Name)
	require.NoError(t, err)
	return e.Judge(f, true)
}

// TestThousandsAreHeldAtOnce: more than fit into one attribute of netlink, and the last of
// them as the first.
func TestThousandsAreHeldAtOnce(t *testing.T) {
	rig, by := isolated(t)
	const n = 1100
	var all []*faultrig.Client
	for id := range uint64(n) {
		all = append(all, rig.Dial(id))
	}
	f := on("cable", chaos.KernelPartition{})
	f.Conns = chaos.Existing
	require.NoError(t, by.Inject(t.Context(), f))
	for _, x := range []*faultrig.Client{all[0], all[n/2], all[n-1]} {
		assert.Equal(t, chaos.SeesHalfOpen, x.Look(0, true))
	}
	assert.Equal(t, chaos.SeesNothing, rig.Dial(n).Look(0, false))
	require.NoError(t, by.Clear(t.Context(), f.Name))
	state, why := judged(t, by, f)
	assert.Equal(t, chaos.Confirmed, state, why)
}

// TestTimersOfTheKernelFire: what a user-space proxy hides, for it acknowledges. The same
// client behind a partition by our proxy is never told.
func TestTimersOfTheKernelFire(t *testing.T) {
	rig, by := isolated(t)
	x := rig.Dial(1)
	raw, err := x.Conn.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 200)
	}))
	require.NoError(t, err)
	f := on("cable", chaos.KernelPartition{})
	require.NoError(t, by.Inject(t.Context(), f))
	_, err = x.Conn.Write([]byte("into the void"))
	require.NoError(t, err)
	require.NoError(t, x.Conn.SetReadDeadline(time.Now().Add(faultrig.Patience)))
	_, err = x.Conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ETIMEDOUT)
	require.NoError(t, by.Clear(t.Context(), f.Name))
	state, why := judged(t, by, f)
	assert.Equal(t, chaos.Confirmed, state, why)
}

// TestPartitionLosesNothing: TCP sends again what was dropped.
func TestPartitionLosesNothing(t *testing.T) {
	rig, by := isolated(t)
	x := rig.Dial(1)
	f := on("cable", chaos.KernelPartition{})
	require.NoError(t, by.Inject(t.Context(), f))
	answered := make(chan chaos.Sight, 1)
	go func() { answered <- x.Look(0, false) }()
	require.Eventually(t, func() bool {
		e, err := by.Evidence(t.Context(), f.Name)
		return err == nil && e.Count("dropped") > 0
	}, faultrig.Patience, time.Millisecond)
	assert.Empty(t, answered)
	require.NoError(t, by.Clear(t.Context(), f.Name))
	assert.Equal(t, chaos.SeesNothing, <-answered)
}

// TestPartitionThatNobodyNoticed: clients that are there and say nothing prove nothing.
func TestPartitionThatNobodyNoticed(t *testing.T) {
	rig, by := isolated(t)
	rig.Dial(1)
	f := on("cable", chaos.KernelPartition{})
	require.NoError(t, by.Inject(t.Context(), f))
	require.NoError(t, by.Clear(t.Context(), f.Name))
	state, why := judged(t, by, f)
	assert.Equal(t, chaos.NoEffect, state)
	assert.Equal(t, "0 packets dropped", why)
}

// TestOtherPortsAreLeftAlone: a partition of one target is none of another.
func TestOtherPortsAreLeftAlone(t *testing.T) {
	rig, by := isolated(t)
	other := faultrig.New(t)
	require.NoError(t, by.Inject(t.Context(), on("cable", chaos.KernelPartition{})))
	assert.Equal(t, chaos.SeesNothing, other.Dial(1).Look(0, false))
	_, saw, _ := rig.Try(1, 100*time.Millisecond)
	assert.Equal(t, chaos.SeesTimeout, saw)
	require.NoError(t, by.Clear(t.Context(), "cable"))
}

// TestPartitionEndsByItself: nobody clears it.
func TestPartitionEndsByItself(t *testing.T) {
	rig, by := isolated(t)
	f := on("cable", chaos.KernelPartition{})
	f.For = 50 * time.Millisecond
	require.NoError(t, by.Inject(t.Context(), f))
	assert.ErrorContains(t, by.Inject(t.Context(), f), "it is in force already")
	require.Eventually(t, func() bool {
		e, err := by.Evidence(t.Context(), f.Name)
		return err == nil && e.Cleared > 0
	}, faultrig.Patience, time.Millisecond)
	assert.Equal(t, chaos.SeesNothing, rig.Dial(1).Look(0, false))
	require.NoError(t, by.Clear(t.Context(), f.Name), "clearing what is over is no error")
}

func TestWhatTheKernelRefuses(t *testing.T) {
	_, by := isolated(t)
	half := on("cable", chaos.KernelPartition{})
	half.Share = 0.5
	assert.ErrorContains(t, by.Supports(half), "kernel cannot pick clients: its kernel_partition is of all of them")
	assert.ErrorContains(t, by.Supports(on("cut", chaos.Reset{})), "kernel cannot express reset")
	elsewhere := on("cable", chaos.KernelPartition{})
	elsewhere.On = "red"
	assert.EqualError(t, by.Supports(elsewhere), `fault "cable": there is no target "red"`)
	far := kernel.NewInjector(map[string]string{"blue": "192.0.2.1:80"}, proc.Monotonic)
	assert.ErrorContains(t, far.Supports(on("cable", chaos.KernelPartition{})),
		`target "blue" is at 192.0.2.1:80, expected a loopback address: no other is in the run's network namespace`)
	_, err := by.Evidence(t.Context(), "nothing")
	assert.ErrorContains(t, err, "it was never injected")
	assert.NoError(t, by.Clear(t.Context(), "nothing"))
}
