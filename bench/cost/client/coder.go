package client

import (
	"context"
	"net/http"

	"github.com/coder/websocket"
)

// coder is coder/websocket as it is by default, but for the read limit of 32 KiB.
type coder struct{}

var coderClient = &http.Client{Transport: &http.Transport{DialContext: dialTCP}}

func (coder) dial(ctx context.Context, url string) (connection, error) {
	c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: coderClient})
	if err != nil {
		return nil, err
	}
	c.SetReadLimit(1 << 20)
	return &coderConn{c: c}, nil
}

type coderConn struct {
	c       *websocket.Conn
	message buffer
}

func (k *coderConn) read(id int, received func(int, []byte)) error {
	for {
		_, r, err := k.c.Reader(context.Background())
		if err != nil {
			return err
		}
		if err := k.message.fill(r); err != nil {
			return err
		}
		received(id, k.message.bytes)
	}
}

func (k *coderConn) write(messages ...[]byte) error {
	for _, m := range messages {
		if err := k.c.Write(context.Background(), websocket.MessageBinary, m); err != nil {
			return err
		}
	}
	return nil
}

// shut returns when the peer has answered: the library knows no other way.
func (k *coderConn) shut() { _ = k.c.Close(websocket.StatusNormalClosure, "") }

func (k *coderConn) kill() { _ = k.c.CloseNow() }
