package toxi_test

import (
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	stockclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

func (r *rig) stockProxy() *stockclient.Proxy {
	r.t.Helper()
	p, err := stockclient.NewClient(r.control).Proxy("blue")
	require.NoError(r.t, err)
	return p
}

func (r *rig) toxic(kind, stream string, attributes stockclient.Attributes) (remove func()) {
	r.t.Helper()
	p := r.stockProxy()
	_, err := p.AddToxic("x", kind, stream, 1, attributes)
	require.NoError(r.t, err)
	return func() {
		r.t.Helper()
		require.NoError(r.t, p.RemoveToxic("x"))
	}
}

// Rates are KB/s, unless the toxic says that they are ours: this is 400 bytes in 400 ms, in
// which the next message has time to come.
func TestStockBandwidth(t *testing.T) {
	for name, attributes := range map[string]stockclient.Attributes{
		"KB":    {"rate": 1},
		"bytes": {"rate": 1000, "units": "ours", "direction": "up"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			c := r.dial(1)
			c.echo("before")
			remove := r.toxic("bandwidth", "upstream", attributes)
			began := time.Now()
			c.echo(strings.Repeat("x", 392)) // and 8 before them
			c.echo("late")
			assert.GreaterOrEqual(t, time.Since(began), 400*time.Millisecond)
			assert.EqualValues(t, 1, r.evidence("x").Count("paced"))
			remove()
			assert.NotZero(t, r.evidence("x").Cleared)
		})
	}
}

// A rate of 0 cuts a connection losslessly, and lets ends pass, as with Toxiproxy.
func TestStockBandwidthOfZero(t *testing.T) {
	r := newRig(t)
	c, gone := r.dial(1), r.dial(2)
	c.echo("before")
	gone.echo("before")
	remove := r.toxic("bandwidth", "upstream", stockclient.Attributes{"rate": 0})
	c.say("held")
	r.until("held", func() bool { return r.evidence("x").HeldChunks == 1 })
	require.NoError(t, gone.Close())
	assert.True(t, isEOF(r.target.end(t)), "the end passes")
	c.hearsNothing()
	remove()
	c.hear("held")
}

// What it swallows is lost, and without a time the connections end when it is removed.
func TestStockTimeout(t *testing.T) {
	r := newRig(t)
	c, idle := r.dial(1), r.dial(2)
	c.echo("before")
	idle.echo("before")
	remove := r.toxic("timeout", "downstream", stockclient.Attributes{"timeout": 0})
	c.say("lost")
	r.until("swallowed", func() bool { return r.evidence("x").Count("swallowed") == int64(2+len("lost")) })
	c.hearsNothing()
	remove()
	for _, c := range []*client{c, idle} {
		_, err := c.Read(make([]byte, 1))
		assert.True(t, isEOF(err), "%v", err)
	}
	r.dial(1).echo("well again")
}

// With a time it ends them by itself, whatever they send meanwhile.
func TestStockTimeoutEnds(t *testing.T) {
	r := newRig(t)
	idle := r.dial(1)
	idle.echo("before")
	remove := r.toxic("timeout", "downstream", stockclient.Attributes{"timeout": 50})
	_, err := idle.Read(make([]byte, 1))
	assert.True(t, isEOF(err), "%v", err)
	_, err = r.tryDial(t.Context(), "2/1")
	require.Error(t, err, "one that comes ends, too")
	remove()
	r.dial(1).echo("well again")
}

// A connection ends behind so many bytes, or with the first of them.
func TestStockLimitData(t *testing.T) {
	r := newRig(t)
	c, other := r.dial(1), r.dial(2)
	remove := r.toxic("limit_data", "downstream", stockclient.Attributes{"bytes": 2 + 5 + 3})
	c.echo("12345")
	c.say("67890")
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "\x81\x056", string(got))
	other.echo("12345")
	remove()
	other.echo("as much as there is")

	remove = r.toxic("limit_data", "downstream", stockclient.Attributes{"bytes": 0})
	other.say("x")
	got, err = io.ReadAll(other)
	require.NoError(t, err)
	assert.Empty(t, got)
	remove()
}

// With a time, a reset comes so much later.
func TestStockResetPeerLater(t *testing.T) {
	r := newRig(t)
	c := r.dial(1)
	c.echo("before")
	began := time.Now()
	remove := r.toxic("reset_peer", "downstream", stockclient.Attributes{"timeout": 80})
	c.say("swallowed")
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	assert.GreaterOrEqual(t, time.Since(began), 80*time.Millisecond)
	r.until("it is counted", func() bool { return r.evidence("x").Resets == 1 })
	remove()
}

