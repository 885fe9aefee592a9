package conform

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/gobwas/ws"
)

// longest is the largest frame that is read.
const longest = 1 << 20

// listener is the server; it accepts one connection after the other.
type listener struct {
	url      string
	l        net.Listener
	accepted chan *session
}

func listen() (*listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	k := &listener{url: "ws://" + l.Addr().String() + "/", l: l, accepted: make(chan *session, 8)}
	go k.accept()
	return k, nil
}

// accept upgrades what comes, until the listener is closed. A connection more than a
// case needs is a client's mistake that session tells.
func (k *listener) accept() {
	defer close(k.accepted)
	var open []*session
	for {
		c, err := k.l.Accept()
		if err != nil {
			break
		}
		if _, err := ws.Upgrade(c); err != nil || len(open) == cap(k.accepted) {
			c.Close()
			continue
		}
		s := &session{c: c, over: make(chan struct{}), data: make(chan frame, 64), pongs: make(chan []byte, 64), closes: make(chan uint16, 1)}
		go s.read()
		open = append(open, s)
		k.accepted <- s
	}
	for _, s := range open {
		s.hangUp()
		<-s.over
	}
}

func (k *listener) close() {
	k.l.Close()
	for range k.accepted {
	}
}

func (k *listener) session(ctx context.Context) (*session, error) {
	select {
	case s := <-k.accepted:
		return s, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("the client did not connect: %w", ctx.Err())
	}
}

type frame struct {
	fin     bool
	op      ws.OpCode
	payload []byte
}

// session is one connection, frame by frame. Pings are answered as they come: clients
// that heal begin with one.
type session struct {
	c      net.Conn
	data   chan frame
	pongs  chan []byte
	closes chan uint16
	over   chan struct{} // closed when nothing more is read
	err    error         // why, from then on
}

func (s *session) read() {
	s.err = s.frames()
	close(s.over)
}

func (s *session) frames() error {
	for {
		h, err := ws.ReadHeader(s.c)
		if err != nil {
			return err
		}
		switch {
		case !h.Masked:
			return errors.New("a frame that is not masked")
		case h.Length > longest:
			return fmt.Errorf("a frame of %d bytes", h.Length)
		case h.OpCode.IsControl() && (h.Length > 125 || !h.Fin):
			return errors.New("a control frame that is long or in pieces")
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(s.c, payload); err != nil {
			return err
		}
		ws.Cipher(payload, h.Mask, 0)
		if err := s.sort(frame{h.Fin, h.OpCode, payload}); err != nil {
			return err
		}
	}
}

// sort puts a frame where it is waited for.
func (s *session) sort(f frame) error {
	switch f.op {
	case ws.OpPing:
		return s.write(true, ws.OpPong, f.payload)
	case ws.OpPong:
		return put(s.pongs, f.payload)
	case ws.OpClose:
		code := uint16(1005)
		if len(f.payload) >= 2 {
			code = binary.BigEndian.Uint16(f.payload)
		}
		return put(s.closes, code)
	}
	return put(s.data, f)
}

// put fails rather than wait: no case lets so much come.
func put[T any](c chan T, x T) error {
	select {
	case c <- x:
		return nil
	default:
		return errors.New("more frames than were asked for")
	}
}

// get waits for the next x; what has come counts even if the connection is over.
func get[T any](ctx context.Context, s *session, c chan T, what string) (x T, err error) {
	select {
	case x = <-c:
		return x, nil
	case <-s.over:
	case <-ctx.Done():
		return x, fmt.Errorf("no %s: %w", what, ctx.Err())
	}
	select {
	case x = <-c:
		return x, nil
	default:
		return x, fmt.Errorf("no %s: %w", what, s.err)
	}
}

// message waits for a binary message, in however many frames.
func (s *session) message(ctx context.Context) ([]byte, error) {
	want := ws.OpBinary
	var whole []byte
	for {
		f, err := get(ctx, s, s.data, "message")
		if err != nil {
			return nil, err
		}
		if f.op != want {
			return nil, fmt.Errorf("a frame with opcode %d, expected %d", f.op, want)
		}
		if whole = append(whole, f.payload...); f.fin {
			return whole, nil
		}
		want = ws.OpContinuation
	}
}

// pong waits for the pong to a ping with payload.
func (s *session) pong(ctx context.Context, payload []byte) error {
	got, err := get(ctx, s, s.pongs, "pong")
	if err == nil && !bytes.Equal(got, payload) {
		err = fmt.Errorf("pong with %q, expected %q", got, payload)
	}
	return err
}

func (s *session) closeFrame(ctx context.Context) (code uint16, err error) {
	return get(ctx, s, s.closes, "close frame")
}

func (s *session) write(fin bool, op ws.OpCode, payload []byte) error {
	return ws.WriteFrame(s.c, ws.NewFrame(op, fin, payload))
}

// hangUp closes the socket.
func (s *session) hangUp() { s.c.Close() }
