package toxi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	stockclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/toxi"
)

// Toxiproxy's own client finds in us what it would find in Toxiproxy.
func TestToxiproxysClientWorks(t *testing.T) {
	control := serve(t, toxi.NewServer(toxi.Options{}))
	target := newTarget(t)
	c := stockclient.NewClient(control)

	v, err := c.Version()
	require.NoError(t, err)
	assert.JSONEq(t, `{"version":"2.12.0","served_by":"wsheal"}`, string(v))

	p, err := c.CreateProxy("blue", "localhost:0", target.addr)
	require.NoError(t, err)
	assert.True(t, p.Enabled)
	assert.NotEqual(t, "localhost:0", p.Listen)
	_, err = c.CreateProxy("blue", "", target.addr)
	require.EqualError(t, err, "Create: HTTP 409: proxy already exists")
	_, err = c.CreateProxy("", "", target.addr)
	require.EqualError(t, err, "Create: HTTP 400: missing required field: name")
	for _, name := range []string{"a/b", "/", "x/", ".", ".."} {
		_, err = c.CreateProxy(name, "", target.addr)
		require.EqualError(t, err, fmt.Sprintf("Create: HTTP 400: bad request body: name %q: expected one segment of a path, without /", name))
	}
	_, err = c.CreateProxy("x", "", "")
	require.EqualError(t, err, "Create: HTTP 400: missing required field: upstream")
	_, err = c.CreateProxy("x", "", "nohost")
	require.EqualError(t, err, `Create: HTTP 400: bad request body: upstream "nohost": expected host:port`)
	_, err = c.CreateProxy("x", ":0", target.addr)
	require.EqualError(t, err, `Create: HTTP 400: bad request body: listen ":0": only loopback addresses are allowed`)
	_, err = c.CreateProxy("x", "", "192.0.2.1:80")
	require.EqualError(t, err, `Create: HTTP 400: bad request body: upstream "192.0.2.1:80": only loopback addresses are allowed`)
	_, err = c.CreateProxy("x", "", "example.com:80")
	require.EqualError(t, err, `Create: HTTP 400: bad request body: upstream "example.com:80": only loopback addresses are allowed`)
	_, err = c.Proxy("nobody")
	require.EqualError(t, err, "HTTP 404: proxy not found")

	toxic, err := p.AddToxic("", "latency", "", -1, stockclient.Attributes{"latency": 5, "jitter": 2})
	require.NoError(t, err)
	assert.Equal(t, &stockclient.Toxic{
		Name: "latency_downstream", Type: "latency", Stream: "downstream", Toxicity: 1,
		Attributes: stockclient.Attributes{"latency": 5.0, "jitter": 2.0},
	}, toxic)
	_, err = p.AddToxic("latency_downstream", "latency", "", 1, stockclient.Attributes{"latency": 5})
	require.EqualError(t, err, "AddToxic: HTTP 409: toxic already exists")
	_, err = p.AddToxic("x", "latency", "sideways", 1, stockclient.Attributes{"latency": 5})
	require.EqualError(t, err, "AddToxic: HTTP 400: stream was invalid, can be either upstream or downstream")
	_, err = p.AddToxic("x", "latency", "", 1, stockclient.Attributes{"latancy": 5})
	require.EqualError(t, err, `AddToxic: HTTP 400: bad request body: latency: unknown attribute "latancy", expected delay, jitter, dist, correlation, connect, direction`)
	_, err = p.AddToxic("x", "latency", "upstream", 1, stockclient.Attributes{"delay": 5, "direction": "down"})
	require.EqualError(t, err, "AddToxic: HTTP 400: bad request body: stream and direction contradict each other: direction is down")
	_, err = p.AddToxic("x", "latency", "", 1.5, stockclient.Attributes{"latency": 5})
	require.EqualError(t, err, "AddToxic: HTTP 400: bad request body: toxicity 1.5 is not between 0 and 1")
	_, err = p.AddToxic("x", "lag", "", 1, stockclient.Attributes{"timeout": 0})
	require.ErrorContains(t, err, `AddToxic: HTTP 400: invalid toxic type: "lag", expected one of `)
	_, err = p.AddToxic("x", "reset_peer", "", 1, stockclient.Attributes{"timeout": -50})
	require.EqualError(t, err, `AddToxic: HTTP 400: bad request body: reset_peer: attribute "timeout": -50 is below 0`)
	_, err = p.AddToxic("x", "reset_peer", "", 1, stockclient.Attributes{"time": 0})
	require.EqualError(t, err, `AddToxic: HTTP 400: bad request body: reset_peer: unknown attribute "time", expected timeout`)
	_, err = p.AddToxic("x", "partition", "", 1, stockclient.Attributes{"for": -1})
	require.EqualError(t, err, `AddToxic: HTTP 400: bad request body: attribute "for": -1ns is below 0`)

	_, err = p.AddToxic("split", "partition", "upstream", 0.5, stockclient.Attributes{"seed": 9})
	require.NoError(t, err)
	toxics, err := p.Toxics()
	require.NoError(t, err)
	require.Len(t, toxics, 2)
	assert.Equal(t, "upstream", toxics[0].Stream, "those first, as with Toxiproxy")
	assert.EqualValues(t, 0.5, toxics[0].Toxicity)
	assert.Equal(t, "latency_downstream", toxics[1].Name)

	updated, err := p.UpdateToxic("latency_downstream", 0.25, stockclient.Attributes{"latency": 7})
	require.NoError(t, err)
	assert.EqualValues(t, 0.25, updated.Toxicity)
	assert.Equal(t, stockclient.Attributes{"latency": 7.0, "jitter": 2.0}, updated.Attributes)
	_, err = p.UpdateToxic("latency_downstream", -1, stockclient.Attributes{"jitter": -8})
	require.EqualError(t, err, `HTTP 400: bad request body: latency: attribute "jitter": -8 is below 0`)
	_, err = p.UpdateToxic("nobody", 1, nil)
	require.EqualError(t, err, "HTTP 404: toxic not found")

	all, err := c.Proxies()
	require.NoError(t, err)
	require.Contains(t, all, "blue")
	assert.Len(t, all["blue"].ActiveToxics, 2)
	assert.Equal(t, 7.0, all["blue"].ActiveToxics[1].Attributes["latency"])

	require.NoError(t, p.RemoveToxic("split"))
	require.EqualError(t, p.RemoveToxic("split"), "HTTP 404: toxic not found")
	listen := p.Listen
	require.NoError(t, p.Disable())
	assert.False(t, p.Enabled)
	require.NoError(t, c.ResetState())
	p, err = c.Proxy("blue")
	require.NoError(t, err)
	assert.True(t, p.Enabled, "a reset enables")
	assert.Empty(t, p.ActiveToxics, "and removes every toxic")
	assert.Equal(t, listen, p.Listen, "on the same address")

	list, err := c.Populate([]stockclient.Proxy{
		{Name: "blue", Listen: listen, Upstream: target.addr, Enabled: true},
		{Name: "green", Listen: "127.0.0.1:0", Upstream: target.addr, Enabled: false},
	})
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, listen, list[0].Listen)
	assert.False(t, list[1].Enabled)
	_, err = c.Populate([]stockclient.Proxy{{Name: "red"}})
	require.EqualError(t, err, "Populate: HTTP 400: missing required field: upstream at proxy 1")
	_, err = c.Populate([]stockclient.Proxy{{Name: "red", Upstream: target.addr}, {Name: "r/g", Upstream: target.addr}})
	require.EqualError(t, err, `Populate: HTTP 400: bad request body: name "r/g" at proxy 2: expected one segment of a path, without /`)
	_, err = c.Populate([]stockclient.Proxy{{Name: "red", Upstream: target.addr, Listen: "192.0.2.1:1"}})
	require.EqualError(t, err, `Populate: HTTP 400: bad request body: listen "192.0.2.1:1": only loopback addresses are allowed`)

	require.NoError(t, p.Delete())
	require.EqualError(t, p.Delete(), "Delete: HTTP 404: proxy not found")
}

