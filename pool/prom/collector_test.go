package prom

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool"
	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// still is a pool that shows what it is told to.
type still struct{ snapshot pool.Snapshot }

func (s *still) Snapshot() pool.Snapshot { return s.snapshot }

func busy() *still {
	s := &still{pool.Snapshot{
		Size: 3, Min: 1, Max: 8, Usable: 2, Leases: 1, Sessions: 4, Subscriptions: 6, Adrift: 1, InFlight: 7, Waiting: 5, Kept: 9,
		Shared: crowd.Snapshot{Storm: true, Budget: 495.5, Asking: 2, Dialing: 1, Endpoints: []crowd.EndpointSnapshot{
			{Key: "10.0.0.1:80", Health: crowd.Healthy, Connections: 2, Dialing: 1, Limit: 64, Latency: 20 * time.Millisecond},
			{Key: "10.0.0.2:80", Health: crowd.Ejected, Limit: 1},
			{Key: "10.0.0.3:80", Health: crowd.Removed},
		}},
		Totals: pool.Totals{
			Written: 100, Received: 90, Resent: 3, Dropped: 2, Dials: 12, Connected: 6, Moved: 1,
			Outcomes: [5]uint64{pool.NotSent: 1, pool.Written: 50, pool.Acked: 40, pool.Unknown: 9},
			Failed:   map[heal.Cause]uint64{heal.Refused: 4, heal.Status: 1},
			Lost:     map[heal.Cause]uint64{heal.Reset: 3},
		},
	}}
	s.snapshot.Phases[heal.Stable] = 6
	s.snapshot.Phases[heal.Waiting] = 1
	return s
}

var update = flag.Bool("update", false, "write testdata anew")

// scraped is what Prometheus gets.
func scraped(t *testing.T, s Source, labels prometheus.Labels) string {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	require.NoError(t, r.Register(New(s, labels)))
	families, err := r.Gather()
	require.NoError(t, err)
	var b bytes.Buffer
	for _, f := range families {
		_, err := expfmt.MetricFamilyToText(&b, f)
		require.NoError(t, err)
	}
	return b.String()
}

func TestCollects(t *testing.T) {
	got := scraped(t, busy(), prometheus.Labels{"pool": "chat"})
	if *update {
		require.NoError(t, os.WriteFile("testdata/busy.txt", []byte(got), 0o644))
	}
	want, err := os.ReadFile("testdata/busy.txt")
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// TestLints: names, units and help as Prometheus wants them, of any pool.
func TestLints(t *testing.T) {
	for name, s := range map[string]Source{"empty": &still{}, "busy": busy()} {
		problems, err := promlint.New(strings.NewReader(scraped(t, s, nil))).Lint()
		require.NoError(t, err)
		assert.Empty(t, problems, name)
	}
}

func TestPoolsLiveSideBySide(t *testing.T) {
	r := prometheus.NewPedanticRegistry()
	require.NoError(t, r.Register(New(busy(), prometheus.Labels{"pool": "a"})))
	require.NoError(t, r.Register(New(busy(), prometheus.Labels{"pool": "b"})))
	require.Error(t, r.Register(New(busy(), prometheus.Labels{"pool": "b"})))
}

// TestDocListsEveryMetric: what the package's doc names is what there is.
func TestDocListsEveryMetric(t *testing.T) {
	doc, err := os.ReadFile("collector.go")
	require.NoError(t, err)
	r := prometheus.NewPedanticRegistry()
	require.NoError(t, r.Register(New(busy(), nil)))
	families, err := r.Gather()
	require.NoError(t, err)
	listed := strings.NewReplacer(
		"_min, _max ", " ", "_storm, _panic", "_storm",
	).Replace(strings.Split(string(doc), "\npackage prom")[0])
	for _, f := range families {
		name := f.GetName()
		switch name {
		case "wsheal_pool_connections_min", "wsheal_pool_connections_max", "wsheal_pool_panic":
			continue // written short
		}
		assert.Regexp(t, `(?m)^//\t`+name+`(\{| )`, listed)
	}
}
