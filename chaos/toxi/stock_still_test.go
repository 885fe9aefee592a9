//go:build unix

package toxi_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	stockclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
	"github.com/wsheal/wsheal/internal/stockproxy"
)

// These tests hold what the stock server of the version that we build on does, as far as
// ours is made to do otherwise. When one fails, a new version has been mended, or has
// changed its mind: what is written of it, and what was built because of it, must be read
// again.

// stockRig is a stock server with a proxy, "blue", in front of a target.
type stockRig struct {
	rig
	server *stockproxy.Server
	proxy  *stockclient.Proxy
}

func newStockRig(t *testing.T, fds uint64) *stockRig {
	t.Helper()
	s := stockproxy.Start(t, fds)
	r := &stockRig{rig: rig{t: t, control: s.Addr, target: newTarget(t)}, server: s}
	var err error
	r.proxy, err = stockclient.NewClient(s.Addr).CreateProxy("blue", "127.0.0.1:0", r.target.addr)
	require.NoError(t, err)
	r.addr = r.proxy.Listen
	return r
}

func (r *stockRig) add(kind, stream string, toxicity float32, attributes stockclient.Attributes) {
	r.t.Helper()
	_, err := r.proxy.AddToxic("x", kind, stream, toxicity, attributes)
	require.NoError(r.t, err)
}

// One connection that has stopped reading freezes a stock server's control API for good;
// ours is frozen by none. The two go side by side through the same.
func TestStockStillFreezesOnAStalledReader(t *testing.T) {
	stock := newStockRig(t, 0)
	stalled := stock.stall(1)
	_, err := call(stock.control, 500*time.Millisecond, "POST", "/proxies/blue/toxics", `{"name":"x","type":"latency","attributes":{"latency":1}}`)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "to add a toxic waits for ever")
	_, err = call(stock.control, 500*time.Millisecond, "GET", "/proxies/blue", "")
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "and so does all that asks for the proxy")
	stalled.reset()
	_, err = call(stock.control, 500*time.Millisecond, "GET", "/proxies/blue", "")
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "also when the connection is gone")
	c, err := net.Dial("tcp", stock.addr)
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(300*time.Millisecond)))
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "new connections are accepted and hang")

	ours := newRig(t)
	ours.stall(1)
	for range 20 {
		for _, step := range [][3]string{
			{"POST", "/proxies/blue/toxics", `{"name":"x","type":"latency","attributes":{"latency":1}}`},
			{"GET", "/proxies/blue", ""},
			{"DELETE", "/proxies/blue/toxics/x", ""},
		} {
			status, err := call(ours.control, patience, step[0], step[1], step[2])
			require.NoError(t, err)
			assert.Less(t, status, 300, "%v", step)
		}
	}
	ours.dial(2).echo("served")
}

// A stock server's accept loop ends for good when descriptors run out; ours goes on
// (TestAcceptLoopSurvivesDescriptorsRunningOut).
func TestStockStillStopsAcceptingWithoutDescriptors(t *testing.T) {
	for _, fds := range []uint64{64, 65} { // of two neighbours one runs out at an accept, the other at a dial
		r := newStockRig(t, fds)
		var flood []net.Conn
		for range 80 {
			c, err := net.DialTimeout("tcp", r.addr, patience)
			if err == nil {
				flood = append(flood, c)
			}
		}
		still, before := 0, int64(0)
		r.until("it has served as many as it can", func() bool {
			now := r.target.accepted.Load()
			if still++; now != before || now == 0 {
				still, before = 0, now
			}
			return still > 100
		})
		closeAll(t, flood)
		var dead bool
		faultrig.Until(t, "the descriptors are free again, or do not help", func() bool {
			c, err := net.DialTimeout("tcp", r.addr, patience)
			require.NoError(t, err, "the kernel completes the connection whoever accepts it")
			defer c.Close()
			_, err = c.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
			require.NoError(t, err)
			_ = c.SetReadDeadline(time.Now().Add(700 * time.Millisecond))
			_, err = c.Read(make([]byte, 1))
			dead = errors.Is(err, os.ErrDeadlineExceeded)
			return dead || err == nil || errors.Is(err, io.EOF)
		})
		if dead {
			p, err := stockclient.NewClient(r.control).Proxy("blue")
			require.NoError(t, err)
			assert.True(t, p.Enabled, "and says that it is enabled")
			return
		}
	}
	assert.Fail(t, "it accepts again")
}

// To remove a timeout closes every connection that it covered, so that a partition made
// of it cannot heal in place.
func TestStockStillClosesWhatATimeoutCovered(t *testing.T) {
	r := newStockRig(t, 0)
	c := r.dial(1)
	c.echo("before")
	r.add("timeout", "downstream", 1, stockclient.Attributes{"timeout": 0})
	c.say("lost")
	c.hearsNothing()
	require.NoError(t, r.proxy.RemoveToxic("x"))
	require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
	_, err := c.Read(make([]byte, 1))
	assert.True(t, isEOF(err) || errors.Is(err, syscall.ECONNRESET), "%v", err)
}