// A proxy dials this host alone, unless it was allowed more; an update is no way around.
func TestUpstreamsOfOtherHosts(t *testing.T) {
	c := stockclient.NewClient(serve(t, toxi.NewServer(toxi.Options{})))
	for _, upstream := range []string{"127.0.0.1:1", "127.8.9.10:1", "[::1]:1", "localhost:1", "LOCALHOST:1"} {
		p, err := c.CreateProxy("blue", "", upstream)
		require.NoError(t, err)
		require.NoError(t, p.Delete())
	}
	p, err := c.CreateProxy("blue", "", "127.0.0.1:1")
	require.NoError(t, err)
	p.Upstream = "192.0.2.1:80"
	require.ErrorContains(t, p.Save(), `upstream "192.0.2.1:80": only loopback addresses are allowed`)
	p, err = c.Proxy("blue")
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:1", p.Upstream, "as it was")

	c = stockclient.NewClient(serve(t, toxi.NewServer(toxi.Options{AllowRemote: true})))
	p, err = c.CreateProxy("blue", "", "192.0.2.1:80")
	require.NoError(t, err)
	assert.Equal(t, "192.0.2.1:80", p.Upstream)
}

// What a proxy does when it is disabled, moved, deleted: the connections end.
func TestProxiesComeAndGo(t *testing.T) {
	r := newRig(t)
	api := stockclient.NewClient(r.control)
	p, err := api.Proxy("blue")
	require.NoError(t, err)

	c := r.dial(1)
	c.echo("x")
	require.NoError(t, p.Disable())
	_, err = c.Read(make([]byte, 1))
	assert.True(t, isEOF(err), "%v", err)
	_, err = r.tryDial(t.Context(), "1/2")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.NoError(t, p.Enable())
	c = r.dial(1)
	c.echo("x")

	other := newTarget(t)
	p.Upstream = other.addr
	require.NoError(t, p.Save())
	_, err = c.Read(make([]byte, 1))
	assert.True(t, isEOF(err), "%v", err)
	c = r.dial(1)
	c.echo("elsewhere")
	assert.EqualValues(t, 1, other.messages.Load())

	require.NoError(t, p.Delete())
	_, err = c.Read(make([]byte, 1))
	assert.True(t, isEOF(err), "%v", err)
}

