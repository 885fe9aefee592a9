package toxi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/toxi"
	"github.com/wsheal/wsheal/internal/faultrig"
)

const (
	askUpgrade  = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nX-Wsheal-Client: %s\r\n\r\n"
	giveUpgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
)

// frameSeeds are streams with frames of every form, and with what breaks the protocol.
var frameSeeds = [][]byte{
	nil,
	[]byte("\x81\x05hello"),
	[]byte("\x81\x85\x01\x02\x03\x04hello\x89\x80\x01\x02\x03\x04"),
	[]byte("\x01\x01a\x89\x00\x00\x01b\x80\x00\x8a\x01c"),
	[]byte("\x82\x7e\x01\x00" + strings.Repeat("x", 256)),
	[]byte("\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x02xy\x88\x02\x03\xe9"),
	[]byte("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xffxyz"),
	[]byte("\xc1\x02xy\xf3\x00\x0b\x7d"),
	[]byte("\x81"),
	[]byte("\x80\x01a\x01\x00\x82\x00"),
	[]byte("HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x01a"),
	[]byte("GET / HTTP/1.1\r\n\r\n"),
}

// fuzzed is a proxy before a server that says and hears what the test tells it to.
type fuzzed struct {
	driver  *toxi.Driver
	control string
	proxied string

	mu     sync.Mutex
	saying map[string]*dialogue // by identity
	round  int                  // of the last identity
}

// dialogue is what crosses on one connection, in pieces.
type dialogue struct {
	ask, give string // the heads of HTTP, or nothing
	up, down  []byte // what is behind them
	piece     int
	heard     chan []byte // what came up behind the head
}

func newFuzzed(f *testing.F) *fuzzed {
	x := &fuzzed{saying: map[string]*dialogue{}}
	x.control = faultrig.Serve(f, toxi.NewServer(toxi.Options{}).Serve)
	var err error
	x.driver, err = toxi.NewDriver(x.control)
	require.NoError(f, err)
	f.Cleanup(x.driver.Close)
	direct := faultrig.Serve(f, x.serve)
	x.proxied, err = x.driver.CreateProxy(f.Context(), "blue", direct)
	require.NoError(f, err)
	return x
}

// serve reads a request where there is one, says its part, and ends when it has heard all.
func (x *fuzzed) serve(ctx context.Context, ln net.Listener) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	defer context.AfterFunc(ctx, func() { _ = ln.Close() })()
	for {
		c, err := ln.Accept()
		if err != nil {
			return nil
		}
		wg.Go(func() {
			defer context.AfterFunc(ctx, func() { _ = c.Close() })()
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(faultrig.Patience))
			from, client := bufio.NewReader(c), raw
			x.mu.Lock()
			d := x.saying[client]
			x.mu.Unlock()
			if d == nil {
				request, err := http.ReadRequest(from)
				if err != nil {
					return
				}
				client = request.Header.Get(chaos.IdentityHeader)
				x.mu.Lock()
				d = x.saying[client]
				x.mu.Unlock()
				if d == nil {
					return // of an exchange that is over
				}
			}
			var said sync.WaitGroup
			said.Go(func() { d.say(c, slices.Concat([]byte(d.give), d.down)) })
			heard := make([]byte, len(d.up))
			n, _ := io.ReadFull(from, heard)
			said.Wait()
			select {
			case d.heard <- heard[:n]:
			default: // a connection of a round before, which was held until now
			}
		})
	}
}

// raw is the identity of a client that sends no request.
const raw = "raw"

// identity is one that no connection of a round before has, which may have been held until now.
func (x *fuzzed) identity(client uint64) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.round++
	return fmt.Sprintf("%d/%d", client, x.round)
}

// say writes bytes in pieces.
func (d *dialogue) say(c net.Conn, b []byte) {
	for piece := range slices.Chunk(b, d.piece) {
		if _, err := c.Write(piece); err != nil {
			return
		}
	}
}

// exchange has a client say and hear its part, and returns what came down and up. A client
// that is told to leave does so.
func (x *fuzzed) exchange(t *testing.T, client string, d *dialogue, leave <-chan struct{}) (down, up []byte) {
	d.heard = make(chan []byte, 1)
	x.mu.Lock()
	x.saying[client] = d
	x.mu.Unlock()
	defer func() {
		x.mu.Lock()
		delete(x.saying, client)
		x.mu.Unlock()
	}()
	c, err := net.Dial("tcp", x.proxied)
	require.NoError(t, err)
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(faultrig.Patience))
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-leave:
			_ = c.Close()
		case <-over:
		}
	}()
	said := make(chan struct{})
	go func() {
		defer close(said)
		d.say(c, slices.Concat([]byte(d.ask), d.up))
	}()
	down, _ = io.ReadAll(c)
	_ = c.Close()
	<-said
	select {
	case up = <-d.heard:
	case <-leave:
	case <-time.After(faultrig.Patience):
	}
	return down, up
}

// exact holds that what is said on a connection arrives as it was, both ways.
func (x *fuzzed) exact(t *testing.T, client string, d *dialogue) {
	down, up := x.exchange(t, client, d, nil)
	require.True(t, bytes.Equal(append([]byte(d.give), d.down...), down), "%q behind %q came as %q", d.down, d.give, down)
	require.True(t, bytes.Equal(d.up, up), "%q came as %q", d.up, up)
}

