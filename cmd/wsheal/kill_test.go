//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// TestKilledRunLeavesNothing kills a run in the middle of chaos, once as it is and once
// with a stopped child, and looks for what is left.
func TestKilledRunLeavesNothing(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		t.Run(fmt.Sprintf("stopped=%t", stopped), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			cmd := wsheal(t, append([]string{"run", "partition", "--out", dir}, small...)...)
			stderr, err := cmd.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			defer func() { _ = cmd.Process.Kill() }()
			awaitLine(t, stderr, "confirmed")

			children := childrenOf(t, cmd.Process.Pid)
			require.Len(t, children, 2, "a target and a fault proxy")
			if stopped {
				for _, pid := range children {
					require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
				}
			}
			require.NoError(t, cmd.Process.Kill())
			_ = cmd.Wait()
			assert.Eventually(t, func() bool { return !slices.ContainsFunc(children, alive) }, 2*time.Second, 5*time.Millisecond,
				"children outlived the run by 2 s")

			assert.Equal(t, exitInconclusive, exitCode(t, wsheal(t, "report", dir).Run()))
			s := readSummary(t, dir)
			assert.Contains(t, []report.Verdict{report.Inconclusive, report.Invalid}, s.Verdict, "invalid besides, where the machine was short of CPU")
			assert.Contains(t, strings.Join(s.Reasons, "\n"), "the run was cut off")
			assert.NotZero(t, s.Faults[0].Confirmed)
		})
	}
}

// Whether the tests were started with these ignored, as they find it before any of them has
// asked to be told of signals.
var hangupIgnored, interruptIgnored = signal.Ignored(syscall.SIGHUP), signal.Ignored(os.Interrupt)

// TestInterruptedRunReports sends what Ctrl-C and a closed terminal send.
func TestInterruptedRunReports(t *testing.T) {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			if sig == syscall.SIGHUP && hangupIgnored {
				t.Skip("the tests were started with SIGHUP ignored, as by nohup, and a run goes on then")
			}
			dir := filepath.Join(t.TempDir(), "run")
			cmd := wsheal(t, append([]string{"run", "partition", "--out", dir}, small...)...)
			stderr, err := cmd.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			defer func() { _ = cmd.Process.Kill() }()
			rest := awaitLine(t, stderr, "confirmed")
			children := childrenOf(t, cmd.Process.Pid)
			require.NoError(t, cmd.Process.Signal(sig))
			for rest.Scan() {
			}
			assert.Equal(t, exitInterrupted, exitCode(t, cmd.Wait()))
			for _, pid := range children {
				assert.False(t, alive(pid), "child %d is still there after the run has ended", pid)
			}
			s := readSummary(t, dir)
			assert.Equal(t, "interrupted", s.Ended.Reason)
			assert.NotZero(t, s.Faults[0].Cleared, "the fault was cleared before the children ended")
			assert.FileExists(t, filepath.Join(dir, "report.html"))
		})
	}
}

// TestReportIsReproduced holds that summary.json is a function of the raw record.
func TestReportIsReproduced(t *testing.T) {
	judge(t, nil, []string{
		"reset-storm", "-q",
		"--set", "clients.count=40", "--set", "clients.ramp=200ms", "--set", "load.rate=80/s", "--set", "hold=500ms",
		"--set", "phases={warmup: 1s, baseline: 1s, chaos: 500ms, recovery: 9s}", "--set", "steady_state=[]",
	}, func(t testing.TB, run outcome) {
		dir := run.dir
		first, err := os.ReadFile(filepath.Join(dir, summaryFile))
		require.NoError(t, err)
		page, err := os.ReadFile(filepath.Join(dir, pageFile))
		require.NoError(t, err)
		require.NoError(t, os.Remove(filepath.Join(dir, summaryFile)))
		require.NoError(t, os.Remove(filepath.Join(dir, pageFile)))

		assert.Equal(t, run.exit, exitCode(t, wsheal(t, "report", dir).Run()), "the run and its report exit alike")
		again, err := os.ReadFile(filepath.Join(dir, summaryFile))
		require.NoError(t, err)
		assert.Equal(t, string(first), string(again))
		pageAgain, err := os.ReadFile(filepath.Join(dir, pageFile))
		require.NoError(t, err)
		assert.Equal(t, string(page), string(pageAgain))

		s := readSummary(t, dir)
		assert.Equal(t, "confirmed", s.Faults[0].State, s.Faults[0].Why)
		assert.Equal(t, 40, s.Faults[0].SawReset, "every client saw ECONNRESET")
		assert.Zero(t, s.Lost["all"])
		assert.Equal(t, 40, s.Recovery.Healed)
	})
}

// childrenOf are the children of a process. One that has ended meanwhile has none, nor has a
// thread of it.
func childrenOf(t *testing.T, pid int) []int {
	t.Helper()
	var out []int
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	require.NoError(t, err)
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue
		}
		require.NoError(t, err)
		for _, word := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(word)
			require.NoError(t, err)
			out = append(out, child)
		}
	}
	return out
}

// alive says whether a process runs; one that waits to be reaped does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// TestDeadChildEndsTheRun kills the fault proxy under a run.
func TestDeadChildEndsTheRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	cmd := wsheal(t, append([]string{"run", "partition", "--out", dir}, small...)...)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }()
	rest := awaitLine(t, stderr, "confirmed")
	for _, pid := range childrenOf(t, cmd.Process.Pid) {
		args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		require.NoError(t, err)
		if strings.Contains(string(args), "\x00proxy\x00") {
			require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		}
	}
	for rest.Scan() {
	}
	assert.Equal(t, exitInconclusive, exitCode(t, cmd.Wait()))
	s := readSummary(t, dir)
	assert.Equal(t, "error", s.Ended.Reason)
	assert.Contains(t, s.Ended.Why, "fault proxy")
	assert.Contains(t, s.Ended.Why, "killed")
}

// TestInterruptBeforeTheRunBegins sends what Ctrl-C sends while the target is still awaited.
func TestInterruptBeforeTheRunBegins(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	cmd := wsheal(t, "run", "steady", "-q", "--out", dir, "--set",
		fmt.Sprintf(`targets.blue={command: [sleep, "60"], url: "ws://%s/"}`, freeAddr(t)))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return len(childrenOf(t, cmd.Process.Pid)) == 1 }, 20*time.Second, 5*time.Millisecond)
	children := childrenOf(t, cmd.Process.Pid)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	assert.Equal(t, exitInterrupted, exitCode(t, cmd.Wait()))
	assert.Contains(t, stderr.String(), "interrupted before the run began")
	assert.NoDirExists(t, dir)
	for _, pid := range children {
		assert.False(t, alive(pid))
	}
}
