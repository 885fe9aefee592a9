package toxi_test

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/toxi"
)

// Whatever happens to connections, nothing of them stays: no goroutine, no descriptor.
func TestNothingIsLeftOfConnections(t *testing.T) {
	const n = 60 // of each fate
	r := newRig(t)
	r.dial(0).echo("warm")
	fds, goroutines := openFDs(t), runtime.NumGoroutine()
	var all []*client
	dial := func() []*client {
		var list []*client
		for range n {
			list = append(list, r.dial(uint64(1000+len(all)+len(list))))
		}
		all = append(all, list...)
		return list
	}
	closed, reset, cut, ghosts, abandoned, delayed := dial(), dial(), dial(), dial(), dial(), dial()
	for _, c := range closed {
		c.echo("x")
		require.NoError(t, c.Close())
	}
	for _, c := range reset {
		c.say("unread")
		c.reset()
	}
	r.inject(chaos.Fault{Name: "cut", Share: 0.5, Effect: chaos.Reset{}})
	for _, c := range cut {
		_ = c.Close()
	}
	r.inject(chaos.Fault{Name: "split", Share: 1, Effect: chaos.Partition{}})
	for _, c := range ghosts { // those that were not cut give up during the partition
		_ = c.Close()
	}
	for range n { // dials that are given up, half of them before they said anything
		c, err := net.Dial("tcp", r.addr)
		require.NoError(t, err)
		_, err = c.Write([]byte("GET / HTTP/1.1\r\n"))
		require.NoError(t, err)
		require.NoError(t, c.Close())
		c, err = net.Dial("tcp", r.addr)
		require.NoError(t, err)
		require.NoError(t, c.Close())
	}
	for i, c := range abandoned { // the target ends them, the client does not look
		if i%2 == 0 {
			_ = c.SetLinger(0)
		}
	}
	r.target.each(func(c net.Conn) { _ = c.Close() })
	r.inject(chaos.Fault{Name: "slow", Share: 1, Effect: chaos.Latency{Delay: 20 * time.Millisecond, Direction: chaos.Both}})
	for _, c := range delayed {
		_ = c.Close()
	}
	r.clear("split")
	for _, c := range all {
		_ = c.Close()
	}
	r.until("no connection lives", func() bool { return r.traffic().Live == 0 })
	r.until("no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines })
	r.until("no descriptor is left", func() bool { return openFDs(t) <= fds })
	assert.Zero(t, r.evidence("split").Leaked)
}

func openFDs(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc/self/fd to count descriptors in")
	}
	return len(list)
}

// The server ends while a partition holds everything: it neither waits for it nor leaks.
func TestTheServerEndsInTheMiddleOfAPartition(t *testing.T) {
	r := newRig(t)
	for id := range uint64(20) {
		c := r.dial(id)
		c.echo("x")
	}
	r.inject(chaos.Fault{Name: "split", Share: 1, Effect: chaos.Partition{}})
	r.inject(chaos.Fault{Name: "slow", Share: 1, Effect: chaos.Latency{Delay: time.Hour}})
	c, err := net.Dial("tcp", r.addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	r.until("accepted", func() bool { return r.traffic().Live == 21 })
} // the rig's cleanup and goleak are the assertions

// Foreign clients are known by the order of their arrival, from 1<<63 on.
func TestForeignClientsHaveCohortsToo(t *testing.T) {
	r := newRig(t)
	cut := chaos.Fault{Name: "cut", Share: 0.5, Seed: 11, Effect: chaos.Reset{}}
	var in, out []*counted
	for n := range uint64(20) {
		c, err := r.tryDial(t.Context(), "")
		require.NoError(t, err)
		(&client{t, c}).echo("open") // behind the 101, so the proxy has counted that
		if chaos.InCohort(cut.Seed, cut.Name, 1<<63|n, cut.Share) {
			in = append(in, c)
		} else {
			out = append(out, c)
		}
	}
	require.NotEmpty(t, in)
	require.NotEmpty(t, out)
	r.inject(cut)
	for _, c := range in {
		_, err := c.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
	}
	for _, c := range out {
		(&client{t, c}).echo("untouched")
	}
	e := r.evidence("cut")
	assert.Equal(t, len(in), e.Hit)
	assert.Equal(t, len(in), e.Targeted)
}

// Bytes that are no HTTP, as TLS is, pass through unread; such a client is foreign, and
// counts as connected once the target has answered anything.
func TestOpaqueStreamsPassThrough(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = ln.Close() }()
	r := newRig(t)
	addr, err := r.driver.CreateProxy(t.Context(), "raw", ln.Addr().String())
	require.NoError(t, err)
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	s, err := ln.Accept()
	require.NoError(t, err)
	defer func() { _ = s.Close() }()
	hello := []byte("\x16\x03\x01\x00\xff")
	for _, way := range [][2]net.Conn{{c, s}, {s, c}} {
		_, err = way[0].Write(hello)
		require.NoError(t, err)
		got := make([]byte, len(hello))
		_, err = way[1].Read(got)
		require.NoError(t, err)
		assert.Equal(t, hello, got)
	}
	traffic := func() chaos.Traffic {
		all, err := r.driver.Traffic(t.Context())
		require.NoError(t, err)
		return all["raw"]
	}
	r.until("counted", func() bool { return traffic().BytesDown == int64(len(hello)) })
	r.inject(chaos.Fault{Name: "cut", On: "raw", Share: 1, Effect: chaos.Reset{}})
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	assert.Equal(t, 1, r.evidence("cut").Hit)
	assert.Zero(t, traffic().Upgraded)
}

