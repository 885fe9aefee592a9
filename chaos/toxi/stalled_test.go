package toxi_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

// stall makes a client that has stopped reading, with every buffer on the way to it full:
// the target, which writes as much as it can, can write no more.
func (r *rig) stall(id uint64) *client {
	r.t.Helper()
	c := r.dial(id)
	c.echo("before it stalls")
	var server net.Conn
	r.target.each(func(s net.Conn) { server = s })
	chunk := make([]byte, 64<<10)
	for stuck := 0; stuck < 2; {
		// A write that does not end in this long may be that of a slow machine. It is stuck when
		// the next one finds no room from its beginning to its end, and the next after that.
		require.NoError(r.t, server.SetWriteDeadline(time.Now().Add(300*time.Millisecond)))
		n, err := server.Write(chunk)
		if err != nil {
			require.ErrorIs(r.t, err, os.ErrDeadlineExceeded)
		}
		if stuck++; n > 0 {
			stuck = 0
		}
	}
	return c
}

// Toxiproxy's own way, adding a toxic to every link, waits for ever here (its issue 558).
func TestAStalledReaderDelaysNothing(t *testing.T) {
	r := newRig(t)
	stalled := r.stall(1)
	other := r.dial(2)
	for _, f := range []chaos.Fault{
		{Name: "split", Share: 1, Effect: chaos.Partition{}},
		{Name: "slow", Share: 1, Effect: chaos.Latency{Delay: time.Millisecond, Direction: chaos.Both}},
	} {
		crossed := r.traffic().BytesDown
		r.inject(f)
		if f.Name == "split" {
			// Its reader may read now: what the proxy had in hand stays there.
			require.NoError(t, stalled.SetReadDeadline(time.Now().Add(patience)))
			_, err := stalled.Read(make([]byte, 1<<20))
			require.NoError(t, err, "what had crossed already")
			other.say("held")
			r.until("held", func() bool { return r.evidence(f.Name).HeldBytes >= int64(2+4+len("held")) })
			assert.GreaterOrEqual(t, r.traffic().BytesDown, crossed)
		}
		r.clear(f.Name)
		if f.Name == "split" {
			other.hear("held")
		}
		other.echo("not delayed by others")
		assert.Zero(t, r.evidence(f.Name).Leaked)
	}
	r.inject(chaos.Fault{Name: "cut", Share: 1, Effect: chaos.Reset{}})
	e := r.evidence("cut")
	assert.Equal(t, 2, e.Hit)
	r.until("both are gone", func() bool { return r.traffic().Live == 0 })
}

// A partition that comes while a write is stuck keeps the rest of it, and nothing is
// lost or doubled when it clears.
func TestAWriteStoppedByAPartitionGoesOnAfterIt(t *testing.T) {
	r := newRig(t)
	c := r.stall(1)
	split := chaos.Fault{Name: "split", Share: 1, Effect: chaos.Partition{Direction: chaos.Down}}
	r.inject(split)
	e := r.evidence("split")
	assert.Equal(t, 1, e.Targeted)
	assert.Equal(t, 1, e.Hit)
	crossed := r.traffic().BytesDown

	read := func(n int64) {
		buf := make([]byte, 64<<10)
		for n > 0 {
			require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
			k, err := c.Read(buf[:min(n, int64(len(buf)))])
			require.NoError(t, err)
			require.Equal(t, k, bytes.Count(buf[:k], []byte{0}))
			n -= int64(k)
		}
	}
	read(crossed - c.read.Load()) // all that crossed before; the reader is not stalled any more
	c.hearsNothing()
	assert.Equal(t, crossed, r.traffic().BytesDown)
	assert.Zero(t, r.evidence("split").Leaked)

	r.clear("split")
	r.target.each(func(s net.Conn) { require.NoError(t, s.SetWriteDeadline(time.Time{})) })
	read(r.evidence("split").HeldBytes)
	c.say("done")
	// The first byte that is not zero begins the answer, behind the last of the flood.
	in := bufio.NewReaderSize(c, 64<<10)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
	for {
		if b, err := in.ReadByte(); b != 0 || err != nil {
			require.NoError(t, err)
			break
		}
	}
	answer := make([]byte, len("\x04done"))
	_, err := io.ReadFull(in, answer)
	require.NoError(t, err)
	assert.Equal(t, "\x04done", string(answer))
}
