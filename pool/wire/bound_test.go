package wire

import (
	"testing"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
)

// TestADeflatedMessageIsBoundedBeforeItIsInflated: nothing that inflates to a message that is
// accepted is larger, so what is announced beyond is refused before it is read, in one frame or
// in several.
func TestADeflatedMessageIsBoundedBeforeItIsInflated(t *testing.T) {
	l := limits{message: 1000, frame: 1 << 20, deflate: true}
	most := deflatedBound(l.message)
	announced := func(op ws.OpCode, fin bool, n int) []byte {
		f := ws.NewFrame(op, fin, make([]byte, n))
		f.Header.Rsv = ws.Rsv(op != ws.OpContinuation, false, false)
		return compiled(f)[:4] // its header; the payload does not come
	}
	first := ws.NewFrame(ws.OpBinary, false, make([]byte, most-500))
	first.Header.Rsv = ws.Rsv(true, false, false)
	for name, test := range map[string]struct {
		stream []byte
		code   uint16
	}{
		"one frame, as much as may be":   {announced(ws.OpBinary, true, most), 0},
		"one frame, a byte more":         {announced(ws.OpBinary, true, most+1), 1009},
		"two fragments, as much":         {append(compiled(first), announced(ws.OpContinuation, true, 500)...), 0},
		"two fragments, a byte too much": {append(compiled(first), announced(ws.OpContinuation, true, 501)...), 1009},
	} {
		got := hear(newDecoder(test.stream, 4096, 0, l).read)
		assert.Equal(t, heard{code: test.code, cut: test.code == 0}, got, name)
	}
}
