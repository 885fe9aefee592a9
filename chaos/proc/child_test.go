package proc

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHelloIsTheFirstLine(t *testing.T) {
	c := mustStart(t, "good")
	assert.JSONEq(t, `{"listen":"127.0.0.1:1","control":"127.0.0.1:2"}`, string(c.Hello))
	assert.NoError(t, c.Err())
	require.NoError(t, c.Stop(t.Context()))
	assert.NoError(t, c.Err(), "a child that was stopped ended as it should")
	assert.Contains(t, c.Tail(), "ready to serve", "the rest of stdout is kept")
}

func TestStopIsIdempotentAndConcurrent(t *testing.T) {
	c := mustStart(t, "good")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { assert.NoError(t, c.Stop(context.Background())) })
	}
	wg.Wait()
	<-c.Done()
	require.NoError(t, c.Stop(t.Context()))
	_, err := c.Usage()
	require.ErrorIs(t, err, ErrEnded)
}

func TestChildThatDiesAtOnce(t *testing.T) {
	var stderr bytes.Buffer
	_, err := start(t, "dies", func(s *Spec) { s.Stderr = &stderr })
	exit, ok := errors.AsType[*ExitError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "ended with exit status 3", exit.State)
	assert.True(t, strings.HasPrefix(err.Error(), "target blue ("), "%v", err)
	assert.True(t, strings.HasSuffix(err.Error(), "; its last output:\n  cannot bind: no such address"), "%v", err)
	assert.Equal(t, "cannot bind: no such address\n", stderr.String())
}

func TestChildThatEndsOnItsOwnLater(t *testing.T) {
	c := mustStart(t, "brief")
	<-c.Done()
	require.ErrorContains(t, c.Err(), "ended with exit status 0; it wrote no output",
		"an end that nobody asked for is an error, whatever its status")
	require.NoError(t, c.Stop(t.Context()))
	require.Error(t, c.Err(), "stopping what is dead does not make its death a wish")
}

func TestHelloTimeout(t *testing.T) {
	life := newLifeline(t)
	_, err := start(t, "mute", func(s *Spec) {
		s.Hello = 300 * time.Millisecond
		s.Env = append(s.Env, life.env())
	})
	require.ErrorContains(t, err, "said no hello within 300ms")
	assert.NotErrorIs(t, err, ErrEnded)
}

func TestFailedStartLeavesNoProcess(t *testing.T) {
	life := newLifeline(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	exe, err := os.Executable()
	require.NoError(t, err)
	failed := make(chan error)
	go func() {
		_, err := Start(ctx, Spec{Path: exe, Env: []string{modeEnv + "=mute", life.env()}, Hello: time.Hour})
		failed <- err
	}()
	life.pid(t)
	cancel(nil)
	require.ErrorIs(t, <-failed, context.Canceled)
	life.requireGone(t, time.Minute)
}

func TestHelloThatIsNone(t *testing.T) {
	_, err := start(t, "garbage")
	require.ErrorContains(t, err, `began with "usage: serve [flags]\n", expected a hello, one line of JSON`)
	_, err = start(t, "endless")
	require.ErrorContains(t, err, "expected a hello")
}

func TestOutputIsBoundedAndNeverBlocksTheChild(t *testing.T) {
	c := mustStart(t, "chatty", func(s *Spec) {
		s.Hello = 0
		s.Stderr = brokenWriter{}
	})
	<-c.Done()
	require.ErrorContains(t, c.Err(), "ended with exit status 4")
	assert.LessOrEqual(t, len(c.Tail()), 2*tailSize)
	assert.Contains(t, c.Tail(), "line 19999 of stdout\n")
	assert.True(t, strings.HasSuffix(c.Err().Error(), "\n  line 19999 of stderr\n  the end"), "what a message shows last is stderr")
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestSpecsThatCannotWork(t *testing.T) {
	_, err := Start(t.Context(), Spec{Name: "target blue", Path: "/no/such/program"})
	require.ErrorContains(t, err, "start target blue: ")
	require.ErrorIs(t, err, os.ErrNotExist)

	_, err = Start(t.Context(), Spec{Env: []string{"=x", "y"}, Hello: -1, Grace: -1})
	for _, want := range []string{"path: empty", "env: =x", "env: y", "hello: negative", "grace: negative"} {
		require.ErrorContains(t, err, want)
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Start(ended, Spec{Path: "/bin/true"})
	require.ErrorIs(t, err, context.Canceled)
}

func TestTailKeepsWholeLines(t *testing.T) {
	var tl tail
	for range 3000 {
		_, _ = tl.Write([]byte("0123456789\n"))
	}
	s := tl.String()
	assert.LessOrEqual(t, len(s), tailSize)
	assert.Greater(t, len(s), tailSize-11)
	assert.Empty(t, strings.ReplaceAll(s, "0123456789\n", ""))
}
