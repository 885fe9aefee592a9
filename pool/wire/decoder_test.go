package wire

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// heard is what came out of a stream: the frames, and how it ended.
type heard struct {
	frames []Frame
	code   uint16 // of the violation that ended it; 0: none did
	cut    bool   // the stream ended within a frame
}

// limits are a decoder's.
type limits struct {
	message, frame int
	deflate        bool
}

// newDecoder reads a stream that arrives in pieces of the given size, behind what was read ahead.
func newDecoder(stream []byte, piece, ahead int, l limits) *decoder {
	ahead = min(ahead, len(stream))
	s := newSocket(&pieces{rest: stream[ahead:], size: piece}, time.Now())
	return &decoder{in: newIntake(s, nil, bytes.Clone(stream[:ahead])), max: l.message, maxFrame: l.frame, deflate: l.deflate}
}

// hear reads until the end.
func hear(read func() (Frame, error)) (out heard) {
	for {
		f, err := read()
		var v *Violation
		switch {
		case errors.As(err, &v):
			out.code = v.Code
			return out
		case err != nil:
			out.cut = errors.Is(err, io.ErrUnexpectedEOF)
			return out
		}
		f.Payload = append([]byte{}, f.Payload...)
		out.frames = append(out.frames, f)
	}
}

// pieces is a connection that returns so many bytes at a time.
type pieces struct {
	net.Conn
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

// plainly is the same by the letter of RFC 6455 5.2 to 5.5 and RFC 7692 6, over a stream that is all
// there: the model.
func plainly(b []byte, l limits) (out heard) {
	var message []byte
	var op ws.OpCode
	var deflated bool
	empty := 0
	violated := func(code uint16) heard { out.code = code; return out }
	truncated := func() heard { out.cut = true; return out }
	for len(b) > 0 {
		if len(b) < 2 {
			return truncated()
		}
		fin, rsv1, rsv, code := b[0]&0x80 != 0, b[0]&0x40 != 0, b[0]&0x30, ws.OpCode(b[0]&0x0f)
		n, at, least := uint64(b[1]&0x7f), 2, uint64(0)
		control, continues := code >= 8, code == 0
		switch {
		case code > 2 && code < 8, code > 10, rsv != 0, b[1]&0x80 != 0:
			return violated(1002)
		case rsv1 && (!l.deflate || control || continues):
			return violated(1002)
		case control && (n > 125 || !fin), !control && continues == (op == 0):
			return violated(1002)
		case n == 126:
			if len(b) < 4 {
				return truncated()
			}
			n, at, least = uint64(binary.BigEndian.Uint16(b[2:])), 4, 126
		case n == 127:
			if len(b) < 10 {
				return truncated()
			}
			n, at, least = binary.BigEndian.Uint64(b[2:]), 10, 1<<16
		}
		if n >= 1<<63 || n < least {
			return violated(1002)
		}
		if !control && !continues {
			op, deflated = code, rsv1
		}
		most := l.message
		if deflated {
			most += most/64 + 64
		}
		if !control && (n > uint64(l.frame) || n > uint64(most-len(message))) {
			return violated(1009)
		}
		whole := uint64(len(b)-at) >= n
		payload := b[at:min(len(b), at+int(n))]
		if control {
			if !whole {
				return truncated()
			}
			f := Frame{Op: code, Payload: append([]byte{}, payload...)}
			if code == ws.OpClose {
				if f.Code = 1005; len(payload) > 0 {
					if len(payload) == 1 {
						return violated(1002)
					}
					f.Code, f.Payload = binary.BigEndian.Uint16(payload), f.Payload[2:]
					if f.Code < 1000 || 1004 <= f.Code && f.Code <= 1006 || 1014 < f.Code && f.Code < 3000 || f.Code > 4999 {
						return violated(1002)
					}
					if !utf8.Valid(f.Payload) {
						return violated(1007)
					}
				}
			}
			out.frames = append(out.frames, f)
			if code == ws.OpClose {
				return out
			}
			b = b[at+int(n):]
			continue
		}
		if !(fin && !continues) && n == 0 {
			if empty++; empty > emptyFragments {
				return violated(1008)
			}
		}
		message = append(message, payload...)
		if op == ws.OpText && !deflated && !mayBecomeText(message) {
			return violated(1007)
		}
		if !whole {
			return truncated()
		}
		b = b[at+int(n):]
		if !fin {
			continue
		}
		if deflated {
			r := flate.NewReader(bytes.NewReader(append(append([]byte{}, message...), tail...)))
			var err error
			message, err = io.ReadAll(io.LimitReader(r, int64(l.message)+1))
			switch {
			case len(message) > l.message:
				return violated(1009)
			case err != nil:
				return violated(1002)
			}
		}
		if op == ws.OpText && !utf8.Valid(message) {
			return violated(1007)
		}
		out.frames = append(out.frames, Frame{Op: op, Payload: append([]byte{}, message...)})
		message, op, deflated, empty = nil, 0, false, 0
	}
	return out
}

// mayBecomeText tells whether b is UTF-8 but for an end that is missing.
func mayBecomeText(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return !utf8.FullRune(b)
		}
		b = b[n:]
	}
	return true
}

