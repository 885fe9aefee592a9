package toxi_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/toxi"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// crowd is many connections through a fault proxy that is a process of its own, as each of
// them costs it two descriptors.
type crowd struct {
	tb     testing.TB
	pid    int
	driver *toxi.Driver
	target *target
	addr   string
	base   int // descriptors of the proxy without connections
	conns  []net.Conn

	stop  chan struct{} // closed: they say nothing more
	said  sync.WaitGroup
	ended []error      // how each has ended that was waited for
	heard atomic.Int64 // answers
	last  atomic.Int64 // when the last came, ns since began
	began time.Time
}

// controls are the connections to the control API that may have come since they were counted.
const controls = 4

// newCrowd connects n clients, their numbers from 0. The first of them have stopped reading,
// while the target writes to them as much as it can.
func newCrowd(tb testing.TB, n, stalled int) *crowd {
	tb.Helper()
	fds := 2*n + 200
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+strconv.Itoa(fds))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(tb, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(tb, err)
	require.NoError(tb, cmd.Start())
	tb.Cleanup(func() {
		_ = stdin.Close()
		assert.NoError(tb, cmd.Wait())
	})
	control, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(tb, err)
	c := &crowd{tb: tb, pid: cmd.Process.Pid, target: newTarget(tb), stop: make(chan struct{}), began: time.Now()}
	c.driver, err = toxi.NewDriver(strings.TrimSpace(control))
	require.NoError(tb, err)
	tb.Cleanup(c.driver.Close)
	c.addr, err = c.driver.CreateProxy(tb.Context(), "blue", c.target.addr)
	require.NoError(tb, err)
	c.inject(chaos.Fault{Name: "warm", Share: 1, Effect: chaos.Partition{}})
	c.clear("warm")
	c.base = c.descriptors()

	c.conns, c.ended = make([]net.Conn, n), make([]error, n)
	tb.Cleanup(func() {
		for _, nc := range c.conns {
			if nc != nil {
				_ = nc.Close()
			}
		}
	})
	c.dial(0, stalled)
	c.target.each(flood)
	c.dial(stalled, n)
	return c
}

// dial connects the clients of some numbers, many at once.
func (c *crowd) dial(from, to int) {
	c.tb.Helper()
	ids := make(chan int)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for id := range ids {
				d := ws.Dialer{Timeout: patience, Header: ws.HandshakeHeaderString(fmt.Sprintf("%s: %d/1\r\n", chaos.IdentityHeader, id))}
				nc, _, _, err := d.Dial(context.Background(), "ws://"+c.addr+"/")
				if assert.NoError(c.tb, err) {
					c.conns[id] = nc
				}
			}
		})
	}
	for id := from; id < to; id++ {
		ids <- id
	}
	close(ids)
	wg.Wait()
	require.False(c.tb, c.tb.Failed())
}

// flood writes for as long as the connection lives.
func flood(s net.Conn) {
	go func() {
		for chunk := make([]byte, 64<<10); ; {
			if _, err := s.Write(chunk); err != nil {
				return
			}
		}
	}()
}

func (c *crowd) descriptors() int {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.pid))
	require.NoError(c.tb, err)
	return len(list)
}

// talk lets a client send message after message, each when the one before is answered, and
// see that every answer is its own. It ends with its connection, or when it is told to.
func (c *crowd) talk(id int, pause time.Duration) {
	c.said.Go(func() {
		nc := c.conns[id]
		for n := 0; ; n++ {
			select {
			case <-c.stop:
				return
			default:
			}
			text := fmt.Sprintf("%d of %d", n, id)
			if c.ended[id] = wsutil.WriteClientText(nc, []byte(text)); c.ended[id] != nil {
				return
			}
			var b []byte
			if b, c.ended[id] = wsutil.ReadServerText(nc); c.ended[id] != nil {
				return
			}
			if string(b) != text {
				c.ended[id] = fmt.Errorf("got %q, sent %q", b, text)
				return
			}
			c.heard.Add(1)
			c.last.Store(int64(time.Since(c.began)))
			if pause > 0 {
				time.Sleep(pause) // of the load, which waits for nothing
			}
		}
	})
}

func (c *crowd) inject(f chaos.Fault) time.Duration {
	c.tb.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(c.tb.Context(), patience)
	defer cancel()
	f.On = "blue"
	require.NoError(c.tb, c.driver.Inject(ctx, f))
	return time.Since(began)
}

func (c *crowd) clear(name string) time.Duration {
	c.tb.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(c.tb.Context(), patience)
	defer cancel()
	require.NoError(c.tb, c.driver.Clear(ctx, name))
	return time.Since(began)
}

