// Package conform tells whether a client speaks WebSocket well enough to be timed: what
// does less is faster for it. It is the same test for every library, over a real socket
// against a server that looks at each frame.
package conform

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/bench/cost/client"
)

// caseTimeout bounds one case.
const caseTimeout = 10 * time.Second

// Case is one thing that a client has to do.
type Case struct {
	Name string
	// run plays the server's part of one connection; send has the client send a message,
	// and got are the messages that it received.
	run func(s *session, p *party) error
}

// Cases are all that is asked.
var Cases = []Case{
	{"echo", echo},
	{"ping", ping},
	{"fragments", fragments},
	{"close by the server", closeByServer},
	{"close by the client", closeByClient},
}

// Check runs all cases; its error names each that failed.
func Check(ctx context.Context, c client.Client) error {
	var errs []error
	for _, k := range Cases {
		if err := k.Run(ctx, c); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", k.Name, err))
		}
	}
	return errors.Join(errs...)
}

// party is the client's part.
type party struct {
	ctx   context.Context
	conns client.Conns
	got   chan []byte
}

// Run runs one case over a connection of its own.
func (k Case) Run(ctx context.Context, c client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, caseTimeout)
	defer cancel()
	l, err := listen()
	if err != nil {
		return err
	}
	defer l.close()
	p := &party{ctx: ctx, got: make(chan []byte, 16)}
	p.conns, err = c.Open(ctx, client.Options{
		URLs: []string{l.url}, Conns: 1,
		Received: func(_ int, payload []byte) { p.got <- bytes.Clone(payload) },
	})
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	s, err := l.session(ctx)
	if err == nil {
		err = k.run(s, p)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	_ = p.conns.Close(over) // by force: what is said at a close has a case of its own
	return err
}

// receive waits for the client's next message.
func (p *party) receive() ([]byte, error) {
	select {
	case m := <-p.got:
		return m, nil
	case <-p.ctx.Done():
		return nil, fmt.Errorf("the client received nothing: %w", p.ctx.Err())
	}
}

// sizes are around the three forms of a frame's length, and beyond what fits in one read.
var sizes = []int{0, 1, 125, 126, 127, 1000, 4096, 65535, 65536, 70000}

func noise(n int) []byte {
	r, b := rand.New(rand.NewPCG(7, uint64(n))), make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// echo has messages of all sizes go up and come down.
func echo(s *session, p *party) error {
	for _, n := range sizes {
		want := noise(n)
		if err := p.conns.Send(0, want); err != nil {
			return fmt.Errorf("send %d bytes: %w", n, err)
		}
		up, err := s.message(p.ctx)
		if err != nil {
			return fmt.Errorf("%d bytes up: %w", n, err)
		}
		if !bytes.Equal(up, want) {
			return fmt.Errorf("%d bytes sent, %d other bytes arrived", n, len(up))
		}
		if err := s.write(true, ws.OpBinary, up); err != nil {
			return err
		}
		down, err := p.receive()
		if err != nil {
			return fmt.Errorf("%d bytes down: %w", n, err)
		}
		if !bytes.Equal(down, want) {
			return fmt.Errorf("%d bytes came back as %d other bytes", n, len(down))
		}
	}
	return nil
}

// ping has the client answer pings with what was in them, the longest one included.
func ping(s *session, p *party) error {
	for _, n := range []int{0, 5, 125} {
		if err := s.write(true, ws.OpPing, noise(n)); err != nil {
			return err
		}
		if err := s.pong(p.ctx, noise(n)); err != nil {
			return fmt.Errorf("ping of %d bytes: %w", n, err)
		}
	}
	return nil
}

// fragments has a message come in pieces, an empty one among them, and a ping between.
func fragments(s *session, p *party) error {
	whole := noise(3000)
	err := errors.Join(
		s.write(false, ws.OpBinary, whole[:1000]),
		s.write(false, ws.OpContinuation, nil),
		s.write(true, ws.OpPing, []byte("between")),
		s.write(false, ws.OpContinuation, whole[1000:1001]),
		s.write(true, ws.OpContinuation, whole[1001:]),
	)
	if err != nil {
		return err
	}
	if err := s.pong(p.ctx, []byte("between")); err != nil {
		return err
	}
	got, err := p.receive()
	if err != nil {
		return err
	}
	if !bytes.Equal(got, whole) {
		return fmt.Errorf("3000 bytes in pieces came as %d other bytes", len(got))
	}
	return nil
}

// closeByServer has the client answer a close frame with one of its own.
func closeByServer(s *session, p *party) error {
	if err := s.write(true, ws.OpClose, append(binary.BigEndian.AppendUint16(nil, 1000), "bye"...)); err != nil {
		return err
	}
	code, err := s.closeFrame(p.ctx)
	if err != nil {
		return err
	}
	if code != 1000 {
		return fmt.Errorf("close 1000 was answered with %d", code)
	}
	return nil
}

// closeByClient has the client say goodbye, and end when it is answered.
func closeByClient(s *session, p *party) error {
	closed := make(chan error, 1)
	go func() { closed <- p.conns.Close(p.ctx) }()
	code, err := s.closeFrame(p.ctx)
	if err != nil {
		return err
	}
	if code != 1000 && code != 1001 {
		return fmt.Errorf("closed with %d, expected 1000 or 1001", code)
	}
	// The client may have closed its socket already.
	_ = s.write(true, ws.OpClose, binary.BigEndian.AppendUint16(nil, code))
	s.hangUp()
	return <-closed
}
