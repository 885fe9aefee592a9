package server

import (
	"context"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T) (*Server, *Control) {
	t.Helper()
	s, err := Listen()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	c, err := DialControl(s.Control)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return s, c
}

func TestEchoesOnEveryAddress(t *testing.T) {
	s, control := start(t)
	for _, url := range s.URLs {
		c, _, _, err := ws.Dial(t.Context(), url)
		require.NoError(t, err)
		defer c.Close()
		for _, n := range []int{0, 64, 126, 70000} {
			want := make([]byte, n)
			require.NoError(t, wsutil.WriteClientBinary(c, want))
			got, err := wsutil.ReadServerBinary(c)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		}
	}
	n, err := control.Count()
	require.NoError(t, err)
	assert.Equal(t, len(s.URLs), n)
}

// script is a connection that is read piece by piece, and notes each write.
type script struct {
	net.Conn
	pieces [][]byte
	writes []int // bytes of each
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.pieces) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.pieces[0])
	s.pieces = s.pieces[1:]
	return n, nil
}

func (s *script) Write(p []byte) (int, error) {
	s.writes = append(s.writes, len(p))
	return len(p), nil
}

func TestOneReadIsAnsweredInOneWrite(t *testing.T) {
	var burst []byte
	for range 8 {
		f, err := ws.CompileFrame(ws.MaskFrame(ws.NewBinaryFrame(make([]byte, 64))))
		require.NoError(t, err)
		burst = append(burst, f...)
	}
	upgrade := "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	half := len(burst) / 16 // of a frame
	c := &script{pieces: [][]byte{[]byte(upgrade), burst, burst[:half], burst[half:]}}
	new(Server).echo(c)
	require.Len(t, c.writes, 3)
	assert.Equal(t, 8*(2+64), c.writes[1])
	assert.Equal(t, 8*(2+64), c.writes[2], "half a frame is no message: the other half brought all")
}

func TestAnswersPingsAndCloses(t *testing.T) {
	s, _ := start(t)
	c, _, _, err := ws.Dial(t.Context(), s.URLs[0])
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, wsutil.WriteClientMessage(c, ws.OpPong, []byte("unasked")))
	require.NoError(t, wsutil.WriteClientMessage(c, ws.OpPing, []byte("there?")))
	h, err := ws.ReadHeader(c)
	require.NoError(t, err)
	assert.Equal(t, ws.Header{Fin: true, OpCode: ws.OpPong, Length: 6}, h)
	pong := make([]byte, h.Length)
	_, err = io.ReadFull(c, pong)
	require.NoError(t, err)
	assert.Equal(t, "there?", string(pong))
	require.NoError(t, wsutil.WriteClientMessage(c, ws.OpClose, ws.NewCloseFrameBody(1000, "")))
	h, err = ws.ReadHeader(c)
	require.NoError(t, err)
	assert.Equal(t, ws.Header{Fin: true, OpCode: ws.OpClose, Length: 2}, h)
	_, err = io.ReadFull(c, make([]byte, h.Length))
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

func TestCutResetsWhatThereIs(t *testing.T) {
	s, control := start(t)
	for range 3 {
		c, _, _, err := ws.Dial(context.Background(), s.URLs[1])
		require.NoError(t, err)
		defer c.Close()
		defer func() {
			_, err := c.Read(make([]byte, 1))
			require.ErrorIs(t, err, syscall.ECONNRESET)
		}()
	}
	n, err := control.Cut()
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	n, err = control.Count()
	require.NoError(t, err)
	assert.Zero(t, n)
	c, _, _, err := ws.Dial(context.Background(), s.URLs[1])
	require.NoError(t, err, "it goes on accepting")
	c.Close()
}
