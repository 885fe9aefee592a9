package driver

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counted is a connection whose bytes are counted on their way in.
type counted struct {
	net.Conn
	read *int
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	*c.read += n
	return n, err
}

// TestThroughStandsInFromTheFirstByte: it is told whose connection it is, each time, and
// everything that is read comes through what it returned.
func TestThroughStandsInFromTheFirstByte(t *testing.T) {
	var told []Attempt
	var read int
	inWorld(t, func(o *Options) {
		o.Through = func(a Attempt, raw net.Conn) net.Conn {
			told = append(told, a)
			return counted{raw, &read}
		}
	}, func(w *world) {
		w.connect()
		first := read
		assert.Positive(w, first, "the answer to the upgrade")
		require.NoError(w, w.send(0, 1))
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Greater(w, read, first, "the echo")
		w.ends()[0].Close()
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(w, told, 2)
		for i, gen := range []uint32{1, 2} {
			assert.Equal(w, gen, told[i].Gen)
			assert.Equal(w, 0, told[i].Client)
			assert.Equal(w, "a", told[i].Endpoint.Name)
		}
	})
}
