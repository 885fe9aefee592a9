//go:build unix

package toxi

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A write past the link takes what there is room for, waits for nothing, and says why it wrote
// no more, but for want of room.
func TestAPromptWriteWaitsForNothing(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	nc, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	tcp := nc.(*net.TCPConn)
	defer tcp.Close()
	peer, err := ln.Accept()
	require.NoError(t, err)
	defer peer.Close()

	var w prompt
	block := make([]byte, 1<<20)
	sum := 0
	for {
		n, err := w.write(tcp, block)
		sum += n
		if n == 0 {
			require.ErrorIs(t, err, syscall.EAGAIN)
			break
		}
	}
	require.NoError(t, tcp.SetWriteDeadline(past))
	_, err = io.CopyN(io.Discard, peer, int64(sum))
	require.NoError(t, err)
	n, err := w.write(tcp, []byte("late"))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.Zero(t, n)
	require.NoError(t, tcp.SetWriteDeadline(time.Time{}))
	n, err = w.write(tcp, []byte("again"))
	require.NoError(t, err)
	require.Equal(t, len("again"), n)
	got := make([]byte, len("again"))
	_, err = io.ReadFull(peer, got)
	require.NoError(t, err)
	require.Equal(t, "again", string(got))

	require.NoError(t, peer.(*net.TCPConn).SetLinger(0))
	require.NoError(t, peer.Close())
	require.Eventually(t, func() bool {
		_, err := w.write(tcp, []byte("x"))
		return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	}, 30*time.Second, time.Millisecond)
	require.NoError(t, tcp.Close())
	_, err = w.write(tcp, []byte("x"))
	require.ErrorIs(t, err, net.ErrClosed)
}