// A timeout with a time begins anew with every chunk: pings keep the connection for ever.
func TestStockStillForgetsATimeoutWhileSomethingComes(t *testing.T) {
	r := newStockRig(t, 0)
	const after = 400 * time.Millisecond
	r.add("timeout", "upstream", 1, stockclient.Attributes{"timeout": after.Milliseconds()})
	for range 20 { // where the machine is too loaded for either of us, a time may run out
		c, err := net.Dial("tcp", r.addr)
		require.NoError(t, err)
		open, began := true, time.Now()
		for open && time.Since(began) < 3*after {
			_, err = c.Write([]byte("still here"))
			_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			_, readErr := c.Read(make([]byte, 1))
			open = err == nil && errors.Is(readErr, os.ErrDeadlineExceeded)
		}
		if open { // silent, it ends
			_ = c.SetReadDeadline(time.Now().Add(patience))
			_, err = c.Read(make([]byte, 1))
			assert.True(t, isEOF(err) || errors.Is(err, syscall.ECONNRESET), "%v", err)
		}
		_ = c.Close()
		if open {
			return
		}
	}
	assert.Fail(t, "it ends although something comes")
}

// reset_peer does nothing to connections that are idle, and sends a FIN to those that
// were open before it and are not.
func TestStockStillResetsOnlyWhatIsNew(t *testing.T) {
	r := newStockRig(t, 0)
	idle, busy := r.dial(1), r.dial(2)
	idle.echo("before")
	busy.echo("before")
	r.add("reset_peer", "downstream", 1, stockclient.Attributes{"timeout": 0})
	idle.hearsNothing()
	busy.say("x")
	require.NoError(t, busy.SetReadDeadline(time.Now().Add(patience)))
	_, err := busy.Read(make([]byte, 1))
	assert.True(t, isEOF(err), "%v", err)
	idle.hearsNothing()
	_, err = r.tryDial(t.Context(), "3/1")
	require.ErrorIs(t, err, syscall.ECONNRESET, "one that is new gets a RST")
}

// Which connections a toxicity picks is drawn again whenever any toxic of the direction
// comes or changes, so that no client stays in or out.
func TestStockStillDrawsItsToxicityAgain(t *testing.T) {
	r := newStockRig(t, 0)
	const n = 40
	var all []*client
	for id := range uint64(n) {
		all = append(all, r.dial(id))
	}
	r.add("latency", "downstream", 0.5, stockclient.Attributes{"latency": 300})
	first := slowOnes(all, 300*time.Millisecond)
	_, err := r.proxy.UpdateToxic("x", 0.5, stockclient.Attributes{"latency": 300})
	require.NoError(t, err)
	assert.NotEqual(t, first, slowOnes(all, 300*time.Millisecond), "the same of 2^%d choices", n)

	ours := newRig(t)
	all = nil
	for id := range uint64(n) {
		all = append(all, ours.dial(id))
	}
	lag := chaos.Fault{Name: "lag", Share: 0.5, Effect: chaos.Latency{Delay: 300 * time.Millisecond}}
	for range 2 {
		ours.inject(lag)
		for id, slow := range slowOnes(all, 300*time.Millisecond) {
			if chaos.InCohort(lag.Seed, lag.Name, uint64(id), lag.Share) {
				assert.True(t, slow, "client %d", id)
			}
		}
		ours.clear("lag")
	}
}

// slowOnes says of each client whether its echo took so long.
func slowOnes(all []*client, limit time.Duration) []bool {
	slow := make([]bool, len(all))
	var wg sync.WaitGroup
	for i, c := range all {
		wg.Go(func() {
			began := time.Now()
			c.echo("x")
			slow[i] = time.Since(began) >= limit
		})
	}
	wg.Wait()
	return slow
}

// An attribute that it does not know is taken for nothing: a typing error is a fault
// without effect.
func TestStockStillTakesAnyAttribute(t *testing.T) {
	r := newStockRig(t, 0)
	r.add("latency", "downstream", 1, stockclient.Attributes{"latancy": 10_000})
	c := r.dial(1)
	c.echo("not delayed")
}

// A slicer of size 0 recurs until its stack is full, and takes the server with it.
func TestStockStillDiesOfASlicerOfZero(t *testing.T) {
	r := newStockRig(t, 0)
	r.add("slicer", "upstream", 1, stockclient.Attributes{"average_size": 0})
	c, err := net.Dial("tcp", r.addr)
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write([]byte("x"))
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
	_, err = c.Read(make([]byte, 1))
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	require.Eventually(t, func() bool { // it writes its stack first
		_, err = call(r.control, patience, "GET", "/version", "")
		return errors.Is(err, syscall.ECONNREFUSED)
	}, patience, 10*time.Millisecond)
}

// call makes one request of a control API within a time.
func call(control string, limit time.Duration, method, path, body string) (int, error) {
	client := &http.Client{Timeout: limit, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequest(method, "http://"+control+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		var late interface{ Timeout() bool }
		if errors.As(err, &late) && late.Timeout() {
			return 0, os.ErrDeadlineExceeded
		}
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(new(bytes.Buffer), resp.Body)
	return resp.StatusCode, err
}

func closeAll(t *testing.T, conns []net.Conn) {
	t.Helper()
	for _, c := range conns {
		require.NoError(t, c.Close())
	}
}
