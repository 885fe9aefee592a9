package wire

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/echo"
	"github.com/wsheal/wsheal/internal/memnet"
	"github.com/wsheal/wsheal/pool/heal"
)

// inMemory opens a connection in a bubble, with the server's end.
func inMemory(t *testing.T, n *memnet.Network) (c *Conn, server net.Conn) {
	l, err := n.Listen("server:80")
	require.NoError(t, err)
	defer l.Close()
	upgraded := make(chan net.Conn)
	go func() {
		s, err := l.Accept()
		if assert.NoError(t, err) {
			_, err = ws.Upgrade(s)
			assert.NoError(t, err)
		}
		upgraded <- s
	}()
	time.Sleep(time.Second) // so that no instant is the epoch
	c, err = (&Dialer{DialContext: n.DialContext, Epoch: time.Now()}).Dial(t.Context(), Request{URL: "ws://server"})
	require.NoError(t, err)
	return c, <-upgraded
}

// TestASlowPeerIsNotAStalledOne drains a little every second: the write takes minutes.
func TestASlowPeerIsNotAStalledOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server := inMemory(t, &memnet.Network{Buffer: 1000})
		begun, over := time.Now(), make(chan struct{})
		defer func() {
			c.Kill()
			server.Close()
			<-over
		}()
		go func() {
			defer close(over)
			for p := make([]byte, 100); ; {
				time.Sleep(time.Second)
				if _, err := io.ReadFull(server, p); err != nil {
					return
				}
			}
		}()
		certain, touched, err := c.Write(make([]byte, 10_000), 2*time.Second)
		require.NoError(t, err)
		assert.Equal(t, []int{10_000, 10_000}, []int{certain, touched})
		assert.Equal(t, 90*time.Second, time.Since(begun))
		assert.Equal(t, heal.Instant(90*time.Second), c.Outbound())
	})
}

func TestAStalledPeerIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server := inMemory(t, &memnet.Network{Buffer: 1000})
		defer server.Close()
		defer c.Kill()
		begun := time.Now()
		certain, touched, err := c.Write(make([]byte, 10_000), 3*time.Second)
		assert.Equal(t, ErrStalled, err)
		assert.Equal(t, []int{1000, 1000}, []int{certain, touched})
		assert.Equal(t, 6*time.Second, time.Since(begun), "the stretch with the last progress, and one without")
		begun = time.Now()
		_, _, err = c.Write([]byte("x"), 3*time.Second)
		assert.Equal(t, ErrStalled, err)
		assert.Equal(t, 3*time.Second, time.Since(begun))
		cause, _ := Cause(err, true)
		assert.Equal(t, heal.WriteStall, cause)
	})
}

// unread is a server that upgrades and then reads nothing until it is told to.
func unread(t *testing.T) (url string, read func()) {
	go_ := make(chan struct{})
	address := tcp(t, upgraded(func(c *net.TCPConn) {
		<-go_
		_, _ = io.Copy(io.Discard, c)
	}))
	var told bool
	read = func() {
		if !told {
			told = true
			close(go_)
		}
	}
	return "ws://" + address, read
}

// fill writes without waiting until the kernel takes no more.
func fill(t *testing.T, c *Conn) {
	t.Helper()
	chunk := make([]byte, 64<<10)
	for range 10_000 {
		n, err := c.WriteNow(chunk)
		require.NoError(t, err)
		if n == 0 {
			return
		}
	}
	t.Fatal("the kernel takes everything")
}

func TestSocketStall(t *testing.T) {
	url, read := unread(t)
	t.Cleanup(read)
	c := dial(t, &Dialer{}, Request{URL: url})
	fill(t, c)
	const stall = 50 * time.Millisecond
	for range 100 { // what is under way may still make room
		begun := c.socket.now()
		before := int64(c.Outbound())
		certain, touched, err := c.Write(make([]byte, 1<<20), stall)
		assert.Equal(t, certain, touched)
		if assert.Error(t, err) {
			assert.ErrorIs(t, err, ErrStalled)
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
			moved := max(begun, int64(c.Outbound()))
			assert.GreaterOrEqual(t, c.socket.now()-moved, int64(stall), "counted from the last byte that moved")
			if certain == 0 {
				assert.Equal(t, before, int64(c.Outbound()))
				break
			}
		}
	}
	read()
	_, _, err := c.Write(make([]byte, 1<<20), patience)
	require.NoError(t, err, "no deadline is left behind")
	n, err := c.WriteNow([]byte("x"))
	assert.NoError(t, err)
	assert.LessOrEqual(t, n, 1)
}

