package client

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"

	"github.com/gobwas/ws"
)

// gobwas is a hand-written client over gobwas/ws: it reads frames from the bare socket,
// two reads per message, and writes each message in one write.
type gobwas struct {
	buffered bool // reads through a bufio.Reader of 512 bytes: one read per message
	combined bool // writes the messages of one Send in one write
	pinged   bool // a connection is usable when it has answered a ping, as wsheal has it
}

func (g gobwas) dial(ctx context.Context, url string) (connection, error) {
	d := ws.Dialer{NetDial: dialTCP}
	nc, ahead, _, err := d.Dial(ctx, url)
	if err != nil {
		return nil, err
	}
	c := &gobwasConn{nc: nc, r: nc, combined: g.combined}
	switch {
	case ahead != nil:
		// What came with the 101 is in there: the reader stays.
		c.r = ahead
	case g.buffered:
		c.r = bufio.NewReaderSize(nc, 512)
	}
	if g.pinged {
		if err := c.prove(); err != nil {
			c.kill()
			return nil, err
		}
	}
	return c, nil
}

type gobwasConn struct {
	nc       net.Conn
	r        io.Reader
	head     [12]byte
	message  []byte // the message that is being read; kept for the next
	combined bool

	mu  sync.Mutex // one writer at a time
	out []byte
}

func (c *gobwasConn) read(id int, received func(int, []byte)) error {
	c.message = c.message[:0]
	for {
		h, err := ws.ReadHeaderBuffer(c.r, c.head[:])
		if err != nil {
			return err
		}
		if h.OpCode.IsControl() {
			if err := c.control(h); err != nil {
				return err
			}
			continue
		}
		from := len(c.message)
		c.message = slices.Grow(c.message, int(h.Length))[:from+int(h.Length)]
		if _, err := io.ReadFull(c.r, c.message[from:]); err != nil {
			return err
		}
		if h.Fin {
			received(id, c.message)
			c.message = c.message[:0]
		}
	}
}

// control answers a control frame; a close frame is the end.
func (c *gobwasConn) control(h ws.Header) error {
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(c.r, payload); err != nil {
		return err
	}
	switch h.OpCode {
	case ws.OpPing:
		return c.frames(ws.OpPong, payload)
	case ws.OpClose:
		_ = c.frames(ws.OpClose, payload[:min(len(payload), 2)])
		return io.EOF
	}
	return nil
}

// prove sends a ping and waits for its pong.
func (c *gobwasConn) prove() error {
	if err := c.frames(ws.OpPing, []byte(nil)); err != nil {
		return err
	}
	h, err := ws.ReadHeaderBuffer(c.r, c.head[:])
	if err == nil && h.OpCode != ws.OpPong {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	_, err = io.CopyN(io.Discard, c.r, h.Length)
	return err
}

func (c *gobwasConn) write(messages ...[]byte) error {
	if c.combined {
		return c.frames(ws.OpBinary, messages...)
	}
	for _, m := range messages {
		if err := c.frames(ws.OpBinary, m); err != nil {
			return err
		}
	}
	return nil
}

// frames writes a frame per payload, all in one write.
func (c *gobwasConn) frames(op ws.OpCode, payloads ...[]byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = c.out[:0]
	for _, p := range payloads {
		c.out = appendFrame(c.out, op, p)
	}
	_, err := c.nc.Write(c.out)
	return err
}

func (c *gobwasConn) shut() { _ = c.frames(ws.OpClose, binary.BigEndian.AppendUint16(nil, 1000)) }

func (c *gobwasConn) kill() { _ = c.nc.Close() }

// appendFrame appends one masked frame.
func appendFrame(buf []byte, op ws.OpCode, payload []byte) []byte {
	const fin, masked = 0x80, 0x80
	buf = append(buf, fin|byte(op))
	switch n := len(payload); {
	case n < 126:
		buf = append(buf, masked|byte(n))
	case n < 1<<16:
		buf = binary.BigEndian.AppendUint16(append(buf, masked|126), uint16(n))
	default:
		buf = binary.BigEndian.AppendUint64(append(buf, masked|127), uint64(n))
	}
	mask := ws.NewMask()
	buf = append(buf, mask[:]...)
	start := len(buf)
	buf = append(buf, payload...)
	ws.Cipher(buf[start:], mask, 0)
	return buf
}
