//go:build unix

package proc

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// deathLimit is what the product promises: no child is left two seconds after its
// parent's death.
const deathLimit = 2 * time.Second

func TestChildDiesWithAKilledParent(t *testing.T) {
	for _, inner := range []string{"good", "stubborn"} {
		for _, stopped := range []bool{false, true} {
			name := inner
			if stopped {
				name += " and stopped"
			}
			t.Run(name, func(t *testing.T) {
				if runtime.GOOS != "linux" && inner == "stubborn" {
					t.Skip("without a parent-death signal a child that looks at nothing lives on")
				}
				life := newLifeline(t)
				middle := mustStart(t, "middle", func(s *Spec) {
					s.Env = append(s.Env, "PROC_TEST_INNER="+inner, life.env())
				})
				pid := life.pid(t)
				life.requireAlive(t)
				if stopped {
					require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
				}
				require.NoError(t, syscall.Kill(middle.Pid(), syscall.SIGKILL))
				life.requireGone(t, deathLimit)
			})
		}
	}
}

// The parent-death signal comes when the forking thread ends; a child must not die of
// the end of a thread that its starter happened to run on.
func TestChildOutlivesTheThreadThatStartedIt(t *testing.T) {
	life := newLifeline(t)
	var c *Child
	var err error
	id := onThreadThatEnds(func() {
		c, err = start(t, "good", func(s *Spec) { s.Env = append(s.Env, life.env()) })
	})
	require.NoError(t, err)
	life.pid(t)
	require.Eventually(t, func() bool { return !threadExists(id) }, time.Minute, time.Millisecond)
	life.requireAlive(t)
	assert.NoError(t, c.Err())
}

// onThreadThatEnds calls f on a thread that ends afterwards, and returns its id. The
// main thread never ends, so it is held back where it comes up.
func onThreadThatEnds(f func()) int {
	done := make(chan int)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		id := threadID()
		if id == os.Getpid() {
			id = onThreadThatEnds(f)
		} else {
			f()
		}
		done <- id
	}()
	return <-done
}

func TestEndOfStdinEndsTheChild(t *testing.T) {
	c := mustStart(t, "good")
	c.io.closeStdin()
	<-c.Done()
	require.ErrorContains(t, c.Err(), "ended with exit status 0")
	assert.NotContains(t, c.Tail(), "asked by signal")
}

func TestEndOfStdinEndsAChildThatHangs(t *testing.T) {
	c := mustStart(t, "deaf")
	c.io.closeStdin()
	<-c.Done()
	require.ErrorContains(t, c.Err(), "ended with exit status 1")
}

func TestWatchParentLeavesOtherProgramsAlone(t *testing.T) {
	require.Empty(t, os.Getenv(parentEnv))
	ctx := t.Context()
	assert.Equal(t, ctx, WatchParent(ctx))
}

func TestStopOfAStoppedChild(t *testing.T) {
	t.Run("ends in good order", func(t *testing.T) {
		c := mustStart(t, "good", func(s *Spec) { s.Grace = time.Hour })
		require.NoError(t, syscall.Kill(c.Pid(), syscall.SIGSTOP))
		require.NoError(t, c.Stop(t.Context()))
		assert.True(t, c.cmd.ProcessState.Success(), "%v", c.cmd.ProcessState)
	})
	t.Run("is killed when it will not", func(t *testing.T) {
		c := mustStart(t, "stubborn", func(s *Spec) { s.Grace = 100 * time.Millisecond })
		require.NoError(t, syscall.Kill(c.Pid(), syscall.SIGSTOP))
		require.NoError(t, c.Stop(t.Context()))
		assert.Equal(t, "signal: killed", c.cmd.ProcessState.String())
		assert.NoError(t, c.Err())
	})
}

func TestEndOfContextShortensTheGrace(t *testing.T) {
	c := mustStart(t, "stubborn", func(s *Spec) { s.Grace = time.Hour })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, c.Stop(ctx))
	assert.Equal(t, "signal: killed", c.cmd.ProcessState.String())
}

func TestStopEndsTheWholeGroup(t *testing.T) {
	life := newLifeline(t)
	c := mustStart(t, "family", func(s *Spec) { s.Env = append(s.Env, life.env()) })
	life.pid(t)
	require.NoError(t, c.Stop(t.Context()))
	if runtime.GOOS == "linux" {
		life.requireGone(t, time.Minute)
	}
}

func TestStopReapsAndReturnsEveryDescriptor(t *testing.T) {
	if _, err := Self(); err != nil {
		t.Skip(err)
	}
	require.NoError(t, mustStart(t, "good").Stop(t.Context())) // the poller and its like are made on first use
	before, err := Self()
	require.NoError(t, err)
	for range 5 {
		c := mustStart(t, "good")
		pid := c.Pid()
		require.NoError(t, c.Stop(t.Context()))
		assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, "a zombie is left")
	}
	after, err := Self()
	require.NoError(t, err)
	assert.Equal(t, before.FDs, after.FDs)
}

func TestChildrenInheritTheRaisedDescriptorLimit(t *testing.T) {
	soft, err := RaiseDescriptorLimit()
	require.NoError(t, err)
	var l syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l))
	assert.EqualValues(t, l.Cur, soft)
	out, err := exec.Command("/bin/sh", "-c", "ulimit -n").Output()
	require.NoError(t, err)
	if runtime.GOOS == "linux" {
		assert.Equal(t, l.Cur, l.Max)
		assert.Equal(t, strconv.FormatUint(soft, 10)+"\n", string(out))
	}
}