func TestWriteAndReadOfAKilledConnection(t *testing.T) {
	url, read := unread(t)
	t.Cleanup(read)
	c := dial(t, &Dialer{}, Request{URL: url})
	fill(t, c)
	failed := make(chan error, 2)
	go func() {
		_, _, err := c.Write(make([]byte, 10<<20), patience)
		failed <- err
	}()
	go func() {
		_, err := c.Read()
		failed <- err
	}()
	c.Kill()
	c.Kill()
	assert.ErrorIs(t, <-failed, net.ErrClosed)
	assert.ErrorIs(t, <-failed, net.ErrClosed)
	_, err := c.WriteNow([]byte("x"))
	assert.ErrorIs(t, err, net.ErrClosed)
	assert.Equal(t, heal.PathUnknown, c.Path())
}

// TestWhatAPeerResets is told to the reader as a reset, waiting or not.
func TestWhatAPeerResets(t *testing.T) {
	for _, first := range []string{"", "a frame before"} {
		url := "ws://" + tcp(t, upgraded(func(c *net.TCPConn) {
			if first != "" {
				_, _ = c.Write(frame(textFin, first))
			}
			_, _ = c.Read(make([]byte, 100))
			_ = c.SetLinger(0)
		}))
		c := dial(t, &Dialer{}, Request{URL: url})
		if first != "" {
			_, err := c.Read()
			require.NoError(t, err)
		}
		ended := make(chan error, 1)
		c.Serve(func(_ Frame, err error) bool {
			ended <- err
			return true
		})
		_, err := c.WriteNow([]byte("reset me"))
		require.NoError(t, err)
		err = <-ended
		assert.ErrorIs(t, err, syscall.ECONNRESET)
		cause, _ := Cause(err, false)
		assert.Equal(t, heal.Reset, cause)
		_, err = c.Read()
		assert.ErrorIs(t, err, syscall.ECONNRESET, "the kernel tells once, we again and again")
	}
}

// cutting is a connection of which writes beyond a size are cut short, once it is armed.
type cutting struct {
	net.Conn
	armed bool
	after int
}

func (c *cutting) Write(p []byte) (int, error) {
	if c.armed && len(p) > 1000 {
		n, _ := c.Conn.Write(p[:c.after])
		return n, syscall.ECONNRESET
	}
	return c.Conn.Write(p)
}

// TestTLSOutcomesAreHonest fails a write of a record after some of its bytes, and
// another before the first.
func TestTLSOutcomesAreHonest(t *testing.T) {
	for name, test := range map[string]struct{ size, after, certain, touched int }{
		"cut short":        {4000, 100, 0, 4000},
		"not begun":        {4000, 0, 0, 0},
		"cut short, later": {4000 + 2*record, 100, 0, record},
	} {
		t.Run(name, func(t *testing.T) {
			address, roots := encrypted(t, nil, func(c *tls.Conn) { echo.Serve(c) })
			var between *cutting
			d := &Dialer{TLS: &tls.Config{RootCAs: roots}, DialContext: func(ctx context.Context, network, a string) (net.Conn, error) {
				c, err := new(net.Dialer).DialContext(ctx, network, a)
				between = &cutting{Conn: c, after: test.after}
				return between, err
			}}
			c := dial(t, d, Request{URL: "wss://" + address})
			between.armed = true
			certain, touched, err := c.Write(make([]byte, test.size), patience)
			assert.ErrorIs(t, err, syscall.ECONNRESET)
			assert.Equal(t, []int{test.certain, test.touched}, []int{certain, touched})
			n, err := c.WriteNow([]byte("x"))
			assert.NoError(t, err)
			assert.Zero(t, n, "a record cannot be handed over in part")
		})
	}
}

// TestARecordPerWrite counts the system calls of a message over TLS.
func TestARecordPerWrite(t *testing.T) {
	address, roots := encrypted(t, nil, func(c *tls.Conn) { _, _ = io.Copy(io.Discard, c) })
	counter := &counting{}
	d := &Dialer{TLS: &tls.Config{RootCAs: roots}, DialContext: func(ctx context.Context, network, a string) (c net.Conn, err error) {
		counter.Conn, err = new(net.Dialer).DialContext(ctx, network, a)
		return counter, err
	}}
	c := dial(t, d, Request{URL: "wss://" + address})
	counter.writes = 0
	_, _, err := c.Write(make([]byte, 4*record), patience)
	require.NoError(t, err)
	assert.Equal(t, 4, counter.writes)
}

type counting struct {
	net.Conn
	writes int
}

func (c *counting) Write(p []byte) (int, error) {
	c.writes++
	return c.Conn.Write(p)
}
