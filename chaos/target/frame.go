package target

import (
	"encoding/binary"
	"fmt"

	"github.com/gobwas/ws"
)

// violation is a breach of the protocol and the close code that answers it.
type violation struct {
	code ws.StatusCode
	what string
}

func (v *violation) Error() string { return fmt.Sprintf("%s (%d)", v.what, v.code) }

func protocolError(what string) error { return &violation{ws.StatusProtocolError, what} }

// headerRoom is the largest header of a frame without a mask, bytes.
const headerRoom = 10

// parseHeader reads the header of a client's frame and returns its length; 0 when b
// does not hold all of it yet.
func parseHeader(b []byte) (h ws.Header, n int, err error) {
	if len(b) < 2 {
		return h, 0, nil
	}
	h.Fin = b[0]&0x80 != 0
	h.Rsv = b[0] >> 4 & 7
	h.OpCode = ws.OpCode(b[0] & 0x0f)
	h.Masked = b[1]&0x80 != 0
	if !h.Masked {
		return h, 0, protocolError("a frame without a mask")
	}
	n = 2
	switch size := b[1] & 0x7f; size {
	case 126:
		n += 2
		if len(b) < n {
			return h, 0, nil
		}
		h.Length = int64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		n += 8
		if len(b) < n {
			return h, 0, nil
		}
		size := binary.BigEndian.Uint64(b[2:])
		if size>>63 != 0 {
			return h, 0, protocolError("a length of more than 63 bits")
		}
		h.Length = int64(size)
	default:
		h.Length = int64(size)
	}
	if len(b) < n+len(h.Mask) {
		return h, 0, nil
	}
	copy(h.Mask[:], b[n:])
	return h, n + len(h.Mask), nil
}

// dialogue is the protocol's state on one connection: whether a message is unfinished,
// and how long it has become.
type dialogue struct {
	open   bool  // a fragment with more to come was the last data frame
	length int64 // of the unfinished message, bytes
}

// check judges a frame by its header, before its payload has arrived.
func (d *dialogue) check(h ws.Header, maxMessage int) error {
	switch {
	case h.Rsv != 0:
		return protocolError("reserved bits set, but no extension was negotiated")
	case h.OpCode.IsReserved():
		return protocolError("a reserved opcode")
	case h.OpCode.IsControl() && !h.Fin:
		return protocolError("a fragmented control frame")
	case h.OpCode.IsControl() && h.Length > ws.MaxControlFramePayloadSize:
		return protocolError("a control frame of more than 125 bytes")
	case h.OpCode.IsControl():
		return nil
	case h.OpCode == ws.OpContinuation && !d.open:
		return protocolError("a continuation of nothing")
	case h.OpCode != ws.OpContinuation && d.open:
		return protocolError("a new message inside an unfinished one")
	case h.Length > int64(maxMessage)-d.length:
		return &violation{ws.StatusMessageTooBig, fmt.Sprintf("a message of more than %d bytes", maxMessage)}
	}
	d.open = !h.Fin
	if h.Fin {
		d.length = 0
	} else {
		d.length += h.Length
	}
	return nil
}

// checkClose judges the payload of a close frame. The codes are read here because
// gobwas/ws v1.5.0 rejects 1012 to 1014, which IANA has registered since.
func checkClose(payload []byte) error {
	switch {
	case len(payload) == 0:
		return nil
	case len(payload) == 1:
		return protocolError("a close frame with half a code")
	}
	switch code := binary.BigEndian.Uint16(payload); {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014, code >= 3000 && code <= 4999:
		return nil
	}
	return protocolError("a close code that must not be sent")
}

// putHeader writes the header of a server's frame so that it ends where b ends, and
// returns where it begins. b has headerRoom or is what a client's header, which is
// longer by its mask, has occupied.
func putHeader(b []byte, fin bool, op ws.OpCode, length int) int {
	start := len(b)
	switch {
	case length < 126:
		start -= 2
		b[start+1] = byte(length)
	case length <= 0xffff:
		start -= 4
		b[start+1] = 126
		binary.BigEndian.PutUint16(b[start+2:], uint16(length))
	default:
		start -= 10
		b[start+1] = 127
		binary.BigEndian.PutUint64(b[start+2:], uint64(length))
	}
	b[start] = byte(op)
	if fin {
		b[start] |= 0x80
	}
	return start
}
