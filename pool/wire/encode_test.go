package wire

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unframed reads masked frames by gobwas.
func unframed(t testing.TB, b []byte) (frames []ws.Frame) {
	t.Helper()
	for r := bytes.NewReader(b); r.Len() > 0; {
		h, err := ws.ReadHeader(r)
		require.NoError(t, err)
		require.True(t, h.Masked)
		p := make([]byte, h.Length)
		_, err = io.ReadFull(r, p)
		require.NoError(t, err)
		ws.Cipher(p, h.Mask, 0)
		frames = append(frames, ws.Frame{Header: h, Payload: p})
	}
	return frames
}

func TestFramesAreWhatGobwasReads(t *testing.T) {
	var c Conn
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 70_000} {
		payload := bytes.Repeat([]byte{0xa5}, size)
		b := c.AppendFrame([]byte("before"), ws.OpBinary, payload)
		require.Equal(t, "before", string(b[:6]))
		frames := unframed(t, b[6:])
		require.Len(t, frames, 1)
		assert.True(t, frames[0].Header.Fin && frames[0].Header.OpCode == ws.OpBinary && frames[0].Header.Rsv == 0)
		assert.True(t, bytes.Equal(payload, frames[0].Payload))
	}
	a, b := c.AppendFrame(nil, ws.OpPing, nil), c.AppendFrame(nil, ws.OpPing, nil)
	assert.NotEqual(t, a, b, "each frame has a mask of its own")
}

// TestLargeMessagesLeaveRoom reads what is sent of messages of all sizes: no frame is longer
// than a control frame may have to wait.
func TestLargeMessagesLeaveRoom(t *testing.T) {
	for _, deflate := range []bool{false, true} {
		c := Conn{deflate: deflate}
		for _, size := range []int{0, 1, worthDeflating - 1, worthDeflating, fragment - 1, fragment, fragment + 1, 2 * fragment, 300_001} {
			for name, payload := range map[string][]byte{
				"text":  []byte(strings.Repeat("to be or not to be ", size/19+1)[:size]),
				"noise": noise(size),
			} {
				frames := unframed(t, c.AppendMessage(nil, ws.OpBinary, payload))
				small := deflate && name == "text" && size >= worthDeflating
				var all []byte
				for i, f := range frames {
					all = append(all, f.Payload...)
					assert.LessOrEqual(t, len(f.Payload), fragment)
					assert.Equal(t, i == len(frames)-1, f.Header.Fin)
					assert.Equal(t, i == 0, f.Header.OpCode == ws.OpBinary)
					assert.Equal(t, i > 0, f.Header.OpCode == ws.OpContinuation)
					assert.Equal(t, small && i == 0, f.Header.Rsv1(), "the first frame alone tells")
				}
				if small {
					assert.Less(t, len(all), size)
					var err error
					all, err = inflate(nil, all, size)
					require.NoError(t, err)
				} else {
					assert.Len(t, frames, max(1, (size+fragment-1)/fragment))
				}
				assert.True(t, bytes.Equal(payload, all), "%s of %d bytes", name, size)
			}
		}
	}
}

// noise cannot be deflated.
func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b)
	return b
}

func TestEncodeAFrameAtATime(t *testing.T) {
	var c Conn
	e := c.Encode(ws.OpText, make([]byte, 2*fragment+5))
	var b []byte
	for _, want := range []struct {
		left int
		more bool
	}{{fragment + 5, true}, {5, true}, {0, false}} {
		var more bool
		b, more = e.Append(b)
		b = c.AppendFrame(b, ws.OpPing, nil)
		assert.Equal(t, want.more, more)
		assert.Equal(t, want.left, e.Left())
	}
	var ops []ws.OpCode
	for _, f := range unframed(t, b) {
		ops = append(ops, f.Header.OpCode)
	}
	assert.Equal(t, []ws.OpCode{ws.OpText, ws.OpPing, ws.OpContinuation, ws.OpPing, ws.OpContinuation, ws.OpPing}, ops)
}

// TestInflateToTheLimit is about messages that are as large as they may be, and one larger.
func TestInflateToTheLimit(t *testing.T) {
	for _, size := range []int{worthDeflating, 1000, trust, trust + 1, 100_000} {
		src := bytes.Repeat([]byte("x"), size)
		small := deflate(src)
		got, err := inflate(nil, small, size)
		require.NoError(t, err)
		assert.Equal(t, src, got)
		_, err = inflate(nil, small, size-1)
		assert.Equal(t, errTooLarge, err)
	}
}
