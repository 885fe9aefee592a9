package wire

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/memnet"
)

// patience bounds what a test on real sockets waits for; it is not what it measures.
const patience = 30 * time.Second

// network is where a test's server listens and how its client gets there.
type network struct {
	name   string
	listen func(address string) (net.Listener, error)
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

func sockets() network {
	return network{"tcp", func(a string) (net.Listener, error) { return net.Listen("tcp", a) }, nil}
}

func memory() network {
	n := &memnet.Network{}
	return network{"memnet", n.Listen, n.DialContext}
}

// serve handles every connection until the test ends, and returns the address.
func (n network) serve(t testing.TB, handle func(net.Conn)) (address string) {
	t.Helper()
	l, err := n.listen("127.0.0.1:0")
	require.NoError(t, err)
	var running sync.WaitGroup
	t.Cleanup(func() { l.Close(); running.Wait() })
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	return l.Addr().String()
}

// tcp serves every connection to a loopback port with handle.
func tcp(t testing.TB, handle func(*net.TCPConn)) (address string) {
	t.Helper()
	return sockets().serve(t, func(c net.Conn) { handle(c.(*net.TCPConn)) })
}

// upgraded lets handle begin behind the handshake.
func upgraded[C net.Conn](handle func(C)) func(C) {
	return func(c C) {
		if _, err := ws.Upgrade(c); err == nil {
			handle(c)
		}
	}
}

// dial opens a connection that the end of the test kills.
func dial(t testing.TB, d *Dialer, r Request) *Conn {
	t.Helper()
	d.Epoch = time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := d.Dial(ctx, r)
	require.NoError(t, err)
	t.Cleanup(c.Kill)
	return c
}

// refused is the error of a dial that must fail.
func refused(t testing.TB, ctx context.Context, d *Dialer, r Request) *Error {
	t.Helper()
	c, err := d.Dial(ctx, r)
	require.Error(t, err)
	require.Nil(t, c)
	var e *Error
	require.ErrorAs(t, err, &e)
	return e
}

// request reads the head of an HTTP request.
func request(c net.Conn) (*http.Request, error) { return http.ReadRequest(bufio.NewReader(c)) }

// acceptOf is how a server answers a key (RFC 6455 1.3).
func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
