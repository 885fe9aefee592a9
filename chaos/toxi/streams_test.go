package toxi_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/toxi"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// stream is frames of random lengths and bytes, that both sides draw from the same seed.
type stream struct{ random *rand.ChaCha8 }

func newStream(seed byte) stream { return stream{rand.NewChaCha8([32]byte{seed})} }

func (s stream) next() []byte {
	b := make([]byte, s.random.Uint64()%(16<<10))
	_, _ = s.random.Read(b)
	return b
}

// write writes until it is told to stop, and says how many frames that were.
func (s stream) write(c net.Conn, stop *atomic.Bool) (n int64, err error) {
	for ; !stop.Load(); n++ {
		if err := ws.WriteFrame(c, ws.NewBinaryFrame(s.next())); err != nil {
			return n, err
		}
	}
	return n, ws.WriteFrame(c, ws.NewCloseFrame(nil))
}

// read reads a frame at each turn, to the last, and says how many came as they were written.
func (s stream) read(c net.Conn, turns <-chan struct{}) (n int64, err error) {
	for ; ; n++ {
		<-turns
		f, err := frameOf(c)
		switch {
		case err != nil:
			return n, err
		case f.Header.OpCode == ws.OpClose:
			return n, nil
		case string(f.Payload) != string(s.next()):
			return n, fmt.Errorf("frame %d is not what was written", n)
		}
	}
}

// Both sides write as much as they can and read by fits and starts, so that buffers are now
// full and now empty, while partitions and latencies come and go: each byte arrives once, in
// its place, and none through what should have held it.
func TestStreamsAreExactWhileFaultsComeAndGo(t *testing.T) {
	const cycles = 60
	s := toxi.NewServer(toxi.Options{})
	r := newRigOn(t, s)
	came := make(chan net.Conn, 1)
	addr := faultrig.Serve(t, func(ctx context.Context, ln net.Listener) error {
		defer context.AfterFunc(ctx, func() { _ = ln.Close() })()
		if c, err := ln.Accept(); err == nil {
			_, err = ws.Upgrade(c)
			assert.NoError(t, err)
			came <- c
		}
		return nil
	})
	proxied, err := r.driver.CreateProxy(t.Context(), "green", addr)
	require.NoError(t, err)
	client, _, _, err := ws.Dial(t.Context(), "ws://"+proxied+"/?wsheal-client=1")
	require.NoError(t, err)
	target := <-came
	turns := make(chan struct{}, 64)
	var stop atomic.Bool
	var wrote, read [2]int64
	var sides sync.WaitGroup
	for i, c := range []net.Conn{client, target} {
		defer c.Close()
		require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
		// Soon full; but less than some segments, 64 KiB each, and the kernel sends a few times a second.
		require.NoError(t, c.(*net.TCPConn).SetReadBuffer(256<<10))
		sides.Go(func() {
			var err error
			wrote[i], err = newStream(byte(i)).write(c, &stop)
			assert.NoError(t, err)
		})
		sides.Go(func() {
			var err error
			read[i], err = newStream(byte(1-i)).read(c, turns)
			assert.NoError(t, err)
		})
	}
	let := func(n int) {
		for range n {
			select {
			case turns <- struct{}{}:
			default: // they have not taken those before
			}
		}
	}
	faults := []chaos.Effect{
		chaos.Partition{},
		chaos.Latency{Delay: time.Millisecond, Direction: chaos.Both},
		chaos.Partition{Direction: chaos.Up},
		chaos.Partition{Direction: chaos.Down},
	}
	for i := range cycles {
		let(i % 50)
		f := chaos.Fault{Name: fmt.Sprint("f", i), On: "green", Share: 1, Effect: faults[i%len(faults)]}
		r.inject(f)
		let(i % 7)
		r.clear(f.Name)
		require.Zero(t, r.evidence(f.Name).Leaked, "%d", i)
	}
	stop.Store(true)
	close(turns)
	sides.Wait()
	assert.Equal(t, wrote[0], read[1])
	assert.Equal(t, wrote[1], read[0])

	standing, err := r.driver.Standing(t.Context())
	require.NoError(t, err)
	require.Len(t, standing, 1)
	assert.Equal(t, wrote[0], standing[0].Up)
	assert.Equal(t, wrote[1], standing[0].Down)
	p, err := s.Find("green")
	require.NoError(t, err)
	for _, way := range []chaos.Direction{chaos.Up, chaos.Down} {
		from, to := client, target
		if way == chaos.Down {
			from, to = target, client
		}
		r.until(string(way)+": nothing is left that keeps a chunk from going straight", func() bool {
			before := p.Straight(way)
			require.NoError(t, ws.WriteFrame(from, ws.NewBinaryFrame(nil)))
			_, err := frameOf(to)
			require.NoError(t, err)
			return p.Straight(way) > before
		})
	}
}