func compiled(frames ...ws.Frame) (b []byte) {
	for _, x := range frames {
		b = append(b, ws.MustCompileFrame(x)...)
	}
	return b
}

// deflatedFrame is a message of one frame as a server sends it.
func deflatedFrame(op ws.OpCode, small []byte) ws.Frame {
	f := ws.NewFrame(op, true, small)
	f.Header.Rsv = ws.Rsv(true, false, false)
	return f
}

// FuzzRead holds the decoder against the model, however a stream is split into reads.
func FuzzRead(f *testing.F) {
	add := func(b []byte) {
		f.Add(b, uint16(7), uint16(3), false)
		f.Add(b, uint16(4096), uint16(0), true)
	}
	add(compiled(ws.NewTextFrame([]byte("hello")), ws.NewPingFrame([]byte("p")), ws.NewCloseFrame(ws.NewCloseFrameBody(1012, "restart")), ws.NewTextFrame(nil)))
	add(compiled(ws.NewFrame(ws.OpText, false, []byte("h\xc3")), ws.NewPongFrame(nil), ws.NewFrame(ws.OpContinuation, true, []byte("\xa4"))))
	add(compiled(ws.NewFrame(ws.OpText, false, []byte("h\xc3")), ws.NewFrame(ws.OpContinuation, true, []byte("\xff"))))
	add(compiled(ws.NewBinaryFrame(make([]byte, 300)), ws.NewBinaryFrame(nil), ws.NewBinaryFrame(make([]byte, 700))))
	add(compiled(ws.NewFrame(ws.OpBinary, false, make([]byte, 600)), ws.NewFrame(ws.OpContinuation, true, make([]byte, 600))))
	add(compiled(ws.NewBinaryFrame(make([]byte, 800)), ws.NewBinaryFrame(make([]byte, 801))))
	add(compiled(ws.MaskFrame(ws.NewTextFrame([]byte("masked")))))
	add(compiled(ws.NewCloseFrame([]byte{3})))
	add(compiled(ws.NewCloseFrame(ws.NewCloseFrameBody(1005, ""))))
	add(compiled(ws.NewCloseFrame([]byte{3, 232, 0xff})))
	add([]byte{0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 1})
	add([]byte{0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0})
	add([]byte{0x82, 126, 0, 5, 1, 2, 3, 4, 5})
	add([]byte{0x81, 100, 'a', 0xff})
	small := deflate(bytes.Repeat([]byte("all work and no play "), 40))
	add(compiled(deflatedFrame(ws.OpText, small), deflatedFrame(ws.OpBinary, deflate(make([]byte, 5000)))))
	first := ws.NewFrame(ws.OpText, false, small[:10])
	first.Header.Rsv = ws.Rsv(true, false, false)
	add(compiled(first, ws.NewPingFrame(nil), ws.NewFrame(ws.OpContinuation, true, small[10:])))
	add(compiled(deflatedFrame(ws.OpText, []byte("no deflate block"))))
	f.Fuzz(func(t *testing.T, stream []byte, piece, ahead uint16, deflate bool) {
		l := limits{message: 1000, frame: 800, deflate: deflate}
		d := newDecoder(stream, 1+int(piece), int(ahead), l)
		got := hear(d.read)
		require.Equal(t, plainly(stream, l), got)
		require.Nil(t, d.message, "the end gives all buffers back")
		require.Nil(t, d.in.loan)
	})
}

