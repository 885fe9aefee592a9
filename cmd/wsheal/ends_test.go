//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A pipe that broke is a reader who has seen enough only where it is that of our output: a
// proxy that went away is no verdict.
func TestBrokenPipeIsNoPass(t *testing.T) {
	ours := &fs.PathError{Op: "write", Path: os.Stdout.Name(), Err: syscall.EPIPE}
	assert.Equal(t, exitPass, exitOfError(nil))
	assert.Equal(t, exitPass, exitOfError(ours))
	assert.Equal(t, exitPass, exitOfError(internal(ours)))
	broken := fmt.Errorf("POST /proxies: %w", syscall.EPIPE)
	assert.Equal(t, exitInternal, exitOfError(internal(broken)))
	assert.Equal(t, exitUsage, exitOfError(usage(broken)))
	assert.Equal(t, exitUsage, exitOfError(assert.AnError))
}

// Who stops reading a list has seen what there was to see.
func TestListsMayBeLeftUnread(t *testing.T) {
	for _, args := range [][]string{{"metrics"}, {"scenarios"}, {"schema", "summary"}, {"version"}} {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		require.NoError(t, r.Close())
		cmd := wsheal(t, args...)
		var errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = w, &errs
		assert.NoError(t, cmd.Run(), "%v: %s", args, errs.String())
		require.NoError(t, w.Close())
	}
}

// A directory of links to runs has those runs in it.
func TestLinksToRunsAreRuns(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		real := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.CopyFS(real, os.DirFS("../../testdata/journals/reset")))
		require.NoError(t, os.Symlink(real, filepath.Join(dir, name)))
	}
	runs, err := readRuns(dir)
	require.NoError(t, err)
	require.Len(t, runs, 2)
	assert.Equal(t, []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}, []string{runs[0].Name, runs[1].Name})
}

// Commands that only read and write files end at the first signal, and do not wait for a
// file that never ends.
func TestReadingEndsAtTheFirstSignal(t *testing.T) {
	if interruptIgnored {
		t.Skip("the tests were started with SIGINT ignored, as in the background of a script, and so is what they start")
	}
	for _, args := range [][]string{{"report"}, {"compare", "--against", recordedDefault}, {"baseline", "check", recordedDefault}} {
		dir := t.TempDir()
		fifo := filepath.Join(dir, journalFile)
		require.NoError(t, syscall.Mkfifo(fifo, 0o644))
		for i, arg := range args {
			if abs, err := filepath.Abs(arg); err == nil && arg == recordedDefault {
				args[i] = abs
			}
		}
		cmd := wsheal(t, append(args, dir)...)
		var out bytes.Buffer
		cmd.Stderr = &out
		require.NoError(t, cmd.Start())
		pipe, err := os.OpenFile(fifo, os.O_WRONLY, 0) // until it reads
		require.NoError(t, err)
		giveUp := time.AfterFunc(10*time.Second, func() { _ = pipe.Close() })
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		_ = cmd.Wait()
		giveUp.Stop()
		assert.True(t, cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled(), "%v: %v %s", args, cmd.ProcessState, out.String())
		_ = pipe.Close()
	}
}
