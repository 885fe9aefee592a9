package memnet

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dialled returns both ends of a connection over n.
func dialled(t *testing.T, n *Network) (near, far *Conn) {
	t.Helper()
	l, err := n.Listen("server:0")
	require.NoError(t, err)
	c, err := n.DialContext(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	s, err := l.Accept()
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return c.(*Conn), s.(*Conn)
}

// bubble runs a test over one connection in virtual time.
func bubble(t *testing.T, n *Network, test func(t *testing.T, near, far *Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		near, far := dialled(t, n)
		defer near.Close()
		defer far.Close()
		test(t, near, far)
	})
}

func TestDialWithoutListenerIsRefused(t *testing.T) {
	_, err := new(Network).DialContext(t.Context(), "tcp", "nobody:1")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}

func TestListenTwiceIsAddressInUse(t *testing.T) {
	n := new(Network)
	l, err := n.Listen("a:1")
	require.NoError(t, err)
	_, err = n.Listen("a:1")
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.NoError(t, l.Close())
	require.ErrorIs(t, l.Close(), net.ErrClosed)
	again, err := n.Listen("a:1")
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

func TestClosedListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := new(Network)
		l, err := n.Listen("a:1")
		require.NoError(t, err)
		waiting, err := n.DialContext(t.Context(), "tcp", "a:1")
		require.NoError(t, err)
		require.NoError(t, l.Close())
		_, err = l.Accept()
		require.ErrorIs(t, err, net.ErrClosed)
		_, err = waiting.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET, "the backlog is reset")
		_, err = n.DialContext(t.Context(), "tcp", "a:1")
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
	})
}

func TestDialTakesOneRoundTripAndObeysItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &Network{Latency: 30 * time.Millisecond}
		l, err := n.Listen("a:1")
		require.NoError(t, err)
		defer l.Close()
		start := time.Now()
		_, err = n.DialContext(t.Context(), "tcp", "a:1")
		require.NoError(t, err)
		assert.Equal(t, 60*time.Millisecond, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		start = time.Now()
		_, err = n.DialContext(ctx, "tcp", "a:1")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 10*time.Millisecond, time.Since(start))
	})
}

func TestBytesArriveInOrderWhateverTheSizes(t *testing.T) {
	bubble(t, &Network{Buffer: 100, Latency: time.Millisecond}, func(t *testing.T, near, far *Conn) {
		r := rand.New(rand.NewPCG(1, 2))
		sent := make([]byte, 50_000)
		for i := range sent {
			sent[i] = byte(r.Uint32())
		}
		go func() {
			for rest := sent; len(rest) > 0; {
				n, err := near.Write(rest[:min(len(rest), 1+r.IntN(300))])
				assert.NoError(t, err)
				rest = rest[n:]
			}
			assert.NoError(t, near.CloseWrite())
		}()
		got, err := io.ReadAll(far)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(sent, got))
		_, err = far.Write([]byte("still open"))
		require.NoError(t, err)
		p := make([]byte, 10)
		_, err = io.ReadFull(near, p)
		require.NoError(t, err)
		assert.Equal(t, "still open", string(p))
	})
}

func TestBothEndsMayWriteBeforeEitherReads(t *testing.T) {
	bubble(t, new(Network), func(t *testing.T, near, far *Conn) {
		for _, c := range []*Conn{near, far} {
			n, err := c.Write(make([]byte, defaultBuffer))
			require.NoError(t, err)
			require.Equal(t, defaultBuffer, n)
		}
	})
}

func TestLatencyDelaysBytesAndEnd(t *testing.T) {
	bubble(t, &Network{Latency: 20 * time.Millisecond}, func(t *testing.T, near, far *Conn) {
		start := time.Now()
		_, err := near.Write([]byte("x"))
		require.NoError(t, err)
		assert.Zero(t, time.Since(start), "writing does not wait for arrival")
		time.Sleep(5 * time.Millisecond)
		require.NoError(t, near.Close())
		p := make([]byte, 8)
		n, err := far.Read(p)
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		assert.Equal(t, 20*time.Millisecond, time.Since(start))
		_, err = far.Read(p)
		require.Equal(t, io.EOF, err)
		assert.Equal(t, 25*time.Millisecond, time.Since(start))
		_, err = far.Read(p)
		require.Equal(t, io.EOF, err, "the end stays")
	})
}

