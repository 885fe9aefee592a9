package server

import (
	"context"
	"io"
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

func TestOneReadIsAnsweredInOneWrite(t *testing.T) {
	s, _ := start(t)
	c, _, _, err := ws.Dial(t.Context(), s.URLs[0])
	require.NoError(t, err)
	defer c.Close()
	var burst []byte
	for range 8 {
		f, err := ws.CompileFrame(ws.MaskFrame(ws.NewBinaryFrame(make([]byte, 64))))
		require.NoError(t, err)
		burst = append(burst, f...)
	}
	_, err = c.Write(burst)
	require.NoError(t, err)
	answer := make([]byte, 4096)
	n, err := c.Read(answer)
	require.NoError(t, err)
	assert.Equal(t, 8*(2+64), n)
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
