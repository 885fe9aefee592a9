package toxi

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"

// wireFrame is a frame as bytes.
func wireFrame(op ws.OpCode, fin, masked bool, length int) []byte {
	f := ws.NewFrame(op, fin, bytes.Repeat([]byte{'x'}, length))
	if masked {
		f = ws.MaskFrameWith(f, [4]byte{1, 2, 3, 4})
	}
	return ws.MustCompileFrame(f)
}

// dialogueOf is a head, and behind it frames of every form, with what they are.
func dialogueOf(masked bool) (stream []byte, want []string) {
	stream = []byte(response)
	for _, f := range []struct {
		op     ws.OpCode
		fin    bool
		length int
		about  string
	}{
		{ws.OpText, true, 5, "1 of 1"},
		{ws.OpPing, true, 0, "9 of 9"},
		{ws.OpBinary, false, 125, "2 of 2"},
		{ws.OpPong, true, 125, "10 of 10"},
		{ws.OpContinuation, false, 0, "0 of 2"},
		{ws.OpContinuation, true, 126, "0 of 2"},
		{ws.OpBinary, true, 0, "2 of 2"},
		{ws.OpText, true, 65535, "1 of 1"},
		{ws.OpText, true, 65536, "1 of 1"},
		{ws.OpClose, true, 2, "8 of 8"},
	} {
		stream = append(stream, wireFrame(f.op, f.fin, masked, f.length)...)
		want = append(want, fmt.Sprintf("%s fin=%v %d", f.about, f.fin, f.length))
	}
	return stream, want
}

// followed is what a parser says of a stream that comes in pieces: each frame, once it is
// whole. It holds that the runs are the stream, without a gap.
func followed(t *testing.T, f *frames, pieces ...[]byte) (frames []string) {
	t.Helper()
	for _, piece := range pieces {
		n, _ := f.http(piece)
		rest := piece[n:]
		for len(rest) > 0 {
			require.Equal(t, inFrames, f.phase)
			atEdge := f.edge()
			r, behind := f.next(rest)
			if len(r.data) == 0 || &r.data[0] != &rest[0] || len(r.data)+len(behind) != len(rest) {
				require.Fail(t, "a gap")
			}
			if atEdge != r.first() || r.whole() != f.edge() {
				require.Fail(t, "a frame begins at an edge and ends at one")
			}
			if r.whole() {
				frames = append(frames, fmt.Sprintf("%d of %d fin=%v %d", r.op(), r.message, r.fin(), r.length))
			}
			rest = behind
		}
	}
	return frames
}

func TestFramesAreFollowedHoweverTheyAreCut(t *testing.T) {
	for _, masked := range []bool{false, true} {
		stream, want := dialogueOf(masked)
		for size := 1; size <= len(stream); size += 1 + size/3 {
			var f frames
			var pieces [][]byte
			for rest := stream; len(rest) > 0; {
				n := min(size, len(rest))
				pieces, rest = append(pieces, rest[:n]), rest[n:]
			}
			require.Equal(t, want, followed(t, &f, pieces...), "in pieces of %d", size)
			require.True(t, f.between())
		}
	}
}

func TestFramesBehindTheHeadInItsChunk(t *testing.T) {
	var f frames
	n, ends := f.http([]byte(response + "\x81\x00"))
	assert.True(t, ends)
	assert.Equal(t, len(response), n)
	assert.True(t, f.between())
	n, ends = f.http([]byte(response))
	assert.False(t, ends, "there is one head")
	assert.Zero(t, n)
}

func TestTheHeadEndsWithItsFirstEmptyLine(t *testing.T) {
	for _, c := range []struct {
		head string
		ends bool
	}{
		{"A: b\r\n\r\n", true},
		{"A: b\n\n", true},
		{"\r\n", true},
		{"A: b\r\n\r\r\n", false},
		{"A: b\r\n \r\n", false},
		{"A: b\r\nC", false},
		{strings.Repeat("a", 20<<10) + "\r\n\r\n", true},
	} {
		for cut := range min(len(c.head), 12) {
			var h headLine
			n, ends := h.feed([]byte(c.head[:cut]))
			require.Equal(t, cut, n)
			require.False(t, ends)
			n, ends = h.feed([]byte(c.head[cut:] + "x"))
			assert.Equal(t, c.ends, ends, "%.20q", c.head)
			if ends {
				assert.Equal(t, len(c.head)-cut, n)
			}
		}
	}
}

// What no receiver would accept is followed, too: a parser in the way must not fall over it.
func TestFramesThatBreakTheProtocolAreFollowed(t *testing.T) {
	var f frames
	f.phase = inFrames
	assert.Equal(t, []string{"0 of 0 fin=true 1"}, followed(t, &f, []byte("\x80\x01x")), "a continuation of nothing")
	assert.Equal(t, []string{"1 of 1 fin=false 0", "2 of 2 fin=true 0"}, followed(t, &f, []byte("\x01\x00\x82\x00")), "a message within one")
	assert.True(t, f.between())
	assert.Equal(t, []string{"11 of 11 fin=false 0"}, followed(t, &f, []byte("\x0b\x00")), "a control frame in parts")
	assert.True(t, f.between())
	assert.Empty(t, followed(t, &f, []byte("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xffxyz")), "of more than 63 bits")
	assert.False(t, f.edge())
}

// BenchmarkFollow is what the parser costs a chunk of one frame of 128 bytes.
func BenchmarkFollow(b *testing.B) {
	f := frames{phase: inFrames}
	chunk := wireFrame(ws.OpBinary, true, true, 128)
	for b.Loop() {
		f.follow(chunk)
	}
}
