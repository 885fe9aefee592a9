package driver

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// read is what came out of a stream: the frames, then the close code of the violation
// that ended it, or 0 when the stream did.
type read struct {
	ops      []ws.OpCode
	payloads [][]byte
	code     uint16
}

// decode reads a stream that arrives in pieces of the given size.
func decode(stream []byte, piece, ahead, max int) read {
	var stamp atomic.Int64
	ahead = min(ahead, len(stream))
	d := decoder{max: max}
	d.in = newIntake(&pieces{stream[ahead:], piece}, bytes.Clone(stream[:ahead]), time.Now(), &stamp)
	defer d.release()
	var out read
	for {
		f, err := d.next()
		var v *violation
		if errors.As(err, &v) {
			out.code = v.code
			return out
		}
		if err != nil {
			return out
		}
		out.ops = append(out.ops, f.op)
		out.payloads = append(out.payloads, append([]byte{}, f.payload...))
	}
}

// pieces is a reader that returns so many bytes at a time.
type pieces struct {
	rest []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.size)], p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// plainly is the same by the letter of RFC 6455 5.2 to 5.5, over a stream that is all
// there: the model.
func plainly(b []byte, limit int) (out read) {
	var message []byte
	var op ws.OpCode
	for len(b) >= 2 {
		fin, rsv, code := b[0]&0x80 != 0, b[0]&0x70, ws.OpCode(b[0]&0x0f)
		masked, n := b[1]&0x80 != 0, uint64(b[1]&0x7f)
		at := 2
		switch n {
		case 126:
			if len(b) < 4 {
				return out
			}
			n, at = uint64(binary.BigEndian.Uint16(b[2:])), 4
		case 127:
			if len(b) < 10 {
				return out
			}
			n, at = binary.BigEndian.Uint64(b[2:]), 10
		}
		if masked {
			at += 4
		}
		if len(b) < at {
			return out
		}
		control := code >= 8
		known := code <= 2 || 8 <= code && code <= 10
		continues := code == 0
		switch {
		case !known, rsv != 0, masked, n >= 1<<63, control && (n > 125 || !fin),
			!control && continues == (op == 0):
			out.code = 1002
			return out
		case !control && n > uint64(limit-len(message)):
			out.code = 1009
			return out
		case uint64(len(b)-at) < n:
			return out
		}
		payload := b[at : at+int(n)]
		b = b[at+int(n):]
		if control {
			out.ops, out.payloads = append(out.ops, code), append(out.payloads, payload)
			continue
		}
		if !continues {
			op = code
		}
		message = append(message, payload...)
		if !fin {
			continue
		}
		if op == ws.OpText && !utf8.Valid(message) {
			out.code = 1007
			return out
		}
		out.ops, out.payloads = append(out.ops, op), append(out.payloads, append([]byte{}, message...))
		message, op = nil, 0
	}
	return out
}

func FuzzDecoder(f *testing.F) {
	add := func(frames ...ws.Frame) {
		var b []byte
		for _, x := range frames {
			b = append(b, ws.MustCompileFrame(x)...)
		}
		f.Add(b, uint16(7), uint16(3))
		f.Add(b, uint16(4096), uint16(0))
	}
	add(ws.NewTextFrame([]byte("hello")), ws.NewPingFrame([]byte("p")), ws.NewCloseFrame(ws.NewCloseFrameBody(1012, "restart")))
	add(ws.NewFrame(ws.OpText, false, []byte("h\xc3")), ws.NewPongFrame(nil), ws.NewFrame(ws.OpContinuation, true, []byte("\xa4")))
	add(ws.NewBinaryFrame(make([]byte, 300)), ws.NewBinaryFrame(nil), ws.NewBinaryFrame(make([]byte, 700)))
	add(ws.NewFrame(ws.OpBinary, false, make([]byte, 600)), ws.NewFrame(ws.OpContinuation, true, make([]byte, 600)))
	add(ws.MaskFrame(ws.NewTextFrame([]byte("masked"))))
	f.Add([]byte{0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 1}, uint16(1), uint16(0))
	f.Add([]byte{0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0}, uint16(1), uint16(0))
	f.Fuzz(func(t *testing.T, stream []byte, piece, ahead uint16) {
		const limit = 1000
		want := plainly(stream, limit)
		got := decode(stream, 1+int(piece), int(ahead), limit)
		require.Equal(t, want, got)
	})
}

func TestAnAnnouncedLengthIsNotBelieved(t *testing.T) {
	header := []byte{0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0} // 1 GiB to come, it says
	var stamp atomic.Int64
	d := decoder{max: 1 << 30}
	d.in = newIntake(&pieces{append(header, make([]byte, 100)...), 4096}, nil, time.Now(), &stamp)
	_, err := d.next()
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.LessOrEqual(t, cap(*d.message), 2*trust)
}

func TestAppendFrameIsWhatGobwasReads(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 70_000} {
		payload := bytes.Repeat([]byte{0xa5}, size)
		b := appendFrame([]byte("before"), ws.OpBinary, true, payload)
		r := bytes.NewReader(b[len("before"):])
		h, err := ws.ReadHeader(r)
		require.NoError(t, err)
		assert.Equal(t, int64(size), h.Length)
		assert.True(t, h.Fin && h.Masked && h.OpCode == ws.OpBinary)
		rest, err := io.ReadAll(r)
		require.NoError(t, err)
		ws.Cipher(rest, h.Mask, 0)
		assert.True(t, bytes.Equal(payload, rest))
	}
}
