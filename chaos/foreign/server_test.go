package foreign_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	stockclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/foreign"
	"github.com/wsheal/wsheal/chaos/ledger"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/internal/faultrig"
	"github.com/wsheal/wsheal/internal/stockproxy"
)

// What others hold on the server is as it was before, whatever is done there.
func TestOthersProxiesAreLeftAlone(t *testing.T) {
	r := newRig(t, itself)
	c := stockclient.NewClient(r.stock)
	theirs, err := c.CreateProxy("theirs", "127.0.0.1:0", r.Direct)
	require.NoError(t, err)
	_, err = theirs.AddToxic("lag", "latency", "upstream", 1, stockclient.Attributes{"latency": 1})
	require.NoError(t, err)
	off, err := c.CreateProxy("off", "127.0.0.1:0", r.Direct)
	require.NoError(t, err)
	require.NoError(t, off.Disable())
	before := proxiesOf(t, r.stock)
	assert.Len(t, before, 3)
	assert.Contains(t, before, "wsheal_test_blue")

	other := r.open(t, r.stock, "other")
	_, err = other.Front(t.Context(), "blue", r.Direct)
	require.NoError(t, err)
	f := chaos.Fault{Name: "slow", On: "blue", Share: 1, Effect: chaos.Latency{Delay: time.Millisecond}}
	require.NoError(t, r.server.Inject(t.Context(), f))
	require.NoError(t, other.Inject(t.Context(), f))
	require.NoError(t, r.server.Clear(t.Context(), "slow"))
	require.NoError(t, r.server.Clear(t.Context(), "slow"), "again")
	require.NoError(t, r.server.Clear(t.Context(), "never"), "what is not in force")
	require.NoError(t, other.Close(t.Context()))
	assert.Equal(t, before, proxiesOf(t, r.stock))
	require.NoError(t, r.server.Close(t.Context()))
	delete(before, "wsheal_test_blue")
	assert.Equal(t, before, proxiesOf(t, r.stock))
}

// A fault with a time of its own ends by itself for as long as its driver lives.
func TestFaultsExpire(t *testing.T) {
	r := newRig(t, itself)
	f := chaos.Fault{Name: "split", On: "blue", By: chaos.ByToxiproxy, Share: 1, For: 200 * time.Millisecond, Effect: chaos.Partition{}}
	require.NoError(t, r.server.Inject(t.Context(), f))
	assert.Eventually(t, func() bool {
		e, err := r.server.Evidence(t.Context(), "split")
		return err == nil && e.Cleared != 0
	}, faultrig.Patience, 10*time.Millisecond)
	e, err := r.server.Evidence(t.Context(), "split")
	require.NoError(t, err)
	state, why := e.Judge(f, true)
	assert.Equal(t, chaos.Confirmed, state, why)
	assert.Contains(t, why, "it acted on 4 of 4 canary connections of its cohort and on nobody else: ")
	assert.Equal(t, chaos.SeesNothing, r.Dial(1).Look(0, false))
}

func TestWhatItCannotExpressIsRefused(t *testing.T) {
	r := newRig(t, itself)
	for _, x := range []struct {
		f    chaos.Fault
		want string
	}{
		{chaos.Fault{Effect: chaos.Reset{}}, "toxiproxy cannot express reset; proxy could"},
		{chaos.Fault{Effect: chaos.Partition{}, Share: 0.5}, "toxiproxy cannot pick clients: its partition is of all of them; proxy could"},
		{chaos.Fault{Effect: chaos.Partition{}, Conns: chaos.New}, "toxiproxy cannot express partition of new connections, only of all; proxy could"},
		{chaos.Fault{Effect: chaos.Partition{}, Ramp: time.Second}, "toxiproxy cannot express partition with a ramp; proxy could"},
		{chaos.Fault{Effect: chaos.Latency{Delay: time.Microsecond}}, "toxiproxy cannot express latency with a delay of 1µs, which is no whole number of milliseconds; proxy could"},
		{chaos.Fault{Effect: chaos.Latency{Delay: time.Second, Dist: chaos.Pareto}}, "toxiproxy cannot express latency with more than a delay and a uniform jitter; proxy could"},
		{chaos.Fault{Effect: chaos.Latency{Delay: time.Second, Connect: true}}, "toxiproxy cannot express latency with more than a delay and a uniform jitter; proxy could"},
		{chaos.Fault{Effect: chaos.Bandwidth{Rate: 1000, Shared: true}}, "toxiproxy cannot express bandwidth with more than a rate; proxy could"},
		{chaos.Fault{Effect: chaos.Limit{Bytes: 1, Then: chaos.EndRST}}, "toxiproxy cannot express limit with an end by rst; proxy could"},
		{chaos.Fault{Effect: chaos.Limit{Bytes: 2 << 20}}, "toxiproxy cannot express limit with more than 1048576 bytes, which could not be seen to be the limit; proxy could"},
		{chaos.Fault{Effect: chaos.Slice{Size: 3}}, "toxiproxy cannot express slice with pieces of 3 bytes 0s apart, which could not be seen: 127 bytes have to take 10ms; proxy could"},
		{chaos.Fault{Effect: chaos.Slice{Size: 127, Pause: time.Second}}, "toxiproxy cannot express slice with pieces of 127 bytes 1s apart, which could not be seen: 127 bytes have to take 10ms; proxy could"},
		{chaos.Fault{Effect: chaos.Bandwidth{Rate: 1024}}, "toxiproxy cannot express bandwidth with a rate of 1024 bytes/s, which is no whole number of KB of 1000; proxy could"},
		{chaos.Fault{Effect: chaos.Bandwidth{Rate: 1_000_000}}, "toxiproxy cannot express bandwidth with a rate above 100000 bytes/s, of which could not be seen that it is kept; proxy could"},
	} {
		x.f.Name, x.f.On = "f", "blue"
		if x.f.Share == 0 {
			x.f.Share = 1
		}
		want := `fault "f": ` + x.want
		require.EqualError(t, r.server.Supports(x.f), want)
		require.EqualError(t, r.server.Inject(t.Context(), x.f), want)
	}
	err := r.server.Inject(t.Context(), chaos.Fault{Name: "f", On: "red", Share: 1, Effect: chaos.Partition{}})
	require.EqualError(t, err, `inject "f": there is no proxy in front of "red"`)
	_, err = r.server.Evidence(t.Context(), "f")
	require.EqualError(t, err, `evidence of "f": it was never injected`)
}

