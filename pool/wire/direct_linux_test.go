package wire

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// tries bounds how many connections are opened until one was not held up by the machine for
// so long that the kernel acknowledged by itself.
const tries = 100

// packets is how many a connection's end has sent, the SYN among them.
func packets(t *testing.T, c *Conn) (n uint32) {
	t.Helper()
	require.NoError(t, c.socket.raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if assert.NoError(t, err) {
			n = info.Segs_out
		}
	}))
	return n
}

// TestTheUpgradeGoesWithTheHandshakesLastPacket: SYN, upgrade; what is left to acknowledge is,
// by the next frame.
func TestTheUpgradeGoesWithTheHandshakesLastPacket(t *testing.T) {
	url := "ws://" + tcp(t, upgraded(func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 1)) }))
	var opened, after uint32
	for try := 0; try < tries && (opened != 2 || after != 3); try++ {
		c := dial(t, &Dialer{}, Request{URL: url})
		opened = packets(t, c)
		_, err := c.WriteNow([]byte("x"))
		require.NoError(t, err)
		after = packets(t, c)
		c.Kill()
	}
	assert.Equal(t, []uint32{2, 3}, []uint32{opened, after})
}

// TestWhoDialsByHimselfIsLeftAlone has a DialContext, whose sockets are as it made them.
func TestWhoDialsByHimselfIsLeftAlone(t *testing.T) {
	url := "ws://" + tcp(t, upgraded(func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 1)) }))
	own := func(ctx context.Context, network, address string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	c := dial(t, &Dialer{DialContext: own}, Request{URL: url})
	assert.GreaterOrEqual(t, packets(t, c), uint32(3), "SYN, its end, upgrade")
}

// TestTCPsKeepaliveIsForWhoSendsNoPings: asking for it is four system calls per connection.
func TestTCPsKeepaliveIsForWhoSendsNoPings(t *testing.T) {
	url := "ws://" + tcp(t, upgraded(func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 1)) }))
	for asked, want := range map[bool]int{false: 0, true: 1} {
		c := dial(t, &Dialer{KeepAlive: asked}, Request{URL: url})
		require.NoError(t, c.socket.raw.Control(func(fd uintptr) {
			got, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE)
			if assert.NoError(t, err) {
				assert.Equal(t, want, got, "asked for: %v", asked)
			}
		}))
	}
}
