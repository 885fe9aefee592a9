package proc

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParseSockets(t *testing.T) {
	table := `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 1 1 0
   1: 0100007F:1F90 0100007F:C000 01 00000000:0000000A 00:00000000 00000000     0        0 2 1 0
   2: 0100007F:C000 0100007F:1F90 01 00000000:00000400 00:00000000 00000000     0        0 3 1 0
   3: 0100007F:1F90 0100007F:C002 08 00000000:00000006 00:00000000 00000000     0        0 4 1 0
   4: 0100007F:1F90 0100007F:C004 06 00000000:00000000 00:00000000 00000000     0        0 0 1 0
   5: broken
   6: 0100007F:1F90 0100007F:C002 08 00000000:00000006 00:00000000 00000000     0        0 4 1 0
`
	assert.Equal(t, sockets{conns: 2, unread: 15}, parseSockets([]byte(table), 8080),
		"neither who listens, nor the other ends, nor what is closed; the end of a stream is no byte, and who is shown twice is one")
	assert.Equal(t, sockets{conns: 1, unread: 1024}, parseSockets([]byte(table), 0xC000))
	assert.Zero(t, parseSockets(nil, 1))
}

func TestSocketsOfOddAddresses(t *testing.T) {
	_, err := socketsOf(os.Getpid(), "nowhere")
	assert.ErrorContains(t, err, "missing port")
	_, err = socketsOf(os.Getpid(), "127.0.0.1:http")
	assert.ErrorContains(t, err, `port "http"`)
	_, err = isStopped(1 << 30)
	assert.ErrorIs(t, err, ErrEnded)
}