func TestAnAnnouncedLengthIsNotBelieved(t *testing.T) {
	header := []byte{0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0} // 1 GiB to come, it says
	d := newDecoder(append(header, make([]byte, 100)...), 4096, 0, limits{message: 1 << 30, frame: 1 << 30})
	h, err := d.head()
	require.NoError(t, err)
	_, err = d.data(h)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.LessOrEqual(t, cap(*d.message), 2*trust)
}

// TestABombIsNotInflated sends 64 MiB of zeros in 64 kB.
func TestABombIsNotInflated(t *testing.T) {
	var bomb sink
	w, err := flate.NewWriter(&bomb, flate.BestCompression)
	require.NoError(t, err)
	zeros := make([]byte, 1<<20)
	for range 64 {
		_, err := w.Write(zeros)
		require.NoError(t, err)
	}
	require.NoError(t, w.Flush())
	const limit = 100_000
	d := newDecoder(compiled(deflatedFrame(ws.OpBinary, bomb[:len(bomb)-4])), 4096, 0, limits{limit, 1 << 20, true})
	h, err := d.head()
	require.NoError(t, err)
	_, err = d.data(h)
	var v *Violation
	require.ErrorAs(t, err, &v)
	assert.Equal(t, uint16(1009), v.Code)
	assert.LessOrEqual(t, cap(*d.message), 2*limit)
}

// TestEmptyFragments is about a peer that keeps us busy for nothing.
func TestEmptyFragments(t *testing.T) {
	stream := compiled(ws.NewFrame(ws.OpBinary, false, nil))
	for range emptyFragments - 1 {
		stream = append(stream, compiled(ws.NewFrame(ws.OpContinuation, false, nil))...)
	}
	l := limits{message: 10, frame: 10}
	last := compiled(ws.NewFrame(ws.OpContinuation, true, []byte("x")))
	got := hear(newDecoder(append(bytes.Clone(stream), last...), 4096, 0, l).read)
	require.Len(t, got.frames, 1)
	assert.Equal(t, "x", string(got.frames[0].Payload))

	one := compiled(ws.NewFrame(ws.OpContinuation, false, nil))
	assert.Equal(t, uint16(1008), hear(newDecoder(append(stream, one...), 4096, 0, l).read).code)
}

// TestWhatEndsAConnectionEndsIt reads on after the end.
func TestWhatEndsAConnectionEndsIt(t *testing.T) {
	more := compiled(ws.NewTextFrame([]byte("more")))
	l := limits{message: 10, frame: 10}
	d := newDecoder(append(compiled(ws.NewCloseFrame(nil)), more...), 4096, 0, l)
	f, err := d.read()
	require.NoError(t, err)
	assert.Equal(t, Frame{Op: ws.OpClose, Code: 1005}, f)
	for range 2 {
		_, err = d.read()
		assert.Equal(t, io.EOF, err)
	}
	d = newDecoder(append([]byte{0xf2, 0}, more...), 4096, 0, l)
	_, first := d.read()
	require.Error(t, first)
	_, err = d.read()
	assert.Equal(t, first, err)
}

func TestTextInPieces(t *testing.T) {
	for _, s := range []string{"", "a", "ä", "€uro", "𝄞 clef", "a\xc3\xa4\xe2\x82\xac\xf0\x9d\x84\x9e", "\xff", "a\xc3", "\xc3(", "\xe2\x28\xa1", "\xe2\x82(", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x9d\x84(", "\xc0\xaf", "\x80"} {
		b := []byte(s)
		for i := range len(b) + 1 {
			for j := i; j <= len(b); j++ {
				var x text
				ok := x.feed(b[:i]) && x.feed(b[i:j]) && x.feed(b[j:]) && x.complete()
				require.Equal(t, utf8.Valid(b), ok, "%q split at %d and %d", s, i, j)
			}
			var x text
			require.Equal(t, mayBecomeText(b[:i]), x.feed(b[:i]), "%q", b[:i])
		}
	}
}
