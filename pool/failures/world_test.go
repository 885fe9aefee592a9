package failures

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/wsheal/wsheal/internal/memnet"
	"github.com/wsheal/wsheal/pool"
	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/policies"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client is what a script needs of either client.
type client interface {
	send(text string) error // it was accepted, which may have taken a while
	request(ctx context.Context, text string) (string, error)
	connected() bool // it believes so
	heard() []string // texts that were handed to the application
	close()
}

// both runs a script twice, each time in a bubble of virtual time with a world of its own:
// once against the naive client, once against ours. It returns what the script found.
func both[T any](t *testing.T, script func(w *world) T) (naive, ours T) {
	t.Helper()
	t.Run("client=naive", func(t *testing.T) {
		inWorld(t, false, func(w *world) { naive = script(w) })
	})
	t.Run("client=ours", func(t *testing.T) {
		inWorld(t, true, func(w *world) { ours = script(w) })
	})
	return naive, ours
}

// world is a network in memory with two servers, in a bubble.
type world struct {
	*testing.T
	net   *memnet.Network
	a, b  *server // at 10.0.0.1:80 and 10.0.0.2:80
	ours  bool    // whose clients it opens
	began time.Time
	quit  chan struct{} // the process is over: what hangs, hangs no more

	mu     sync.Mutex
	dials  []dial
	near   []*memnet.Conn // the clients' ends
	route  func(ctx context.Context, address string) (net.Conn, error)
	hosts  map[string][]string
	naives []*naive
	pools  []*healed
	fleets []*driver.Fleet
}

// dial is one attempt to connect.
type dial struct {
	at      time.Duration // since the world began
	address string
}

func inWorld(t *testing.T, ours bool, script func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			T: t, net: new(memnet.Network), ours: ours, began: time.Now(), quit: make(chan struct{}),
			hosts: map[string][]string{"a": {"10.0.0.1"}, "b": {"10.0.0.2"}},
		}
		w.a, w.b = serve(w, "10.0.0.1:80"), serve(w, "10.0.0.2:80")
		defer w.end()
		script(w)
	})
}

// end lets go of everything. Ours must be able to close whatever the script has done to it.
func (w *world) end() {
	for _, p := range w.pools {
		p.close()
	}
	for _, f := range w.fleets {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		_ = f.Close(ctx)
		cancel()
	}
	close(w.quit)
	w.a.stop()
	w.b.stop()
	for _, n := range w.naives {
		n.abandon()
	}
}

// now is how long the world exists.
func (w *world) now() time.Duration { return time.Since(w.began) }

// dialed is every dial since from.
func (w *world) dialed(from time.Duration) (at []time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.dials {
		if d.at >= from {
			at = append(at, d.at)
		}
	}
	return at
}

// dialedTo is every dial of one address since from.
func (w *world) dialedTo(address string, from time.Duration) (at []time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.dials {
		if d.at >= from && d.address == address {
			at = append(at, d.at)
		}
	}
	return at
}

// within is a context that ends after d.
func (w *world) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(w.Context(), d)
	w.Cleanup(cancel)
	return ctx
}

// DialContext is the network of all clients, with a note of every attempt.
func (w *world) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	w.dials = append(w.dials, dial{w.now(), address})
	route := w.route
	w.mu.Unlock()
	if route != nil {
		if c, err := route(ctx, address); c != nil || err != nil {
			return c, err
		}
	}
	c, err := w.net.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.near = append(w.near, c.(*memnet.Conn))
	w.mu.Unlock()
	return c, nil
}

// swallow makes an address a black hole: who dials it waits until he has had enough.
func (w *world) swallow(address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.route = func(ctx context.Context, to string) (net.Conn, error) {
		if to != address {
			return nil, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-w.quit:
			return nil, net.ErrClosed
		}
	}
}

// resolve knows the names in hosts.
func (w *world) resolve(_ context.Context, host string) (all []netip.Addr, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ip := range w.hosts[host] {
		all = append(all, netip.MustParseAddr(ip))
	}
	if len(all) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return all, nil
}