// What a scenario leaves to defaults is no more than what is written.
func TestDefaultsAreExpressed(t *testing.T) {
	r := newRig(t, itself)
	for kind, attributes := range map[string]string{"latency": `{"delay":1000000}`, "bandwidth": `{"rate":1000}`, "partition": `{}`} {
		effect, err := chaos.DecodeEffect(kind, []byte(attributes))
		require.NoError(t, err)
		require.NoError(t, r.server.Supports(chaos.Fault{Name: "f", On: "blue", Share: 1, Effect: effect}))
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	open := func(url string) error {
		_, err := foreign.Open(t.Context(), foreign.Options{URL: url, Clock: proc.Monotonic, Ledger: ledger.New(t.TempDir())})
		return err
	}
	require.EqualError(t, open("localhost:8474"), `toxiproxy "localhost:8474": expected http://host:port`)
	require.EqualError(t, open("http://127.0.0.1:1/x"), `toxiproxy "http://127.0.0.1:1/x": expected http://host:port`)
	require.EqualError(t, open("http://192.0.2.1:1"), `toxiproxy "http://192.0.2.1:1" is not on this host; expected a loopback address, or --allow-remote`)
	require.ErrorContains(t, open("http://127.0.0.1:1"), "connection refused")
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"version":"3.1"}`) }))
	defer other.Close()
	require.EqualError(t, open(other.URL), "toxiproxy at "+other.URL+` says that its version is "3.1", expected 2.x`)
}

// Toxiproxy hangs for ever where a connection has stopped reading. Nothing here does: the
// fault fails, there is no evidence, what could not be removed stays in the ledger, and
// other servers' faults are none of its business.
func TestAServerThatHangsIsGivenUp(t *testing.T) {
	flood := flood{make(chan struct{}, 8)}
	stock := stockproxy.Start(t, 0)
	dir := t.TempDir()
	book := ledger.New(dir)
	s, err := foreign.Open(t.Context(), foreign.Options{URL: stock.URL(), Run: "x", Clock: proc.Monotonic, Ledger: book})
	require.NoError(t, err)
	addr, err := s.Front(t.Context(), "blue", faultrig.Serve(t, flood.serve))
	require.NoError(t, err)
	flood.stall(t, addr)
	s.Hurry(300 * time.Millisecond)

	ctx, cancel := context.WithTimeout(t.Context(), faultrig.Patience)
	defer cancel()
	f := chaos.Fault{Name: "slow", On: "blue", Share: 1, Effect: chaos.Latency{Delay: time.Millisecond}}
	err = s.Inject(ctx, f)
	require.ErrorContains(t, err, `inject "slow" on "blue": toxiproxy did not answer POST /proxies/wsheal_x_blue/toxics within 300ms; it hangs, as it does`)
	_, err = s.Evidence(ctx, "slow")
	require.ErrorContains(t, err, "it hangs")
	require.ErrorContains(t, s.Clear(ctx, "slow"), "it hangs")
	require.ErrorContains(t, s.Close(ctx), "it hangs")
	require.NoError(t, book.Close())

	left, err := ledger.Left(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Equal(t, map[string]string{"url": stock.URL(), "proxy": "wsheal_x_blue"}, left[0].Entries[1].Where)
	require.NoError(t, left[0].Close())
	assert.NoError(t, ctx.Err(), "nothing waited for longer than its limit")
}

// flood is a server that writes to its connections for as long as somebody reads.
type flood struct{ stuck chan struct{} } // gets one for each connection that is full

func (f flood) serve(ctx context.Context, ln net.Listener) error {
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	for {
		c, err := ln.Accept()
		if err != nil {
			return nil
		}
		end := context.AfterFunc(ctx, func() { _ = c.Close() })
		all.Go(func() {
			defer end()
			defer c.Close()
			chunk := make([]byte, 64<<10)
			// A write that makes no progress for so long is stuck.
			for c.SetWriteDeadline(time.Now().Add(300*time.Millisecond)) == nil {
				if _, err := c.Write(chunk); errors.Is(err, os.ErrDeadlineExceeded) {
					f.stuck <- struct{}{}
					break
				} else if err != nil {
					return
				}
			}
			_ = c.SetWriteDeadline(time.Time{})
			_, _ = c.Write(chunk)
			<-ctx.Done()
		})
	}
}

// stall opens a connection that is not read, and waits until every buffer on the way to it
// is full.
func (f flood) stall(t *testing.T, addr string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	select {
	case <-f.stuck:
	case <-time.After(faultrig.Patience):
		require.Fail(t, "it is never full")
	}
}
