package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// spoken is what a server says behind its 101, and what a client must make of it.
type spoken struct {
	name  string
	bytes []byte
	want  heard
}

// frame is a frame as it stands on the wire, right or wrong.
func frame(first byte, payload string) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

func join(frames ...[]byte) []byte { return bytes.Join(frames, nil) }

func texts(frames ...string) heard {
	var h heard
	for _, f := range frames {
		h.frames = append(h.frames, Frame{Op: ws.OpText, Payload: []byte(f)})
	}
	return h
}

func violated(code uint16) heard { return heard{code: code} }

const (
	textFin, textOpen, binaryFin, moreFin, moreOpen = 0x81, 0x01, 0x82, 0x80, 0x00
	closeFin, pingFin, pongFin                      = 0x88, 0x89, 0x8a
)

// speeches are the breaches of RFC 6455 that a client must find, and what it must bear.
func speeches() (all []spoken) {
	add := func(name string, b []byte, want heard) { all = append(all, spoken{name, b, want}) }
	code := func(c uint16) string { return string(binary.BigEndian.AppendUint16(nil, c)) }

	between := texts("héllo")
	between.frames = append([]Frame{{Op: ws.OpPing, Payload: []byte("p")}, {Op: ws.OpPong, Payload: []byte{}}}, between.frames...)
	add("control frames inside fragments", join(frame(textOpen, "h\xc3"), frame(pingFin, "p"), frame(moreOpen, "\xa9l"),
		frame(pongFin, ""), frame(moreFin, "lo")), between)
	add("a close frame inside fragments", join(frame(textOpen, "h"), frame(closeFin, code(1001)+"bye")),
		heard{frames: []Frame{{Op: ws.OpClose, Code: 1001, Payload: []byte("bye")}}})

	for _, wrong := range []string{"a\xffb", "\xc3(", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"} {
		for at := range len(wrong) + 1 {
			add(fmt.Sprintf("%+q split at %d", wrong, at), join(frame(textOpen, wrong[:at]), frame(moreFin, wrong[at:])), violated(1007))
		}
		add(fmt.Sprintf("%+q whole", wrong), frame(textFin, wrong), violated(1007))
	}
	right := "κόσμε €𝄞"
	for at := range len(right) + 1 {
		add(fmt.Sprintf("text split at %d", at), join(frame(textOpen, right[:at]), frame(moreFin, right[at:])), texts(right))
	}
	add("invalid text is found before its message ends", join(frame(textOpen, "a\xff"), frame(pingFin, "")), violated(1007))
	add("invalid text is found before its frame ends", []byte{textFin, 100, 'a', 0xff}, violated(1007))
	add("binary need not be text", frame(binaryFin, "\xff"), heard{frames: []Frame{{Op: ws.OpBinary, Payload: []byte{0xff}}}})

	for bits := byte(1); bits < 8; bits++ {
		for _, op := range []byte{textFin, closeFin, pingFin, pongFin} {
			add(fmt.Sprintf("reserved bits %03b on %#x", bits, op), frame(op|bits<<4, ""), violated(1002))
		}
	}
	for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		add(fmt.Sprintf("reserved opcode %#x", op), frame(0x80|op, ""), violated(1002))
		add(fmt.Sprintf("reserved opcode %#x in fragments", op), join(frame(textOpen, ""), frame(op, "")), violated(1002))
	}
	for _, op := range []byte{closeFin, pingFin, pongFin} {
		add(fmt.Sprintf("%#x in fragments", op), frame(op&0x0f, ""), violated(1002))
		add(fmt.Sprintf("%#x of 126 bytes", op), frame(op, string(make([]byte, 126))), violated(1002))
	}
	add("a ping of 125 bytes", frame(pingFin, string(make([]byte, 125))), heard{frames: []Frame{{Op: ws.OpPing, Payload: make([]byte, 125)}}})
	add("a masked frame", []byte{textFin, 0x81, 1, 2, 3, 4, 'a' ^ 1}, violated(1002))
	add("a continuation of nothing", frame(moreFin, "a"), violated(1002))
	add("a message within another", join(frame(textOpen, "a"), frame(textFin, "b")), violated(1002))
	add("a continuation behind the end", join(frame(textFin, "a"), frame(moreFin, "b")), heard{frames: texts("a").frames, code: 1002})

	for _, n := range []int{0, 1, 125, 126, 127, 4095, 4096, 4097, 65535, 65536, 100_000} {
		payload := bytes.Repeat([]byte{0xa5}, n)
		add(fmt.Sprintf("a message of %d bytes", n), frame(binaryFin, string(payload)), heard{frames: []Frame{{Op: ws.OpBinary, Payload: payload}}})
	}
	most := string(bytes.Repeat([]byte("x"), speechLimit))
	add("a message as large as may be", frame(textFin, most), texts(most))
	add("an oversized frame", []byte{binaryFin, 127, 0, 0, 0, 0, 0, 1 + speechLimit>>16, 0, 0}, violated(1009))
	add("an oversized message", join(frame(0x02, most), frame(moreFin, "x")), violated(1009))
	add("a length with the highest bit set", []byte{binaryFin, 127, 0x80, 0, 0, 0, 0, 0, 0, 1}, violated(1002))
	add("125 bytes with a length of 2", []byte{binaryFin, 126, 0, 125}, violated(1002))
	add("65535 bytes with a length of 8", []byte{binaryFin, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, violated(1002))

	for cut := 1; cut < 4+126; cut++ {
		add(fmt.Sprintf("a frame truncated at %d", cut), frame(binaryFin, string(make([]byte, 126)))[:cut], heard{cut: true})
	}
	for cut := 1; cut < 10; cut++ {
		add(fmt.Sprintf("a long frame truncated at %d", cut), []byte{binaryFin, 127, 0, 0, 0, 0, 0, 1, 0, 0}[:cut], heard{cut: true})
	}

	for c := 0; c < 5100; c++ {
		if c > 1020 && c < 2990 || c > 3010 && c < 4990 {
			continue
		}
		want := heard{frames: []Frame{{Op: ws.OpClose, Code: uint16(c), Payload: []byte("why")}}}
		ours := c >= 1000 && c <= 1014 && c != 1004 && c != 1005 && c != 1006 || c >= 3000 && c <= 4999
		if !ours {
			want = violated(1002)
		}
		add(fmt.Sprintf("close code %d", c), frame(closeFin, code(uint16(c))+"why"), want)
	}
	add("close without a code", frame(closeFin, ""), heard{frames: []Frame{{Op: ws.OpClose, Code: 1005, Payload: []byte{}}}})
	add("half a close code", frame(closeFin, "\x03"), violated(1002))
	add("a close reason that is no text", frame(closeFin, code(1000)+"\xff"), violated(1007))
	add("a close reason of 123 bytes", frame(closeFin, code(4000)+string(make([]byte, 123))),
		heard{frames: []Frame{{Op: ws.OpClose, Code: 4000, Payload: make([]byte, 123)}}})
	add("what follows a close frame", join(frame(closeFin, code(1000)), frame(textFin, "a")),
		heard{frames: []Frame{{Op: ws.OpClose, Code: 1000, Payload: []byte{}}}})
	return all
}

