package wire

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// tellsOnce is a connection whose end is told as the kernel does it: a RST once, then the
// end of the stream.
type tellsOnce struct {
	net.Conn
	told bool
}

func (c *tellsOnce) Read([]byte) (int, error) {
	if c.told {
		return 0, io.EOF
	}
	c.told = true
	return 0, syscall.ECONNRESET
}

// TestAResetOfAWrappedConnection: where the connection is no bare socket, the look that
// precedes a read meets the RST, and the read must tell of it.
func TestAResetOfAWrappedConnection(t *testing.T) {
	c := &Conn{socket: newSocket(&tellsOnce{}, time.Now())}
	c.decoder.in = newIntake(c.socket, nil, nil)
	c.Wait()
	for range 2 {
		_, err := c.Read()
		assert.ErrorIs(t, err, syscall.ECONNRESET)
	}
}
