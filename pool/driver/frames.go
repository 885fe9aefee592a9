package driver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// violation is a breach of RFC 6455 by the peer, with the close code to answer it.
type violation struct {
	code uint16
	text string
}

func (v *violation) Error() string { return "protocol violation: " + v.text }

// frame is a whole data message or a control frame. Its payload is valid until the
// next one is read.
type frame struct {
	op      ws.OpCode // OpText, OpBinary, OpPing, OpPong or OpClose
	payload []byte
}

// decoder reads what a server sends: it checks frames, puts fragments together and
// bounds messages. Control frames between fragments come out as they arrive.
type decoder struct {
	in      intake
	max     int                    // largest message, bytes
	op      ws.OpCode              // of the message whose fragments are coming; 0: none
	message *[]byte                // its bytes so far; nil: none, or it was passed on in place
	header  [ws.MaxHeaderSize]byte // scratch
}

// next returns the next message or control frame. Its errors are those of the
// connection, or a *violation.
func (d *decoder) next() (frame, error) {
	if d.op == 0 {
		d.recycle()
	}
	for {
		h, err := ws.ReadHeaderBuffer(&d.in, d.header[:])
		if errors.Is(err, ws.ErrHeaderLengthMSB) || errors.Is(err, ws.ErrHeaderLengthUnexpected) {
			err = &violation{1002, err.Error()}
		}
		if err != nil {
			return frame{}, err
		}
		if err := d.check(h); err != nil {
			return frame{}, err
		}
		if h.OpCode.IsControl() {
			payload, err := d.in.next(int(h.Length))
			return frame{h.OpCode, payload}, err
		}
		payload, whole, err := d.data(h)
		if err != nil {
			return frame{}, err
		}
		if !whole {
			continue
		}
		f := frame{d.op, payload}
		d.op = 0
		if f.op == ws.OpText && !utf8.Valid(f.payload) {
			return frame{}, &violation{1007, "text that is not UTF-8"}
		}
		return f, nil
	}
}

// check holds a frame's header against what may come now.
func (d *decoder) check(h ws.Header) error {
	state := ws.StateClientSide
	if d.op != 0 {
		state = state.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(h, state); err != nil {
		return &violation{1002, err.Error()}
	}
	so := 0
	if d.message != nil {
		so = len(*d.message)
	}
	if h.OpCode.IsData() && h.Length > int64(d.max-so) {
		return &violation{1009, fmt.Sprintf("a message of more than %d bytes", d.max)}
	}
	return nil
}

// data reads the payload of a data frame; whole tells that it completes its message.
func (d *decoder) data(h ws.Header) (payload []byte, whole bool, err error) {
	if h.OpCode != ws.OpContinuation {
		d.op = h.OpCode
		if h.Fin {
			if view := d.in.view(int(h.Length)); view != nil {
				return view, true, nil
			}
		}
	}
	if d.message == nil {
		d.message = messages.Get().(*[]byte)
	}
	*d.message, err = d.in.appendTo(*d.message, int(h.Length))
	return *d.message, h.Fin, err
}

// recycle gives the buffer of the message back that was passed on last.
func (d *decoder) recycle() {
	if d.message == nil {
		return
	}
	if cap(*d.message) <= keptMessage {
		*d.message = (*d.message)[:0]
		messages.Put(d.message)
	}
	d.message = nil
}

// release gives all buffers back.
func (d *decoder) release() {
	d.recycle()
	d.in.release()
}

// parseClose reads the payload of a close frame: 1005 where it has no code. Codes that
// must not be sent are violations; 1012 to 1014 (IANA) and 3000 to 4999 may be.
func parseClose(payload []byte) (uint16, error) {
	if len(payload) == 0 {
		return 1005, nil
	}
	if len(payload) == 1 {
		return 0, &violation{1002, "a close frame with half a code"}
	}
	code := binary.BigEndian.Uint16(payload)
	switch {
	case 1000 <= code && code <= 1003, 1007 <= code && code <= 1014, 3000 <= code && code <= 4999:
	default:
		return 0, &violation{1002, fmt.Sprintf("a close frame with code %d", code)}
	}
	if !utf8.Valid(payload[2:]) {
		return 0, &violation{1007, "a close reason that is not UTF-8"}
	}
	return code, nil
}