const speechLimit = 200_000

// TestConformance has a raw server say it all: over sockets and in memory, in the same
// segment as the 101, behind it, and a byte at a time.
func TestConformance(t *testing.T) {
	speeches := speeches()
	for _, n := range []network{sockets(), memory()} {
		said := make(chan []byte, 1)
		manner := make(chan func(c net.Conn, answer, b []byte), 1)
		url := "ws://" + n.serve(t, func(c net.Conn) {
			var answer bytes.Buffer
			if _, err := ws.Upgrade(struct {
				io.Reader
				io.Writer
			}{c, &answer}); err != nil {
				return
			}
			(<-manner)(c, answer.Bytes(), <-said)
		})
		for name, how := range map[string]func(c net.Conn, answer, b []byte){
			"in the segment of the 101": func(c net.Conn, answer, b []byte) { _, _ = c.Write(join(answer, b)) },
			"behind the 101": func(c net.Conn, answer, b []byte) {
				_, _ = c.Write(answer)
				_, _ = c.Write(b)
			},
			"a byte at a time": func(c net.Conn, answer, b []byte) {
				_, _ = c.Write(answer)
				for i := range min(len(b), 300) {
					_, _ = c.Write(b[i : i+1])
				}
				_, _ = c.Write(b[min(len(b), 300):])
			},
		} {
			t.Run(n.name+"/"+name, func(t *testing.T) {
				for _, s := range speeches {
					manner <- how
					said <- s.bytes
					c := dial(t, &Dialer{DialContext: n.dial, MaxMessage: speechLimit}, Request{URL: url})
					require.Equal(t, s.want, hear(c.Read), s.name)
					c.Kill()
				}
			})
		}
	}
}

