package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRunDirHasOneOwner claims one directory from many goroutines at once, new and empty.
func TestRunDirHasOneOwner(t *testing.T) {
	for _, exists := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "a", "run")
		if exists {
			require.NoError(t, os.MkdirAll(dir, 0o755))
		}
		var owners atomic.Int32
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				d, err := claim(dir)
				if err != nil {
					assert.ErrorIs(t, err, errTaken)
					return
				}
				owners.Add(1)
				assert.NoError(t, d.close())
			})
		}
		wg.Wait()
		assert.EqualValues(t, 1, owners.Load())
	}
}

func TestNewRunDirsDiffer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs", "x")
	for _, want := range []string{dir, dir + "-2", dir + "-3"} {
		d, err := claimNew(dir)
		require.NoError(t, err)
		assert.Equal(t, want, d.path)
		require.NoError(t, d.close())
	}
}

func TestReleaseLeavesWhatItFound(t *testing.T) {
	found := t.TempDir()
	d, err := claim(found)
	require.NoError(t, err)
	require.NoError(t, d.release())
	left, err := os.ReadDir(found)
	require.NoError(t, err)
	assert.Empty(t, left)

	made := filepath.Join(found, "made")
	d, err = claim(made)
	require.NoError(t, err)
	for _, name := range []string{scenarioFile, clientsFile} {
		require.NoError(t, os.WriteFile(filepath.Join(made, name), nil, 0o644))
	}
	require.NoError(t, d.release(), "of a run whose clients could not be started")
	assert.NoDirExists(t, made)
}

// TestCommandTargetNeedsItsPort: else a server left over from before would be tested.
func TestCommandTargetNeedsItsPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	dir := filepath.Join(t.TempDir(), "run")
	cmd := wsheal(t, "run", "steady", "-q", "--out", dir, "--set",
		fmt.Sprintf(`targets.blue={command: [sleep, "60"], url: "ws://%s/"}`, taken.Addr()))
	out, err := cmd.CombinedOutput()
	assert.Equal(t, exitUsage, exitCode(t, err))
	assert.Contains(t, string(out), "target blue: something already listens on "+taken.Addr().String())
	assert.NoDirExists(t, dir, "the next attempt must find no leftovers")
}

// TestNobodyReadsProgress closes the reading end of stderr under a run.
func TestNobodyReadsProgress(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	cmd := wsheal(t, "run", "steady", "--out", dir, "--set", "clients.count=10", "--set", "clients.ramp=100ms", "--set", "load.rate=20/s", "--set", "hold=500ms",
		"--set", "phases={warmup: 500ms, baseline: 500ms, chaos: 500ms, recovery: 1s, verify: 500ms}", "--set", "steady_state=[]", "--set", "gates=[messages.lost == 0]")
	r, w, err := os.Pipe()
	require.NoError(t, err)
	cmd.Stderr = w
	require.NoError(t, cmd.Start())
	require.NoError(t, errors.Join(w.Close(), r.Close()))
	code := exitCode(t, cmd.Wait())
	assert.Contains(t, []int{exitPass, exitInconclusive}, code, "by the verdict, not by a signal")
	assert.EqualValues(t, "complete", readSummary(t, dir).Ended.Reason)
}
