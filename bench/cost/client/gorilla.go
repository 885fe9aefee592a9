package client

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// gorilla is gorilla/websocket with the buffers that it has by default.
type gorilla struct{}

var gorillaDialer = websocket.Dialer{NetDialContext: dialTCP}

func (gorilla) dial(ctx context.Context, url string) (connection, error) {
	c, _, err := gorillaDialer.DialContext(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	return &gorillaConn{c: c}, nil
}

type gorillaConn struct {
	c       *websocket.Conn
	message buffer
	mu      sync.Mutex // one writer at a time: the answer to a message may come before its write has returned
}

func (g *gorillaConn) read(id int, received func(int, []byte)) error {
	for {
		_, r, err := g.c.NextReader()
		if err != nil {
			return err
		}
		if err := g.message.fill(r); err != nil {
			return err
		}
		received(id, g.message.bytes)
	}
}

func (g *gorillaConn) write(messages ...[]byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range messages {
		if err := g.c.WriteMessage(websocket.BinaryMessage, m); err != nil {
			return err
		}
	}
	return nil
}

func (g *gorillaConn) shut() {
	_ = g.c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
}

func (g *gorillaConn) kill() { _ = g.c.Close() }

// buffer holds one message and is kept for the next.
type buffer struct{ bytes []byte }

// fill reads a whole message.
func (b *buffer) fill(r io.Reader) error {
	b.bytes = b.bytes[:0]
	for {
		if len(b.bytes) == cap(b.bytes) {
			b.bytes = append(b.bytes, make([]byte, 512)...)[:len(b.bytes)]
		}
		n, err := r.Read(b.bytes[len(b.bytes):cap(b.bytes)])
		b.bytes = b.bytes[:len(b.bytes)+n]
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