// TestSplitHeaders sends every header length of a message in two parts, split everywhere.
func TestSplitHeaders(t *testing.T) {
	for _, size := range []int{0, 125, 126, 65535, 65536} {
		b := frame(binaryFin, string(make([]byte, size)))
		for at := range min(len(b), 16) {
			for piece := 1; piece <= 3; piece++ {
				d := newDecoder(b, 1<<20, at, limits{message: 1 << 20, frame: 1 << 20})
				if piece > 1 {
					d = newDecoder(b, piece, at, limits{message: 1 << 20, frame: 1 << 20})
				}
				got := hear(d.read)
				require.Len(t, got.frames, 1)
				require.Len(t, got.frames[0].Payload, size)
			}
		}
	}
}

// receive reads a frame of a client.
func receive(c net.Conn) (f ws.Frame, err error) {
	if f.Header, err = ws.ReadHeader(c); err != nil {
		return f, err
	}
	f.Payload = make([]byte, f.Header.Length)
	_, err = io.ReadFull(c, f.Payload)
	ws.Cipher(f.Payload, f.Header.Mask, 0)
	return f, err
}

// TestTheyCloseFirst and TestWeCloseFirst are the two ways of the closing handshake.
func TestTheyCloseFirst(t *testing.T) {
	for _, n := range []network{sockets(), memory()} {
		t.Run(n.name, func(t *testing.T) {
			answered := make(chan ws.Frame, 1)
			url := "ws://" + n.serve(t, upgraded(func(c net.Conn) {
				_, _ = c.Write(ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(1012, "back soon"))))
				f, _ := receive(c)
				answered <- f
			}))
			c := dial(t, &Dialer{DialContext: n.dial}, Request{URL: url})
			f, err := c.Read()
			require.NoError(t, err)
			assert.Equal(t, Frame{Op: ws.OpClose, Code: 1012, Payload: []byte("back soon")}, f)
			_, _, err = c.Write(c.AppendFrame(nil, ws.OpClose, ws.NewCloseFrameBody(ws.StatusCode(f.Code), "")), patience)
			require.NoError(t, err)
			c.Discard() // until the server closes
			got := <-answered
			assert.Equal(t, ws.OpClose, got.Header.OpCode)
			assert.Equal(t, ws.NewCloseFrameBody(1012, ""), got.Payload)
		})
	}
}

func TestWeCloseFirst(t *testing.T) {
	for _, n := range []network{sockets(), memory()} {
		t.Run(n.name, func(t *testing.T) {
			url := "ws://" + n.serve(t, upgraded(func(c net.Conn) {
				f, err := receive(c)
				if err != nil || f.Header.OpCode != ws.OpClose {
					return
				}
				_, _ = c.Write(compiled(ws.NewTextFrame([]byte("one more")), ws.NewCloseFrame(f.Payload)))
			}))
			c := dial(t, &Dialer{DialContext: n.dial}, Request{URL: url})
			_, _, err := c.Write(c.AppendFrame(nil, ws.OpClose, ws.NewCloseFrameBody(1000, "done")), patience)
			require.NoError(t, err)
			assert.Equal(t, heard{frames: []Frame{
				{Op: ws.OpText, Payload: []byte("one more")},
				{Op: ws.OpClose, Code: 1000, Payload: []byte("done")},
			}}, hear(c.Read))
			c.Discard()
		})
	}
}
