//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Commands that take minutes end at the first Ctrl-C, tell where their runs are, and leave no
// child behind.
func TestInterruptedSeriesLeavesNothing(t *testing.T) {
	const fixed = "clients.policy={base: fixed, handshake_timeout: 1s}"
	for run, args := range map[string][]string{
		"before-001": {"case", "trading", "--set", "seed=2"}, // with which the before is first
		"run-001":    {"kick", "metastable", "--set", fixed},
		"n0084-001":  {"nstar", "metastable", "--set", fixed},
		"leak":       {"selftest", "leak", "--parallel", "2"},
	} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "series")
			cmd := wsheal(t, append(args, "--out", dir)...)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			require.NoError(t, cmd.Start())
			defer func() { _ = cmd.Process.Kill() }()
			require.Eventually(t, func() bool {
				text, _ := os.ReadFile(filepath.Join(dir, run, journalFile))
				return len(text) > 0
			}, 20*time.Second, 10*time.Millisecond, "the first run begins")
			children := childrenOf(t, cmd.Process.Pid)
			require.NotEmpty(t, children)
			require.NoError(t, cmd.Process.Signal(os.Interrupt))
			assert.Equal(t, exitInterrupted, exitCode(t, cmd.Wait()))
			for _, pid := range children {
				assert.False(t, alive(pid), "child %d is still there", pid)
			}
			assert.Empty(t, stdout.String(), "there is no result")
			assert.Regexp(t, `interrupted (after 0 (of \d+ )?runs, which are in|before the test was over; its run is in) `+dir, stderr.String())
			assert.Equal(t, exitInconclusive, exitCode(t, wsheal(t, "report", filepath.Join(dir, run)).Run()), "what was cut off proves nothing")
		})
	}
}
