//go:build linux

package main

import (
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos/kernel"
	"github.com/wsheal/wsheal/report"
)

// TestKernelFaults: a run is moved into a namespace of its own, and its exit, its output
// and its directory are where they were asked for.
func TestKernelFaults(t *testing.T) {
	if why := kernel.Lacks(); why != "" {
		t.Skip(why)
	}
	for _, fault := range []string{
		"{name: it, inject: kernel_partition, on: blue, at: chaos, for: 500ms}",
		"{name: it, inject: kernel_kill, on: blue, at: chaos}",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			judge(t, nil, []string{
				"steady",
				"--set", "clients={count: 20, ramp: 200ms}", "--set", "load.rate=200/s", "--set", "hold=200ms",
				"--set", "phases={warmup: 500ms, baseline: 500ms, chaos: 1s, recovery: 7s}",
				"--set", "steady_state=[]", "--set", "gates=[latency.p99 < 1us]", "--set", "faults=[" + fault + "]",
			}, func(t testing.TB, s outcome) {
				assert.Equal(t, "confirmed", s.Faults[0].State, "%s", s.Faults[0].Why)
				assert.Contains(t, s.said, "report: ")
				if s.Verdict != report.Invalid { // where the machine was short of CPU
					assert.Equal(t, exitFail, s.exit, "%s", s.said)
				}
			})
		})
	}
}

// TestKilledIsolatedRunLeavesNothing: the kernel's rules are gone with the namespace, and
// that is gone with the run's last process.
func TestKilledIsolatedRunLeavesNothing(t *testing.T) {
	if why := kernel.Lacks(); why != "" {
		t.Skip(why)
	}
	cmd := wsheal(t, append([]string{
		"run", "steady", "--out", filepath.Join(t.TempDir(), "run"),
		"--set", "gates=[]", "--set", "faults=[{name: it, inject: kernel_partition, on: blue, at: chaos}]",
	}, small...)...)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }()
	awaitLine(t, stderr, "confirmed")
	var all []int
	for next := []int{cmd.Process.Pid}; len(next) > 0; {
		var below []int
		for _, pid := range next {
			below = append(below, childrenOf(t, pid)...)
		}
		all, next = append(all, below...), below
	}
	require.Len(t, all, 2, "the run in its namespace, and its target")
	require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
	_ = cmd.Wait()
	assert.Eventually(t, func() bool { return !slices.ContainsFunc(all, alive) }, 3*time.Second, 5*time.Millisecond,
		"processes outlived the run by 3 s")
}
