package target

import (
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/gobwas/ws"
)

// errClosed is the end of a connection by its client's close frame.
var errClosed = errors.New("closed by the client")

// echo answers a connection's frames until it ends, and says why it did.
//
//	inbox: … │ header │ mask │ payload │ next frame …
//	              │ header' │ payload │   ──▶ one write
//
// The reply's header is written over the end of the request's, so that a message is
// moved nowhere between the kernel's two copies.
func (c *connection) echo() error {
	var d dialogue
	for {
		h, n, err := parseHeader(c.in.bytes())
		if err != nil {
			return err
		}
		if n == 0 {
			if err := c.in.read(c.conn); err != nil {
				return err
			}
			continue
		}
		if err := d.check(h, c.server.options.MaxMessage); err != nil {
			return err
		}
		size := n + int(h.Length)
		for len(c.in.bytes()) < size {
			if err := c.in.read(c.conn); err != nil {
				return err
			}
		}
		frame := c.in.bytes()[:size]
		ws.Cipher(frame[n:], h.Mask, 0)
		if err := c.reply(frame, n, h); err != nil {
			return err
		}
		c.in.consume(size)
	}
}

// reply answers one whole frame, whose payload begins at n.
func (c *connection) reply(frame []byte, n int, h ws.Header) error {
	op := h.OpCode
	r := c.server.replies
	if c.parting.Load() && op != ws.OpClose {
		if r != nil && h.Fin && op.IsData() {
			r.unanswered.Add(1)
		}
		return nil // nothing follows a close frame
	}
	switch op {
	case ws.OpPong:
		return nil
	case ws.OpPing:
		op = ws.OpPong
	case ws.OpClose:
		if err := checkClose(frame[n:]); err != nil {
			return err
		}
		if c.parting.Load() {
			return errClosed // it is the answer to ours
		}
	}
	start := putHeader(frame[:n], h.Fin, op, len(frame)-n)
	if r != nil && op.IsData() {
		return c.weigh(r, frame[start:], h.Fin)
	}
	if err := c.write(frame[start:]); err != nil {
		return err
	}
	switch {
	case op == ws.OpClose:
		return errClosed
	case h.Fin && op.IsData():
		c.server.count.messages.Add(1)
	}
	return nil
}

// write writes within the write timeout. The deadline is moved only once a quarter of
// it has passed, since moving it costs more than all else that is done for a message.
func (c *connection) write(b []byte) error {
	timeout := c.server.options.WriteTimeout
	if now := time.Now(); now.Sub(c.writeArmed) > timeout/4 {
		if err := c.conn.SetWriteDeadline(now.Add(timeout)); err != nil {
			return err
		}
		c.writeArmed = now
	}
	_, err := c.conn.Write(b)
	return err
}

const (
	lingerTime  = time.Second
	lingerBytes = 64 << 10
)

// refuse answers a violation with its close frame. What the client is still sending
// must be read: closing over it would be a RST, which can overtake the frame.
func (c *connection) refuse(v *violation) {
	var b [headerRoom + 2]byte
	binary.BigEndian.PutUint16(b[headerRoom:], uint16(v.code))
	start := putHeader(b[:headerRoom], true, ws.OpClose, 2)
	if c.write(b[start:]) == nil {
		c.linger()
	}
}

// linger ends the stream to the client and reads on until the client has ended its
// own, within bounds.
func (c *connection) linger() {
	half, ok := c.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, c.conn, lingerBytes)
}
