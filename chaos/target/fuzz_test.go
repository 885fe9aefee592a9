package target

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorded is a connection that reads what it is given and keeps what is written.
type recorded struct {
	net.Conn
	in  io.Reader
	out bytes.Buffer
}

func (r *recorded) Read(p []byte) (int, error)       { return r.in.Read(p) }
func (r *recorded) Write(p []byte) (int, error)      { return r.out.Write(p) }
func (r *recorded) SetWriteDeadline(time.Time) error { return nil }
func (r *recorded) SetReadDeadline(time.Time) error  { return nil }

const fuzzMax = 4 << 10 // largest message, bytes

// echoed runs the echo over bytes that come in as src deals them out.
func echoed(t *testing.T, src io.Reader) (out []byte, err error) {
	t.Helper()
	s, err := New(Options{MaxMessage: fuzzMax})
	require.NoError(t, err)
	conn := &recorded{in: src}
	c := &connection{server: s, conn: conn, in: newInbox()}
	err = c.echo()
	if v, ok := errors.AsType[*violation](err); ok {
		c.refuse(v)
	}
	assert.LessOrEqual(t, len(c.in.buf), 4*(fuzzMax+ws.MaxHeaderSize), "the buffer grows with what arrives, to what a message may need")
	c.in.use(nil)
	return conn.out.Bytes(), err
}

// FuzzEcho: whatever comes in, and in whatever pieces, what goes out is the same, is
// well-formed, and ends for a reason.
func FuzzEcho(f *testing.F) {
	f.Add(masked(ws.NewTextFrame([]byte("hello"))))
	f.Add(append(masked(ws.NewFrame(ws.OpText, false, []byte("a"))), masked(ws.NewFrame(ws.OpContinuation, true, []byte("b")))...))
	f.Add(append(masked(ws.NewPingFrame([]byte("p"))), masked(ws.NewCloseFrame([]byte{0x03, 0xf4, 'x'}))...))
	f.Add(masked(ws.NewBinaryFrame(make([]byte, 3000))))
	f.Add([]byte{0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4})
	f.Add(masked(ws.NewBinaryFrame(make([]byte, fuzzMax+1))))
	f.Fuzz(func(t *testing.T, in []byte) {
		whole, err := echoed(t, bytes.NewReader(in))
		pieces, err2 := echoed(t, iotest.OneByteReader(bytes.NewReader(in)))
		assert.Equal(t, whole, pieces)
		require.Error(t, err)
		require.Equal(t, err, err2)

		last, state := ws.OpCode(0), ws.StateClientSide
		r := bytes.NewReader(whole)
		for r.Len() > 0 {
			h, err := ws.ReadHeader(r)
			require.NoError(t, err)
			require.False(t, h.Masked)
			require.NoError(t, ws.CheckHeader(h, state))
			require.False(t, last == ws.OpClose, "nothing follows a close frame")
			_, err = io.CopyN(io.Discard, r, h.Length)
			require.NoError(t, err)
			last = h.OpCode
			if h.OpCode.IsData() && h.Fin {
				state = state.Clear(ws.StateFragmented)
			} else if h.OpCode.IsData() {
				state = state.Set(ws.StateFragmented)
			}
		}
		v, isViolation := errors.AsType[*violation](err)
		switch {
		case isViolation:
			require.Contains(t, []ws.StatusCode{1002, 1009}, v.code)
			require.Equal(t, ws.OpClose, last)
		case errors.Is(err, errClosed):
			require.Equal(t, ws.OpClose, last)
		default:
			require.ErrorIs(t, err, io.EOF)
		}
	})
}

// FuzzUpgrade: whatever the request, it is found whole or not at all, however it comes;
// and its answer is a proper HTTP response.
func FuzzUpgrade(f *testing.F) {
	f.Add([]byte(requestOf("12/3")))
	f.Add([]byte(requestOf("x")))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\nrest"))
	f.Add([]byte("\r\n\r\n"))
	f.Add([]byte("GET / HTTP/1.1\r\n: x\r\n\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		whole, pieces := newInbox(), newInbox()
		n, err := readRequest(bytes.NewReader(in), whole)
		n2, err2 := readRequest(iotest.OneByteReader(bytes.NewReader(in)), pieces)
		require.Equal(t, n, n2)
		require.Equal(t, err, err2)
		if err != nil {
			return
		}
		require.LessOrEqual(t, n, maxRequest)
		response, _, err := answer(whole.bytes()[:n])
		res, parseErr := http.ReadResponse(bufio.NewReader(bytes.NewReader(response)), nil)
		require.NoError(t, parseErr, "%q", response)
		defer res.Body.Close()
		if err == nil {
			require.Equal(t, http.StatusSwitchingProtocols, res.StatusCode)
			return
		}
		require.GreaterOrEqual(t, res.StatusCode, 400)
	})
}