func TestDriverSaysWhatIsWrong(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	err := r.driver.Inject(ctx, chaos.Fault{Name: "cut", On: "green", Share: 1, Effect: chaos.Reset{}})
	require.EqualError(t, err, `inject "cut": there is no proxy in front of "green"`)
	_, err = r.driver.Evidence(ctx, "cut")
	require.EqualError(t, err, `evidence of "cut": it was never injected`)
	require.NoError(t, r.driver.Clear(ctx, "cut"))
	_, err = r.driver.CreateProxy(ctx, "blue", "127.0.0.1:1")
	require.EqualError(t, err, `create proxy "blue" in front of 127.0.0.1:1: proxy already exists`)
	split := chaos.Fault{Name: "split", On: "blue", Share: 1, Effect: &chaos.Partition{}}
	require.NoError(t, r.driver.Inject(ctx, split))
	require.EqualError(t, r.driver.Inject(ctx, split), `inject "split" on "blue": toxic already exists`)

	for _, c := range []struct {
		f   chaos.Fault
		why string
	}{
		{chaos.Fault{Name: "a", Share: 1, Effect: chaos.Latency{Delay: 1}}, ""},
		{chaos.Fault{Name: "a", Effect: nil}, `fault "a": it has no effect to put in force`},
		{chaos.Fault{Effect: chaos.Reset{}}, `fault "": a fault needs a name`},
		{chaos.Fault{Name: "a", Effect: chaos.Latency{}}, `fault "a": latency: delay 0s is not above 0`},
		{chaos.Fault{Name: "a", Effect: chaos.Reset{}, Share: 2}, `fault "a": toxicity 2 is not between 0 and 1`},
		{chaos.Fault{Name: "a", Effect: chaos.Reset{}, For: -1}, `fault "a": attribute "for": -1ns is below 0`},
		{chaos.Fault{Name: "a", Effect: unheardOf{}}, `fault "a": unknown fault "unheard-of"`},
	} {
		err := r.driver.Supports(c.f)
		if c.why == "" {
			assert.NoError(t, err)
		} else {
			assert.EqualError(t, err, c.why)
		}
	}
	for _, bad := range []string{"", "ftp://a", "http://", "http://a/path"} {
		_, err := toxi.NewDriver(bad)
		assert.EqualError(t, err, fmt.Sprintf("control API %q: expected http://host:port", bad))
	}
}

type unheardOf struct{}

func (unheardOf) Kind() string    { return "unheard-of" }
func (unheardOf) String() string  { return "" }
func (unheardOf) Check() []string { return nil }

func TestServeRefusesToListenForOthers(t *testing.T) {
	ln, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	err = toxi.Serve(t.Context(), ln, toxi.Options{})
	assert.ErrorContains(t, err, "only loopback addresses are allowed")
}
