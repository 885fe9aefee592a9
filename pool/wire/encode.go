package wire

import (
	"encoding/binary"

	"github.com/gobwas/ws"
)

// fragment is the most payload of a frame of a message, bytes: so long must a control
// frame wait for its turn.
const fragment = 32 << 10

// AppendFrame appends one masked frame to dst, as clients have to send them (RFC 6455 5.3).
func (c *Conn) AppendFrame(dst []byte, op ws.OpCode, payload []byte) []byte {
	return appendFrame(dst, 0x80|byte(op), payload)
}

// AppendMessage appends a whole message, deflated where that was agreed and makes it
// smaller, in frames of at most 32 KiB.
func (c *Conn) AppendMessage(dst []byte, op ws.OpCode, payload []byte) []byte {
	e := c.Encode(op, payload)
	for more := true; more; {
		dst, more = e.Append(dst)
	}
	return dst
}

// Encoder is a message that is encoded a frame at a time, so that control frames can pass
// between. It holds on to the payload until its last frame.
type Encoder struct {
	first byte // the first byte of the next frame, but for FIN
	rest  []byte
}

// Encode begins a message. It is for this connection alone: another one may not have
// agreed on the same.
func (c *Conn) Encode(op ws.OpCode, payload []byte) Encoder {
	const rsv1 = 0x40
	if c.deflate {
		if small := deflate(payload); small != nil {
			return Encoder{rsv1 | byte(op), small}
		}
	}
	return Encoder{byte(op), payload}
}

// Append appends the next frame of the message to dst; more: it was not the last.
func (e *Encoder) Append(dst []byte) (out []byte, more bool) {
	n := min(len(e.rest), fragment)
	first := e.first
	if n == len(e.rest) {
		first |= 0x80
	}
	dst = appendFrame(dst, first, e.rest[:n])
	e.first, e.rest = byte(ws.OpContinuation), e.rest[n:]
	return dst, len(e.rest) > 0
}

// Left is how many bytes of payload, deflated or not, the frames to come will carry.
func (e *Encoder) Left() int { return len(e.rest) }

func appendFrame(dst []byte, first byte, payload []byte) []byte {
	const masked = 0x80
	dst = append(dst, first)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, masked|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, masked|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, masked|127), uint64(n))
	}
	mask := ws.NewMask()
	dst = append(dst, mask[:]...)
	start := len(dst)
	dst = append(dst, payload...)
	ws.Cipher(dst[start:], mask, 0)
	return dst
}
