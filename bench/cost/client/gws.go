package client

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/lxzan/gws"
)

// lxzan is lxzan/gws as it is by default.
type lxzan struct{}

func (lxzan) dial(ctx context.Context, url string) (connection, error) {
	k := &lxzanConn{}
	c, _, err := gws.NewClient(k, &gws.ClientOption{
		Addr: url, HandshakeTimeout: time.Minute,
		NewDialer: func() (gws.Dialer, error) { return lxzanDialer{ctx}, nil },
	})
	if err != nil {
		return nil, err
	}
	k.c = c
	return k, nil
}

type lxzanDialer struct{ ctx context.Context }

func (d lxzanDialer) Dial(network, addr string) (net.Conn, error) {
	return dialTCP(d.ctx, network, addr)
}

// lxzanConn is a connection and its handler of events.
type lxzanConn struct {
	gws.BuiltinEventHandler
	c        *gws.Conn
	id       int
	received func(int, []byte)
}

var errOver = errors.New("the connection is over")

func (k *lxzanConn) read(id int, received func(int, []byte)) error {
	k.id, k.received = id, received
	k.c.ReadLoop()
	return errOver
}

func (k *lxzanConn) OnMessage(_ *gws.Conn, m *gws.Message) {
	k.received(k.id, m.Bytes())
	_ = m.Close() // gives its buffer back
}

func (k *lxzanConn) OnPing(c *gws.Conn, payload []byte) { _ = c.WritePong(payload) }

func (k *lxzanConn) write(messages ...[]byte) error {
	for _, m := range messages {
		if err := k.c.WriteMessage(gws.OpcodeBinary, m); err != nil {
			return err
		}
	}
	return nil
}

func (k *lxzanConn) shut() { _ = k.c.WriteClose(1000, nil) }

func (k *lxzanConn) kill() { _ = k.c.NetConn().Close() }