// Toxiproxy's reset_peer stays: it resets what is open, and what opens, once data flows.
func TestResetPeerStaysInForce(t *testing.T) {
	r := newRig(t)
	p, err := stockclient.NewClient(r.control).Proxy("blue")
	require.NoError(t, err)
	c := r.dial(1)
	c.echo("x")
	_, err = p.AddToxic("rst", "reset_peer", "downstream", 1, stockclient.Attributes{"timeout": 0})
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	_, err = r.tryDial(t.Context(), "1/2")
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.NoError(t, p.RemoveToxic("rst"))
	r.dial(1).echo("well again")
	r.until("both are counted", func() bool { return r.evidence("rst").Resets == 2 })
}

func TestToxicsAreStrict(t *testing.T) {
	r := newRig(t)
	post := func(path, body string) (int, string) {
		resp, err := http.Post("http://"+r.control+path, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		defer func() { require.NoError(t, resp.Body.Close()) }()
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		var shape struct {
			Error  string
			Status int
		}
		require.NoError(t, json.Unmarshal(b, &shape), string(b))
		assert.Equal(t, resp.StatusCode, shape.Status)
		return resp.StatusCode, shape.Error
	}
	for body, want := range map[string]string{
		`{`:                            "bad request body: unexpected EOF",
		`{}`:                           "missing required field: type",
		`{"type":"reset","share":0.5}`: `bad request body: json: unknown field "share"`,
		`{"type":"reset","attributes":{"delay":5}}`:     `bad request body: reset: unknown attribute "delay", expected none`,
		`{"type":"reset","attributes":{"seed":"x"}}`:    `bad request body: attribute "seed": expected a whole number, got string`,
		`{"type":"reset","attributes":{"fault":5}}`:     `bad request body: attribute "fault": expected a string, got number`,
		`{"type":"latency","attributes":{"delay":"x"}}`: `bad request body: latency: attribute "delay": expected a whole number, got string`,
		`{"type":"latency","attributes":{"delay":1.5}}`: `bad request body: latency: attribute "delay": expected a whole number, got number 1.5`,
		`{"type":5}`:                         "bad request body: field type: expected a string, got number",
		`{"type":"reset","attributes":[]}`:   "bad request body: field attributes: expected an object, got array",
		`{"type":"refuse","toxicity":0.3}`:   "bad request body: toxicity 0.3: refuse cannot pick clients, expected 0 or 1",
		`{"type":"reset","toxicity":"much"}`: "bad request body: field toxicity: expected a number, got string",
		`[]`:                                 "bad request body: expected a toxic, an object, got array",
		`"lag"`:                              "bad request body: expected a toxic, an object, got string",
		``:                                   "bad request body: expected a toxic, an object, got nothing",
		`{"type":"zone"}`:                    `invalid toxic type: "zone", expected one of ` + offered(),
		`{"type":"wsheal_tap"}`:              `invalid toxic type: "wsheal_tap", expected one of ` + offered(),
		`{"type":"latency","attributes":{"delay":-5}}`: `bad request body: latency: delay -5ns is below 0`,
	} {
		status, why := post("/proxies/blue/toxics", body)
		assert.Equal(t, 400, status, body)
		assert.Equal(t, want, why, body)
	}
	for path, want := range map[string]string{
		"/proxies":      "bad request body: expected a proxy, an object, got number",
		"/proxies/blue": "bad request body: expected a proxy, an object, got number",
		"/populate":     "bad request body: expected a list of proxies, got number",
	} {
		status, why := post(path, "7")
		assert.Equal(t, 400, status, path)
		assert.Equal(t, want, why, path)
	}
	status, why := post("/populate", `[{"name":7}]`)
	assert.Equal(t, 400, status)
	assert.Contains(t, why, "expected a string, got number")
	p, err := stockclient.NewClient(r.control).Proxy("blue")
	require.NoError(t, err)
	_, err = p.AddToxic("lag", "latency", "", 1, stockclient.Attributes{"delay": 5})
	require.NoError(t, err)
	status, why = post("/proxies/blue/toxics/lag", `[]`)
	assert.Equal(t, 400, status)
	assert.Equal(t, "bad request body: expected a toxic, an object, got array", why)
	status, why = post("/proxies", `{"name":"x","upstream":"a:1","listen":"nonsense"}`)
	assert.Equal(t, 400, status)
	assert.Equal(t, `bad request body: listen "nonsense": expected host:port`, why)
	status, _ = post("/proxies", string(bytes.Repeat([]byte{' '}, 2<<20)))
	assert.Equal(t, 400, status)

	req, err := http.NewRequest("GET", "http://"+r.control+"/proxies", nil)
	require.NoError(t, err)
	req.Header.Set("User-Agent", "Mozilla/5.0")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, 403, resp.StatusCode, "no page in a browser drives it")
	http.DefaultClient.CloseIdleConnections()
}

// offered are the types of toxics in the words of a refusal.
func offered() string {
	var names []string
	for _, k := range chaos.KindsOf(chaos.ByProxy) {
		names = append(names, k.Name)
	}
	names = append(names, "limit_data", "noop", "reset_peer", "slicer", "slow_close", "timeout")
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}