func TestStockSlowClose(t *testing.T) {
	r := newRig(t)
	c := r.dial(1)
	c.echo("before")
	remove := r.toxic("slow_close", "upstream", stockclient.Attributes{"delay": 150})
	c.echo("not delayed")
	began := time.Now()
	require.NoError(t, c.CloseWrite())
	assert.True(t, isEOF(r.target.end(t)))
	assert.GreaterOrEqual(t, time.Since(began), 150*time.Millisecond)
	assert.EqualValues(t, 1, r.evidence("x").Delayed)
	remove()
}

func TestStockSlicer(t *testing.T) {
	r := newRig(t)
	c := r.dial(1)
	remove := r.toxic("slicer", "upstream", stockclient.Attributes{"average_size": 10, "size_variation": 5, "delay": 1000})
	began := time.Now()
	c.echo(strings.Repeat("x", 194)) // 202 bytes with what is before them: 14 pieces at least
	assert.GreaterOrEqual(t, time.Since(began), 13*time.Millisecond)
	e := r.evidence("x")
	assert.EqualValues(t, 1, e.Count("sliced"))
	assert.GreaterOrEqual(t, e.Count("pieces"), int64(14))
	remove()
	c.echo("whole")
	assert.Equal(t, e.Count("sliced"), r.evidence("x").Count("sliced"))
}

// Every toxic of Toxiproxy's takes hold of traffic that is no WebSocket, too.
func TestStockToxicsOfOtherProtocols(t *testing.T) {
	r := newRig(t)
	remove := r.toxic("slow_close", "downstream", stockclient.Attributes{"delay": 100})
	c, err := net.Dial("tcp", r.addr)
	require.NoError(t, err)
	defer c.Close()
	began := time.Now()
	_, err = c.Write([]byte("hello\r\n\r\n"))
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, c) // the target refuses it
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(began), 100*time.Millisecond)
	remove()
}

// What kills Toxiproxy, and what it takes for nothing, is refused by name.
func TestStockAttributesAreChecked(t *testing.T) {
	r := newRig(t)
	p := r.stockProxy()
	for _, x := range []struct {
		kind       string
		attributes stockclient.Attributes
		want       string
	}{
		{"bandwidth", stockclient.Attributes{"rate": -1}, `bandwidth: attribute "rate": -1 is below 0`},
		{"bandwidth", stockclient.Attributes{"rat": 1}, `bandwidth: unknown attribute "rat", expected rate`},
		{"bandwidth", stockclient.Attributes{"rate": "1"}, `attribute "rate": expected a whole number, got string`},
		{"bandwidth", stockclient.Attributes{"rate": 1, "units": "KB"}, `attribute "units": "KB", expected "ours" or none`},
		{"bandwidth", stockclient.Attributes{"rate": 1, "connections": "new"}, `bandwidth has no attributes connections and ramp unless "units" is "ours"`},
		{"timeout", stockclient.Attributes{"timeout": -1}, `timeout: attribute "timeout": -1 is below 0`},
		{"timeout", stockclient.Attributes{"time": 1}, `timeout: unknown attribute "time", expected timeout`},
		{"timeout", stockclient.Attributes{"timeout": 1, "ramp": 1}, `timeout has no attributes connections and ramp`},
		{"slow_close", stockclient.Attributes{"delay": int64(1) << 60}, `slow_close: attribute "delay": 1152921504606846976 ms is above 3600000000`},
		{"slicer", stockclient.Attributes{}, `slicer: attribute "average_size": 0 is not above 0`},
		{"slicer", stockclient.Attributes{"average_size": 3, "size_variation": 3}, `slicer: attribute "size_variation": 3 is not below average_size 3`},
		{"slicer", stockclient.Attributes{"average": 3}, `slicer: unknown attribute "average", expected average_size, delay, size_variation`},
	} {
		_, err := p.AddToxic("x", x.kind, "", 1, x.attributes)
		assert.EqualError(t, err, "AddToxic: HTTP 400: bad request body: "+x.want, "%s %v", x.kind, x.attributes)
	}
}

// The driver's rates are bytes: what it posts says so.
func TestDriverSaysItsUnits(t *testing.T) {
	r := newRig(t)
	c := r.dial(1)
	r.inject(chaos.Fault{Name: "thin", Share: 1, Effect: chaos.Bandwidth{Rate: 1000, Direction: chaos.Up}})
	began := time.Now()
	c.echo(strings.Repeat("x", 93))
	c.echo("late")
	assert.GreaterOrEqual(t, time.Since(began), 99*time.Millisecond)
	toxics, err := r.stockProxy().Toxics()
	require.NoError(t, err)
	assert.Equal(t, "ours", toxics[0].Attributes["units"])
}
