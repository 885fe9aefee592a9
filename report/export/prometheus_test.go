package export_test

import (
	"math"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

func readProm(t *testing.T, text string) map[string]*dto.MetricFamily {
	t.Helper()
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(t, err)
	return families
}

func labels(m *dto.Metric) map[string]string {
	out := map[string]string{}
	for _, l := range m.GetLabel() {
		out[l.GetName()] = l.GetValue()
	}
	return out
}

// Every metric is read back by Prometheus' own parser as it is in the summary, and its
// linter has nothing to say.
func TestPrometheusMetrics(t *testing.T) {
	for _, name := range keptNames(t) {
		s := kept(t, name)
		text := written(t, "prom", s)
		families := readProm(t, text)
		for metric, want := range s.Summary.Values() {
			m, _ := report.Lookup(metric)
			suffix := map[string]string{"s": "_seconds", "share": "_ratio", "/s": "_per_second", "count": ""}[m.Unit]
			f := families["wsheal_"+strings.ReplaceAll(metric, ".", "_")+suffix]
			require.NotNil(t, f, metric)
			assert.Equal(t, dto.MetricType_GAUGE, f.GetType())
			require.Len(t, f.GetMetric(), 1)
			assert.Equal(t, want, f.GetMetric()[0].GetGauge().GetValue(), metric)
			assert.Equal(t, map[string]string{"scenario": s.Summary.Run.Scenario, "policy": s.Summary.Run.Policy}, labels(f.GetMetric()[0]))
			assert.Equal(t, m.About, f.GetHelp())
		}
		problems, err := promlint.New(strings.NewReader(text)).Lint()
		require.NoError(t, err)
		assert.Empty(t, problems, name)
	}
}

func TestPrometheusJudgement(t *testing.T) {
	s := judged(report.Fail, nil, gate("a < 1", report.Pass, ""), gate("b < 1", report.Fail, ""), gate("c < 1", "no data", ""), gate("a < 1", report.Pass, ""))
	s.Summary.Faults = []report.FaultResult{{Intended: report.Intended{Name: "cut", Kind: "reset"}, State: "confirmed"}, {Intended: report.Intended{Name: "slow", Kind: "latency"}, State: "no effect"}}
	families := readProm(t, written(t, "prom", s))
	gauges := func(name, label string) map[string]float64 {
		out := map[string]float64{}
		for _, m := range families[name].GetMetric() {
			out[labels(m)[label]] = m.GetGauge().GetValue()
		}
		return out
	}
	assert.Equal(t, map[string]float64{"pass": 0, "fail": 1, "inconclusive": 0, "invalid": 0}, gauges("wsheal_verdict", "verdict"))
	held := gauges("wsheal_gate_held", "gate")
	assert.Len(t, held, 3, "a gate written twice is one")
	assert.Equal(t, 1.0, held["a < 1"])
	assert.Equal(t, 0.0, held["b < 1"])
	assert.True(t, math.IsNaN(held["c < 1"]))
	assert.Equal(t, map[string]float64{"cut": 1, "slow": 0}, gauges("wsheal_fault_confirmed", "fault"))
}

// The histogram's buckets are those of the answers; what was lost is slower than any.
func TestPrometheusHistogram(t *testing.T) {
	s := known(t, 20)
	found := 0
	for _, m := range readProm(t, written(t, "prom", s))["wsheal_message_latency_seconds"].GetMetric() {
		if labels(m)["kind"] == "service" {
			assert.Equal(t, uint64(0), m.GetHistogram().GetBucket()[0].GetCumulativeCount())
			assert.Equal(t, uint64(100), m.GetHistogram().GetBucket()[1].GetCumulativeCount(), "1 ms is within 1 ms")
			found++
		}
		if labels(m)["kind"] != "response" || labels(m)["phase"] != "baseline" {
			continue
		}
		got := map[float64]uint64{}
		for _, b := range m.GetHistogram().GetBucket() {
			got[b.GetUpperBound()] = b.GetCumulativeCount()
		}
		assert.Equal(t, map[float64]uint64{
			0.0005: 0, 0.001: 0, 0.0025: 90, 0.005: 90, 0.01: 90, 0.025: 90, 0.05: 90, 0.1: 90,
			0.25: 100, 0.5: 100, 1: 100, 2.5: 100, 5: 100, 10: 100, 30: 100, 60: 100, math.Inf(1): 120,
		}, got)
		assert.Equal(t, uint64(120), m.GetHistogram().GetSampleCount())
		assert.InEpsilon(t, 90*0.002+10*0.2, m.GetHistogram().GetSampleSum(), 1e-3)
		found++
	}
	assert.Equal(t, 2, found)
}
