package wire

import (
	"io"
	"net"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/wsheal/wsheal/pool/heal"
)

// comesTo waits until the path is what it must come to be.
func comesTo(t *testing.T, c *Conn, want heal.Path) {
	t.Helper()
	for late := time.Now().Add(patience); c.Path() != want; runtime.Gosched() {
		if time.Now().After(late) {
			f, _ := askKernel(c.socket.raw)
			t.Fatalf("the path is %q: %+v", c.Path(), f)
		}
	}
}

// deafen makes the kernel drop everything that arrives for a socket before TCP sees it, so
// that nothing is acknowledged any more: to the other end the path is dead.
func deafen(t *testing.T, c *net.TCPConn) (restore func()) {
	t.Helper()
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	set := func(option int, value *unix.SockFprog) {
		var failed error
		require.NoError(t, raw.Control(func(fd uintptr) {
			failed = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, option, value)
		}))
		require.NoError(t, failed)
	}
	nothing := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
	set(unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing[0]})
	everything := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 1 << 18}}
	return func() { set(unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &everything[0]}) }
}

// TestPath stops a peer's program, then the path to it, then lets both live again.
func TestPath(t *testing.T) {
	servers := make(chan *net.TCPConn, 1)
	over := make(chan struct{})
	url := "ws://" + tcp(t, upgraded(func(c *net.TCPConn) {
		servers <- c
		<-over // it reads nothing: its program is stuck
	}))
	t.Cleanup(func() { close(over) }) // before the server is waited for
	c := dial(t, &Dialer{}, Request{URL: url})
	server := <-servers
	ping := func() {
		_, err := c.WriteNow(c.AppendFrame(nil, ws.OpPing, nil))
		require.NoError(t, err)
	}

	ping()
	comesTo(t, c, heal.PathFrozen)

	restore := deafen(t, server)
	ping()
	assert.NotEqual(t, heal.PathFrozen, c.Path(), "what is under way says nothing yet")
	comesTo(t, c, heal.PathDead)
	restore()
	comesTo(t, c, heal.PathFrozen)

	fill(t, c)
	comesTo(t, c, heal.PathFrozen) // by its window
	restore = deafen(t, server)
	comesTo(t, c, heal.PathDead) // by the probes of it
	restore()
	go func() { _, _ = io.Copy(io.Discard, server) }()
	comesTo(t, c, heal.PathFrozen)
}

func TestPathWithoutASocket(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	c := &Conn{socket: newSocket(client, time.Now())}
	assert.Equal(t, heal.PathUnknown, c.Path(), "no socket, no kernel to ask")
	_, ok := askKernel(closedSocket(t))
	assert.False(t, ok)
}

// TestTaken: what the peer's kernel acknowledges of a queue before a mark is progress; what
// it does not is none, nor is what is sent behind the mark.
func TestTaken(t *testing.T) {
	servers := make(chan *net.TCPConn, 1)
	over := make(chan struct{})
	url := "ws://" + tcp(t, upgraded(func(c *net.TCPConn) {
		servers <- c
		<-over
	}))
	t.Cleanup(func() { close(over) })
	c := dial(t, &Dialer{}, Request{URL: url})
	server := <-servers
	_, err := c.WriteNow(c.AppendFrame(nil, ws.OpPing, nil))
	require.NoError(t, err)
	assert.Zero(t, c.Behind(), "nothing waits before it")
	assert.Zero(t, c.Taken(0))

	// The server does not read: what its window does not hold waits in our kernel.
	more := make([]byte, 1<<20)
	var mark uint64
	for range 64 {
		if _, err = c.WriteNow(more); err != nil || c.Behind() > 0 {
			break
		}
	}
	require.NoError(t, err)
	mark = c.Behind()
	require.Positive(t, mark)
	comesTo(t, c, heal.PathFrozen)
	first := c.Taken(mark)
	assert.Equal(t, first, c.Taken(mark), "nothing new")

	for late := time.Now().Add(patience); c.Taken(mark) == first; {
		require.True(t, time.Now().Before(late), "nothing is taken")
		_, err := server.Read(more)
		require.NoError(t, err)
	}
	assert.Greater(t, c.Taken(mark), first)
	assert.LessOrEqual(t, c.Taken(mark), heal.Instant(time.Since(c.socket.epoch)))

	go func() { _, _ = io.Copy(io.Discard, server) }()
	for late := time.Now().Add(patience); c.acked < mark; c.Taken(mark) {
		require.True(t, time.Now().Before(late), "the queue is not taken")
		runtime.Gosched()
	}
	last := c.Taken(mark)
	before := acknowledged(t, c)
	for late := time.Now().Add(patience); acknowledged(t, c) == before; {
		require.True(t, time.Now().Before(late), "nothing is acknowledged")
		_, err := c.WriteNow(more[:1000])
		require.NoError(t, err)
	}
	assert.Equal(t, last, c.Taken(mark), "what is behind the mark does not count")
}

// acknowledged is how many bytes the peer's kernel has.
func acknowledged(t *testing.T, c *Conn) uint64 {
	f, ok := askKernel(c.socket.raw)
	require.True(t, ok)
	return f.acked
}

// TestAResetBeforeTheWait has the kernel tell of a RST to the look that precedes a wait: it
// would answer the read behind it with the end of the stream.
func TestAResetBeforeTheWait(t *testing.T) {
	reset := make(chan struct{})
	url := "ws://" + tcp(t, upgraded(func(c *net.TCPConn) {
		_, _ = c.Read(make([]byte, 1)) // so that the frame does not come with the 101
		_, _ = c.Write(frame(textFin, "a"))
		<-reset
		_ = c.SetLinger(0)
	}))
	now := sync.OnceFunc(func() { close(reset) })
	t.Cleanup(now)
	c := dial(t, &Dialer{}, Request{URL: url})
	_, err := c.WriteNow([]byte("x"))
	require.NoError(t, err)
	_, err = c.Read()
	require.NoError(t, err)
	require.True(t, c.socket.in.dry, "or the wait would read")
	now()
	for late := time.Now().Add(patience); ; runtime.Gosched() {
		if f, ok := askKernel(c.socket.raw); ok && !f.established {
			break
		}
		require.True(t, time.Now().Before(late), "the reset never came")
	}
	c.Wait()
	_, err = c.Read()
	assert.ErrorIs(t, err, syscall.ECONNRESET)
}

// closedSocket is a handle of a socket that is gone.
func closedSocket(t *testing.T) syscall.RawConn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	raw, err := c.(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	require.NoError(t, c.Close())
	return raw
}