// Whatever is said through the proxy arrives as it was, while no fault is in force.
func FuzzProxyBytes(f *testing.F) {
	for i, seed := range frameSeeds {
		f.Add(seed, frameSeeds[len(frameSeeds)-1-i], uint16(i))
	}
	x := newFuzzed(f)
	f.Fuzz(func(t *testing.T, up, down []byte, piece uint16) {
		x.exact(t, raw, &dialogue{up: up, down: down, piece: 1 + int(piece)})
	})
}

// Whatever frames are said through the proxy, or what is none, arrive as they were, while
// faults look at every frame and pick none.
func FuzzProxyFrames(f *testing.F) {
	for i, seed := range frameSeeds {
		f.Add(seed, frameSeeds[len(frameSeeds)-1-i], uint16(i))
	}
	x := newFuzzed(f)
	for i, e := range []chaos.Effect{
		chaos.WSDrop{Nth: 1 << 30, Percent: 1},
		chaos.WSDup{Nth: 1 << 30, Percent: 1, Direction: chaos.Both},
		chaos.WSCorrupt{What: chaos.PartUTF8, Nth: 1 << 30, Percent: 1, Direction: chaos.Both},
	} {
		require.NoError(f, x.driver.Inject(f.Context(), chaos.Fault{Name: fmt.Sprint(i), On: "blue", Share: 1, Effect: e}))
	}
	f.Fuzz(func(t *testing.T, up, down []byte, piece uint16) {
		client := x.identity(1)
		x.exact(t, client, &dialogue{ask: fmt.Sprintf(askUpgrade, client), give: giveUpgrade, up: up, down: down, piece: 1 + int(piece)})
	})
}

// Whatever faults are in force for one client, alone and together, and whatever it says:
// the proxy survives it, can be cleared, and what another client says arrives as it was.
func FuzzProxyFaults(f *testing.F) {
	kinds := chaos.KindsOf(chaos.ByProxy)
	for i := range kinds {
		seed := frameSeeds[i%len(frameSeeds)]
		f.Add([]byte{byte(i), byte(i * 7), byte(i * 13)}, uint64(i), seed, frameSeeds[1+i%4], uint16(i))
	}
	x := newFuzzed(f)
	f.Fuzz(func(t *testing.T, pick []byte, seed uint64, up, down []byte, piece uint16) {
		var names []string
		for i, p := range pick[:min(4, len(pick))] {
			k := kinds[int(p)%len(kinds)]
			name := fmt.Sprintf("%d-%s", i, k.Name)
			if x.arm(t, name, k, seed) {
				names = append(names, name)
			}
		}
		members, other := faultrig.Members(key(seed), 2, true), faultrig.Members(key(seed), 1, false)[0]
		say := func(client string) *dialogue {
			return &dialogue{ask: fmt.Sprintf(askUpgrade, client), give: giveUpgrade, up: up, down: down, piece: 1 + int(piece)}
		}
		leave := make(chan struct{})
		var hit sync.WaitGroup
		member := x.identity(members[0])
		hit.Go(func() { x.exchange(t, member, say(member), leave) })
		free := x.identity(other)
		x.exact(t, free, say(free))
		for _, name := range names {
			require.NoError(t, x.driver.Clear(t.Context(), name))
			e, err := x.driver.Evidence(t.Context(), name)
			require.NoError(t, err)
			require.Zero(t, e.ControlHit, name)
		}
		close(leave)
		hit.Wait()
		member = x.identity(members[1])
		x.exact(t, member, say(member))
	})
}

// key is the cohort that all faults of one round share.
func key(seed uint64) chaos.Fault { return chaos.Fault{Name: "fuzzed", Seed: seed, Share: 0.5} }

// arm puts a fault of a kind in force, its attributes the defaults, and 1 where there is
// none. It returns false for a kind that cannot pick clients.
func (x *fuzzed) arm(t *testing.T, name string, k chaos.Kind, seed uint64) bool {
	if s, _ := k.By(chaos.ByProxy); s.Whole {
		return false
	}
	e := k.New()
	for i := range reflect.ValueOf(e).Elem().NumField() {
		field := reflect.ValueOf(e).Elem().Field(i)
		switch p := k.Params[i]; {
		case p.Type == "size":
			field.SetInt(min(max(field.Int(), 1), 4096))
		case !field.IsZero():
		case field.CanInt():
			field.SetInt(max(1, int64(p.Min)))
		case field.CanFloat():
			field.SetFloat(max(1, p.Min))
		}
	}
	encoded, err := chaos.EncodeEffect(e)
	require.NoError(t, err)
	attributes := map[string]any{}
	require.NoError(t, json.Unmarshal(encoded, &attributes))
	attributes["seed"], attributes["fault"] = seed, key(seed).Name
	body, err := json.Marshal(map[string]any{"name": name, "type": k.Name, "toxicity": key(seed).Share, "attributes": attributes})
	require.NoError(t, err)
	res, err := http.Post("http://"+x.control+"/proxies/blue/toxics", "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	require.Less(t, res.StatusCode, 500, name)
	return res.StatusCode == http.StatusOK
}
