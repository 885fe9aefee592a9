package foreign_test

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/foreign"
	"github.com/wsheal/wsheal/chaos/ledger"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/internal/faultrig"
	"github.com/wsheal/wsheal/internal/stockproxy"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

const delay = 200 * time.Millisecond

// talks is what shows that a rate is kept: 25 messages of 20 bytes and more. It goes on for
// as long as the canaries need to see it, too.
func talks(x *faultrig.Client) chaos.Sight {
	began := time.Now()
	for range 25 {
		if saw := x.Look(0, false); saw != chaos.SeesNothing {
			return saw
		}
	}
	if time.Since(began) >= 400*time.Millisecond {
		return chaos.SeesSlow
	}
	return chaos.SeesNothing
}

// proofs are what proves each kind that a stock server is listed for.
var proofs = map[string][]faultrig.Case{
	"latency": {
		{Fault: chaos.Fault{Effect: chaos.Latency{Delay: delay, Direction: chaos.Down}}, Slow: delay},
		{Fault: chaos.Fault{Effect: chaos.Latency{Delay: delay, Jitter: delay / 4, Direction: chaos.Up}}, Slow: delay * 3 / 4},
		{Fault: chaos.Fault{Effect: chaos.Latency{Delay: delay, Direction: chaos.Both}}, Slow: 2 * delay},
	},
	"partition": {
		{Fault: chaos.Fault{Effect: chaos.Partition{}}},
		{Fault: chaos.Fault{Effect: chaos.Partition{Direction: chaos.Up}}},
		{Fault: chaos.Fault{Effect: chaos.Partition{Direction: chaos.Down}}},
	},
	"slice": {
		{Fault: chaos.Fault{Effect: chaos.Slice{Size: 10, Pause: 5 * time.Millisecond, Direction: chaos.Up}}, Act: crumbles},
		{Fault: chaos.Fault{Effect: chaos.Slice{Size: 10, Pause: 5 * time.Millisecond, Direction: chaos.Down}}, Act: crumbles},
		{Fault: chaos.Fault{Effect: chaos.Slice{Size: 20, Pause: 5 * time.Millisecond}}, Act: crumbles},
	},
	"limit": {
		{Fault: chaos.Fault{Effect: chaos.Limit{Bytes: 1000, Direction: chaos.Down}}, Act: spends},
		{Fault: chaos.Fault{Effect: chaos.Limit{Bytes: 5000, Direction: chaos.Up}}, Act: spends},
		{Fault: chaos.Fault{Effect: chaos.Limit{Bytes: 1000, Direction: chaos.Both, Then: chaos.EndFIN}}, Act: spends},
	},
	"slow_close": {
		{Fault: chaos.Fault{Effect: chaos.SlowClose{Delay: delay, Direction: chaos.Up}}, Act: leaves},
		{Fault: chaos.Fault{Effect: chaos.SlowClose{Delay: delay, Direction: chaos.Down}}, Act: leaves},
		{Fault: chaos.Fault{Effect: chaos.SlowClose{Delay: delay / 2}}, Act: leaves},
	},
	"bandwidth": {
		{Fault: chaos.Fault{Effect: chaos.Bandwidth{Rate: 1000, Direction: chaos.Up}}, Act: talks},
		{Fault: chaos.Fault{Effect: chaos.Bandwidth{Rate: 1000, Direction: chaos.Down}}, Act: talks},
		{Fault: chaos.Fault{Effect: chaos.Bandwidth{Rate: 1000}}, Act: talks},
	},
}

// crumbles is what shows that messages come in pieces that are apart: 20 bytes and more in
// two of them at least, ten times.
func crumbles(x *faultrig.Client) chaos.Sight {
	began := time.Now()
	for range 10 {
		if saw := x.Look(0, false); saw != chaos.SeesNothing {
			return saw
		}
	}
	if time.Since(began) >= 50*time.Millisecond {
		return chaos.SeesSlow
	}
	return "too soon"
}

// leaves is what a client sees that ends its stream and waits for the other end.
func leaves(x *faultrig.Client) chaos.Sight {
	began := time.Now()
	if err := x.Conn.CloseWrite(); err != nil {
		return faultrig.Sight(err)
	}
	if err := x.Conn.SetReadDeadline(began.Add(faultrig.Patience)); err != nil {
		return faultrig.Sight(err)
	}
	_, err := io.Copy(io.Discard, x.Conn)
	if err == nil && time.Since(began) >= delay {
		return chaos.SeesSlow
	}
	return faultrig.Sight(cmp.Or(err, io.EOF))
}