func TestFullBufferBlocksTheWriter(t *testing.T) {
	bubble(t, &Network{Buffer: 4}, func(t *testing.T, near, far *Conn) {
		require.NoError(t, near.SetWriteDeadline(time.Now().Add(time.Second)))
		start := time.Now()
		n, err := near.Write([]byte("123456"))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.Equal(t, 4, n, "what the buffer took stays written")
		assert.Equal(t, time.Second, time.Since(start))

		require.NoError(t, near.SetWriteDeadline(time.Time{}))
		go func() {
			time.Sleep(time.Second)
			p := make([]byte, 4)
			_, err := io.ReadFull(far, p)
			assert.NoError(t, err)
		}()
		_, err = near.Write([]byte("56"))
		require.NoError(t, err)
		assert.Equal(t, 2*time.Second, time.Since(start))
	})
}

func TestDeadlineEndsACallUnderWay(t *testing.T) {
	bubble(t, new(Network), func(t *testing.T, near, _ *Conn) {
		go func() {
			time.Sleep(time.Second)
			assert.NoError(t, near.SetDeadline(time.Unix(42, 0)))
		}()
		start := time.Now()
		_, err := near.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		assert.True(t, timeout.Timeout())
		assert.Equal(t, time.Second, time.Since(start))
		_, err = near.Write([]byte("x"))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.NoError(t, near.SetDeadline(time.Time{}))
		_, err = near.Write([]byte("x"))
		require.NoError(t, err)
	})
}

func TestResetIsECONNRESET(t *testing.T) {
	bubble(t, new(Network), func(t *testing.T, near, far *Conn) {
		_, err := far.Write([]byte("last words"))
		require.NoError(t, err)
		far.Reset()
		p := make([]byte, 64)
		n, err := near.Read(p)
		require.NoError(t, err, "what had arrived is still read")
		assert.Equal(t, "last words", string(p[:n]))
		_, err = near.Read(p)
		require.ErrorIs(t, err, syscall.ECONNRESET)
		_, err = near.Write(p)
		require.ErrorIs(t, err, syscall.ECONNRESET)
		_, err = far.Read(p)
		require.ErrorIs(t, err, net.ErrClosed)
	})
}

func TestResetAfterClose(t *testing.T) {
	bubble(t, new(Network), func(t *testing.T, near, far *Conn) {
		require.NoError(t, far.CloseWrite())
		_, err := near.Read(make([]byte, 1))
		require.Equal(t, io.EOF, err)
		far.Reset()
		_, err = near.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
	})
}

func TestCloseUnblocksOwnCallsAndBreaksThePeersPipe(t *testing.T) {
	bubble(t, &Network{Buffer: 1}, func(t *testing.T, near, far *Conn) {
		failed := make(chan error, 2)
		go func() { _, err := near.Read(make([]byte, 1)); failed <- err }()
		go func() { _, err := near.Write(make([]byte, 2)); failed <- err }()
		synctest.Wait()
		require.NoError(t, near.Close())
		require.ErrorIs(t, <-failed, net.ErrClosed)
		require.ErrorIs(t, <-failed, net.ErrClosed)
		_, err := far.Write([]byte("x"))
		require.ErrorIs(t, err, syscall.EPIPE)
		require.NoError(t, near.Close(), "closing twice is harmless")
	})
}

func TestHoldIsSilenceInOneDirection(t *testing.T) {
	bubble(t, new(Network), func(t *testing.T, near, far *Conn) {
		far.Hold(true)
		_, err := far.Write([]byte("held"))
		require.NoError(t, err)
		require.NoError(t, far.Close(), "the FIN is held too")
		require.NoError(t, near.SetReadDeadline(time.Now().Add(time.Hour)))
		_, err = near.Read(make([]byte, 8))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		_, err = near.Write([]byte("nobody tells us"))
		require.NoError(t, err)

		far.Hold(false)
		require.NoError(t, near.SetReadDeadline(time.Time{}))
		got, err := io.ReadAll(near)
		require.NoError(t, err)
		assert.Equal(t, "held", string(got))
		_, err = near.Write([]byte("x"))
		require.ErrorIs(t, err, syscall.EPIPE)
	})
}

func TestHeldResetArrivesOnRelease(t *testing.T) {
	bubble(t, new(Network), func(t *testing.T, near, far *Conn) {
		far.Hold(true)
		far.Reset()
		go func() {
			time.Sleep(time.Minute)
			far.Hold(false)
		}()
		start := time.Now()
		_, err := near.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

func TestReleaseTellsABlockedWriterThatNobodyReads(t *testing.T) {
	bubble(t, &Network{Buffer: 1}, func(t *testing.T, near, far *Conn) {
		far.Hold(true)
		require.NoError(t, far.Close())
		failed := make(chan error, 1)
		go func() { _, err := near.Write(make([]byte, 2)); failed <- err }()
		synctest.Wait()
		require.Empty(t, failed, "the FIN is held")
		far.Hold(false)
		require.ErrorIs(t, <-failed, syscall.EPIPE)
	})
}