func (c *crowd) evidence(name string) chaos.Evidence {
	c.tb.Helper()
	e, err := c.driver.Evidence(c.tb.Context(), name)
	require.NoError(c.tb, err)
	return e
}

// Many connections, echo traffic, some readers that have stopped: two hundred
// faults come and go, each control call is answered, not a byte is lost or leaked, and when
// the connections are reset nothing of them is left.
func TestACrowd(t *testing.T) {
	const n, stalled = 150, 10
	c := newCrowd(t, n, stalled)
	for id := stalled; id < n/2; id++ { // the others are idle
		c.talk(id, time.Millisecond)
	}
	faults := []chaos.Effect{
		chaos.Partition{},
		chaos.Latency{Delay: time.Millisecond, Direction: chaos.Both},
		chaos.Partition{Direction: chaos.Down},
		chaos.Slice{Size: 3},
		chaos.Bandwidth{Rate: 1 << 20, Shared: true},
	}
	for i := range 200 {
		f := chaos.Fault{Name: fmt.Sprint("f", i), Share: 0.7, Seed: uint64(i), Effect: faults[i%len(faults)]}
		c.inject(f)
		c.clear(f.Name)
		e := c.evidence(f.Name)
		require.Zero(t, e.Leaked, "%d", i)
		require.Zero(t, e.ControlHit, "%d", i)
		require.NotZero(t, e.Cleared, "%d", i)
	}
	close(c.stop)
	c.said.Wait()
	for id, err := range c.ended {
		require.NoError(t, err, "client %d", id)
	}
	assert.Positive(t, c.heard.Load())

	c.inject(chaos.Fault{Name: "cut", Share: 1, Effect: chaos.Reset{}})
	assert.Equal(t, n, c.evidence("cut").Hit)
	for id, nc := range c.conns {
		require.NoError(t, nc.SetReadDeadline(time.Now().Add(patience)))
		var err error
		for b := make([]byte, 64<<10); err == nil; { // what had crossed comes first
			_, err = nc.Read(b)
		}
		require.ErrorIs(t, err, syscall.ECONNRESET, "client %d", id)
	}
	faultrig.Until(t, "no descriptor is left", func() bool { return c.descriptors() <= c.base+controls })
}

// BenchmarkCrowd is what commands take on thousands of connections under echo traffic, and
// among them readers that have stopped: until the last byte has crossed and until the last
// client has seen its reset, from the command on.
func BenchmarkCrowd(b *testing.B) {
	for _, n := range []int{1000, 4000} {
		b.Run(fmt.Sprintf("conns=%d", n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				const stalled = 20
				c := newCrowd(b, n, stalled)
				for id := stalled; id < n; id++ {
					c.talk(id, time.Second)
				}
				for c.heard.Load() < int64(n)/2 {
					time.Sleep(10 * time.Millisecond)
				}
				b.StartTimer()
				held := c.inject(chaos.Fault{Name: "split", Share: 1, Effect: chaos.Partition{}})
				began := time.Since(c.began) - held
				time.Sleep(300 * time.Millisecond)
				last := time.Duration(c.last.Load()) - began
				require.Zero(b, c.evidence("split").Leaked)
				cleared := c.clear("split")

				var cycles, worst time.Duration
				for i := range 200 {
					name := fmt.Sprint("f", i)
					took := c.inject(chaos.Fault{Name: name, Share: 0.7, Seed: uint64(i), Effect: chaos.Partition{}}) + c.clear(name)
					cycles, worst = cycles+took, max(worst, took)
				}
				reset := time.Now()
				c.inject(chaos.Fault{Name: "cut", Share: 1, Effect: chaos.Reset{}})
				e := c.evidence("cut")
				c.said.Wait() // all but the stalled, which see it when they look
				b.ReportMetric(float64(held)/1e6, "partition-ms")
				b.ReportMetric(max(0, float64(last)/1e6), "last-byte-ms")
				b.ReportMetric(float64(cleared)/1e6, "clear-ms")
				b.ReportMetric(float64(cycles)/200/1e6, "arm+clear-ms")
				b.ReportMetric(float64(worst)/1e6, "worst-arm+clear-ms")
				b.ReportMetric(float64(e.Last-e.Armed)/1e6, "last-close-ms")
				b.ReportMetric(float64(time.Since(reset))/1e6, "last-reset-seen-ms")
				require.Equal(b, n, e.Hit)
			}
		})
	}
}
