package proc

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// freeAddr is an address that nobody listens on at the moment.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	return ln.Addr().String()
}

func TestWaitListening(t *testing.T) {
	addr := freeAddr(t)
	c := mustStart(t, "listener", func(s *Spec) {
		s.Hello = 0
		s.Env = append(s.Env, "PROC_TEST_LISTEN="+addr)
	})
	require.NoError(t, c.WaitListening(t.Context(), addr))
	assert.Nil(t, c.Hello)
	assert.NoError(t, c.Err())
}

func TestWaitListeningSeesTheChildDie(t *testing.T) {
	c := mustStart(t, "dies", func(s *Spec) { s.Hello = 0 })
	err := c.WaitListening(t.Context(), freeAddr(t))
	require.ErrorContains(t, err, "ended with exit status 3")
	require.ErrorContains(t, err, "cannot bind: no such address")
}

func TestWaitListeningEndsWithItsContext(t *testing.T) {
	c := mustStart(t, "mute", func(s *Spec) { s.Hello = 0 })
	require.Eventually(t, func() bool { return c.Tail() != "" }, time.Minute, time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	addr := freeAddr(t)
	err := c.WaitListening(ctx, addr)
	require.ErrorContains(t, err, "does not listen on "+addr)
	require.ErrorContains(t, err, "still thinking")
}

func TestWaitListeningOfAStoppedChild(t *testing.T) {
	c := mustStart(t, "good")
	require.NoError(t, c.Stop(t.Context()))
	require.ErrorIs(t, c.WaitListening(t.Context(), freeAddr(t)), ErrEnded)
}
