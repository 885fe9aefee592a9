package failures

import (
	"context"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool"
)

// A message of bulk bytes is handed to the kernel at once, and the server, whose window is
// small, takes rate bytes of it a second: longer than any ping may take.
const (
	bulk  = 800 << 10
	spoon = 16 << 10
	pause = 100 * time.Millisecond
)

// slow is a server that reads slowly, on a real socket, for this is about kernels.
func slow(t *testing.T) (address string) {
	t.Helper()
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		if failed := raw.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 32<<10)
		}); failed != nil {
			return failed
		}
		return err
	}}
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var running sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close()
				if _, err := ws.Upgrade(c); err != nil {
					return
				}
				sipped := &sips{Conn: c}
				for {
					text, err := wsutil.ReadClientText(sipped)
					if err != nil || wsutil.WriteServerText(c, text[:4]) != nil {
						return
					}
				}
			})
		}
	})
	return l.Addr().String()
}

// sips pauses after each spoon that was read.
type sips struct {
	net.Conn
	read int
}

func (s *sips) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p[:min(len(p), spoon-s.read)])
	if s.read += n; s.read == spoon {
		s.read = 0
		time.Sleep(pause)
	}
	return n, err
}

// roomy dials with a buffer in the kernel that takes all of it at once.
func roomy(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		err = c.(*net.TCPConn).SetWriteBuffer(4 * bulk)
	}
	return c, err
}

// TestPingBehindTheKernelsQueue: the kernel has taken a large message and, behind it, the
// ping. The server takes its time with the message, and the pong comes late. Nothing is
// wrong with the connection, and its bytes move.
func TestPingBehindTheKernelsQueue(t *testing.T) {
	const timeout = 2 * time.Second
	payload := make([]byte, bulk)
	copy(payload, "bulk")
	t.Run("client=naive", func(t *testing.T) {
		t.Parallel()
		c, _, _, err := ws.Dialer{NetDial: roomy}.Dial(t.Context(), "ws://"+slow(t)+"/")
		require.NoError(t, err)
		defer c.Close()
		require.NoError(t, wsutil.WriteClientText(c, payload))
		require.NoError(t, wsutil.WriteClientMessage(c, ws.OpPing, nil))
		require.NoError(t, c.SetReadDeadline(time.Now().Add(timeout)))
		_, err = c.Read(make([]byte, 1))
		require.Error(t, err, "the pong is late, and the connection is given up")
	})
	t.Run("client=ours", func(t *testing.T) {
		t.Parallel()
		policy := pool.DefaultPolicy()
		policy.PingEvery, policy.PingTimeout, policy.PingTimeoutMin = time.Second, timeout, timeout
		p, err := pool.Open(t.Context(), pool.Config{
			Endpoints: []pool.Endpoint{{URL: "ws://" + slow(t) + "/"}}, Max: 1, Policy: policy, Seed: 1,
			QueueBytes: 2 * bulk, DialContext: roomy,
			Correlate: pool.Correlate{
				Request: func(m pool.Message) (string, bool) { return string(m.Payload[:4]), true },
				Reply:   func(m pool.Message) (string, bool) { return string(m.Payload), true },
			},
		})
		require.NoError(t, err)
		defer p.Close(context.Background())
		began := time.Now()
		answer, err := p.Request(t.Context(), pool.Message{Payload: payload, Text: true})
		require.NoError(t, err)
		assert.Equal(t, "bulk", string(answer.Payload))
		assert.Greater(t, time.Since(began), 2*timeout, "it took longer than a ping may")
		assert.Empty(t, p.Snapshot().Totals.Lost)
	})
}