// spends is what a limit ends: it talks until there is no more to be had, and not so fast
// that the canaries would not have spent theirs.
func spends(x *faultrig.Client) chaos.Sight {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		if saw := x.Look(0, false); saw != chaos.SeesNothing {
			return saw
		}
		<-tick.C
	}
	return chaos.SeesNothing
}

// rig is a target with a stock server in front of it.
type rig struct {
	*faultrig.Rig
	stock  string // its control API
	server *foreign.Server
	ledger string
}

func newRig(t *testing.T, control func(stock string) string) *rig {
	t.Helper()
	r := &rig{Rig: faultrig.New(t), stock: stockproxy.Start(t, 0).URL(), ledger: t.TempDir()}
	r.server = r.open(t, control(r.stock), "test")
	var err error
	r.Addr, err = r.server.Front(t.Context(), "blue", r.Direct)
	require.NoError(t, err)
	return r
}

func (r *rig) open(t *testing.T, control, run string) *foreign.Server {
	t.Helper()
	book := ledger.New(r.ledger)
	s, err := foreign.Open(t.Context(), foreign.Options{URL: control, Run: run, Clock: proc.Monotonic, Ledger: book})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), faultrig.Patience)
		defer cancel()
		assert.NoError(t, s.Close(ctx))
		assert.NoError(t, book.Close())
	})
	return s
}

func itself(stock string) string { return stock }

func TestEveryKindIsProved(t *testing.T) {
	for _, k := range chaos.KindsOf(chaos.ByToxiproxy) {
		assert.NotEmpty(t, proofs[k.Name], "the table lists toxiproxy for %s: prove it", k.Name)
	}
	for name, cases := range proofs {
		t.Run(name, func(t *testing.T) {
			for _, c := range cases {
				t.Run(c.String(), func(t *testing.T) {
					r := newRig(t, itself)
					c.By, c.Fault.Share = r.server, 1
					r.Prove(c)
				})
			}
			t.Run("idle", func(t *testing.T) { idle(t, cases[0]) })
		})
	}
}

// idle holds that a fault that was confirmed by the server and does nothing is reported so.
func idle(t *testing.T, c faultrig.Case) {
	r := newRig(t, func(stock string) string { return deaf(t, stock) })
	f := c.Fault
	f.Name, f.On, f.Share = "idle", "blue", 1
	require.NoError(t, r.server.Inject(t.Context(), f))
	x := r.Dial(1)
	want := chaos.NoEffect
	if f.Effect.Kind() == "partition" {
		want = chaos.Unexpected // what crossed should have been held
		require.Eventually(t, func() bool {
			e, err := r.server.Evidence(t.Context(), f.Name)
			return err == nil && e.Leaked > 0
		}, faultrig.Patience, 5*time.Millisecond)
	}
	for range 50 {
		assert.Equal(t, chaos.SeesNothing, x.Look(0, false))
	}
	require.NoError(t, r.server.Clear(t.Context(), f.Name))
	e, err := r.server.Evidence(t.Context(), f.Name)
	require.NoError(t, err)
	state, why := e.Judge(f, true)
	assert.Equal(t, want, state, why)
	assert.NotZero(t, e.Armed)
	assert.NotZero(t, e.Cleared)
	assert.Zero(t, e.Hit)
}

// deaf stands before a stock server, confirms every toxic and hands none on.
func deaf(t *testing.T, stock string) string {
	to, err := url.Parse(stock)
	require.NoError(t, err)
	forward := httputil.NewSingleHostReverseProxy(to)
	transport := &http.Transport{}
	forward.Transport = transport
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.Contains(r.URL.Path, "/toxics") || r.Method == http.MethodGet:
			forward.ServeHTTP(w, r)
		case r.Method == http.MethodPost:
			_, _ = io.Copy(w, r.Body)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	t.Cleanup(func() { s.Close(); transport.CloseIdleConnections() })
	return s.URL
}

// proxiesOf are the names of what a server holds.
func proxiesOf(t *testing.T, stock string) map[string]json.RawMessage {
	t.Helper()
	resp, err := http.Get(stock + "/proxies")
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()); http.DefaultClient.CloseIdleConnections() }()
	all := map[string]json.RawMessage{}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&all))
	return all
}