// halfOpen makes the connections that there are silent in both directions, as a cut cable
// does; writes still fill the kernel's buffer.
func (w *world) halfOpen(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.near {
		c.Hold(on)
	}
	for _, c := range w.a.open() {
		c.hold(on)
	}
}

// open opens one client with one connection: the naive one with its flaws, or a pool. It
// does not wait for the connection.
func (w *world) open(f flaws, change func(*pool.Config)) client {
	w.Helper()
	if !w.ours {
		return w.naive(f)
	}
	return w.pool(1, change)
}

// pool opens ours, with defaults in everything that a test is not about.
func (w *world) pool(size int, change func(*pool.Config)) *healed {
	w.Helper()
	h := &healed{w: w}
	config := pool.Config{
		Endpoints: []pool.Endpoint{{Name: "a", URL: "ws://a:80/"}},
		Min:       size, Max: size, MinReady: -1, Seed: 42,
		DialContext: w.DialContext, Resolve: w.resolve,
		Correlate: pool.Correlate{Request: word("req"), Reply: word("res")},
		Receive:   func(m pool.Message) { h.receive(string(m.Payload)) },
	}
	if change != nil {
		change(&config)
	}
	var err error
	h.Pool, err = pool.Open(w.Context(), config)
	require.NoError(w, err)
	w.pools = append(w.pools, h)
	return h
}

// alone opens clients that know nothing of each other: naive ones, or a fleet of ours by
// the default policy. They connect at once.
func (w *world) alone(clients int, f flaws, change func(*driver.Options)) *driver.Fleet {
	w.Helper()
	if !w.ours {
		for range clients {
			w.naive(f)
		}
		synctest.Wait()
		return nil
	}
	policy, err := policies.Lookup("default")
	require.NoError(w, err)
	options := driver.Options{
		Clients: clients, Seed: 42, Policy: policy, Shards: 1,
		Endpoints:   []driver.Endpoint{{Name: "a", URL: "ws://a:80/"}},
		DialContext: w.DialContext, Resolve: w.resolve,
	}
	if change != nil {
		change(&options)
	}
	fleet, err := driver.Open(options)
	require.NoError(w, err)
	w.fleets = append(w.fleets, fleet)
	for i := range clients {
		fleet.Start(i)
	}
	synctest.Wait()
	return fleet
}

// healed is ours: a pool.
type healed struct {
	*pool.Pool
	w *world

	mu    sync.Mutex
	texts []string
}

func (h *healed) receive(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.texts = append(h.texts, text)
}

func (h *healed) send(text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := h.Send(ctx, message("%s", text))
	return err
}

func (h *healed) request(ctx context.Context, text string) (string, error) {
	m, err := h.Request(ctx, message("%s", text))
	return string(m.Payload), err
}

func (h *healed) connected() bool { return h.Snapshot().Usable > 0 }

func (h *healed) heard() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.texts)
}

func (h *healed) close() { _ = h.Close(context.Background()) }

// message is a text message.
func message(format string, args ...any) pool.Message {
	return pool.Message{Payload: fmt.Appendf(nil, format, args...), Text: true}
}

// settle lets time pass, and then whatever is due at its end.
func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// gaps are the times between dials that follow each other.
func gaps(at []time.Duration) (all []time.Duration) {
	for i := 1; i < len(at); i++ {
		all = append(all, at[i]-at[i-1])
	}
	return all
}

// peak is the most dials within any span of that length.
func peak(at []time.Duration, span time.Duration) (most int) {
	first := 0
	for i := range at {
		for at[i]-at[first] >= span {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// returns tells whether f returns within d; it goes on in any case.
func (w *world) returns(d time.Duration, f func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
		return true
	case <-time.After(d):
		return false
	}
}

// assertSymptom is for scripts that find one thing: there with the naive client, not with
// ours.
func assertSymptom(t *testing.T, symptom string, script func(w *world) bool) {
	t.Helper()
	naive, ours := both(t, script)
	assert.True(t, naive, "naive: %s", symptom)
	assert.False(t, ours, "ours: %s", symptom)
}
