package report_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

func TestParseGate(t *testing.T) {
	for _, c := range []struct {
		text   string
		metric string
		op     string
		limit  float64
	}{
		{"recovery.t99 < 8s", "recovery.t99", "<", 8},
		{"  recovery.t99<=250ms ", "recovery.t99", "<=", 0.25},
		{"recovery.t99 >= 1m30s", "recovery.t99", ">=", 90},
		{"recovery.t99 > 0", "recovery.t99", ">", 0},
		{"latency.shift >= -5ms", "latency.shift", ">=", -0.005},
		{"storm.peak_1s < 40%", "storm.peak_1s", "<", 0.4},
		{"storm.peak_1s < 0.4", "storm.peak_1s", "<", 0.4},
		{"clients.usable >= 99.9 %", "clients.usable", ">=", 0.999},
		{"messages.lost == 0", "messages.lost", "==", 0},
		{"messages.lost != 1e3", "messages.lost", "!=", 1000},
		{"storm.amp < 1.5", "storm.amp", "<", 1.5},
		{"messages.rate > 2000/s", "messages.rate", ">", 2000},
		{"messages.rate > 2000", "messages.rate", ">", 2000},
	} {
		g, err := report.ParseGate(c.text)
		require.NoError(t, err)
		assert.Equal(t, c.metric, g.Metric)
		assert.Equal(t, c.op, g.Op)
		assert.InDelta(t, c.limit, g.Limit, 1e-15)
	}
	g, err := report.ParseGate("  a b ")
	require.Error(t, err)
	assert.Zero(t, g)
}

func TestParseGateErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                              `gate "": expected "metric op quantity" with op one of < <= > >= == !=, as in "recovery.t99 < 8s"`,
		"recovery.t99":                  `gate "recovery.t99": expected "metric op quantity" with op one of < <= > >= == !=, as in "recovery.t99 < 8s"`,
		"recovery.t99 = 8s":             `gate "recovery.t99 = 8s": expected one of < <= > >= == != after "recovery.t99"`,
		"recovery.t99 <":                `gate "recovery.t99 <": recovery.t99 is given "", expected a duration such as 8s or 250ms`,
		"recovery.t99 < 8":              `gate "recovery.t99 < 8": recovery.t99 is given "8", expected a duration such as 8s or 250ms`,
		"recovery.t99 < 40%":            `gate "recovery.t99 < 40%": recovery.t99 is given "40%", expected a duration such as 8s or 250ms`,
		"recovery.t99 << 8s":            `gate "recovery.t99 << 8s": recovery.t99 is given "< 8s", expected a duration such as 8s or 250ms`,
		"storm.peak_1s < 400ms":         `gate "storm.peak_1s < 400ms": storm.peak_1s is given "400ms", expected a share such as 40% or 0.4`,
		"storm.peak_1s < NaN":           `gate "storm.peak_1s < NaN": storm.peak_1s is given "NaN", expected a share such as 40% or 0.4`,
		"messages.lost == none":         `gate "messages.lost == none": messages.lost is given "none", expected a number such as 0 or 2.5`,
		"messages.lost < Inf":           `gate "messages.lost < Inf": messages.lost is given "Inf", expected a number such as 0 or 2.5`,
		"messages.lost < 0x10":          `gate "messages.lost < 0x10": messages.lost is given "0x10", expected a number such as 0 or 2.5`,
		"messages.rate > fast":          `gate "messages.rate > fast": messages.rate is given "fast", expected a rate such as 2000/s`,
		"recovery.t98 < 8s":             `gate "recovery.t98 < 8s": unknown metric "recovery.t98", did you mean recovery.t90?`,
		"latency.p999 < 8s":             `gate "latency.p999 < 8s": unknown metric "latency.p999", did you mean latency.p99?`,
		"mesages.lost == 0":             `gate "mesages.lost == 0": unknown metric "mesages.lost", did you mean messages.lost?`,
		"temperature < 8s":              "gate \"temperature < 8s\": unknown metric \"temperature\", expected one that `wsheal metrics` lists",
		"< 8s":                          "gate \"< 8s\": unknown metric \"\", expected one that `wsheal metrics` lists",
		"recovery.t99 < 8s and nothing": `gate "recovery.t99 < 8s and nothing": recovery.t99 is given "8s and nothing", expected a duration such as 8s or 250ms`,
	} {
		_, err := report.ParseGate(text)
		assert.EqualError(t, err, want)
	}
}

func TestJudge(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		gate    string
		value   float64
		verdict string
	}{
		{"recovery.t99 < 8s", 7.999, "pass"},
		{"recovery.t99 < 8s", 8, "fail"},
		{"recovery.t99 <= 8s", 8, "pass"},
		{"recovery.t99 > 8s", 8, "fail"},
		{"recovery.t99 >= 8s", 8, "pass"},
		{"messages.lost == 0", 0, "pass"},
		{"messages.lost == 0", 1, "fail"},
		{"messages.lost != 0", 1, "pass"},
		{"messages.lost != 0", 0, "fail"},
		{"recovery.t99 < 8s", inf, "fail"},
		{"recovery.t99 <= 8s", inf, "fail"},
		{"recovery.t99 == 8s", inf, "fail"},
		{"recovery.t99 < 8s", nan, "no data"},
		{"recovery.t99 != 8s", nan, "no data"},
	} {
		g, err := report.ParseGate(c.gate)
		require.NoError(t, err)
		res := g.Judge(map[string]float64{g.Metric: c.value})
		assert.Equal(t, c.verdict, res.Verdict, "%s at %v", c.gate, c.value)
		assert.Equal(t, math.IsInf(c.value, 0), res.Unbounded)
		assert.False(t, math.IsNaN(res.Value) || math.IsInf(res.Value, 0), "JSON can carry it")
		assert.Equal(t, c.gate, res.Text)
		assert.NotEmpty(t, res.Why)
	}
	// Whatever the operator, nothing known never passes.
	for _, op := range []string{"<", "<=", ">", ">=", "==", "!="} {
		g, err := report.ParseGate("messages.lost " + op + " 0")
		require.NoError(t, err)
		res := g.Judge(map[string]float64{"messages.dup": 0})
		assert.Equal(t, report.GateResult{Text: g.Text, Metric: "messages.lost", Unit: "count", Verdict: "no data", Why: "the run has no value for it"}, res)
		assert.Equal(t, "no data", g.Judge(nil).Verdict)
	}
	assert.Equal(t, "fail", report.Gate{Metric: "messages.lost", Op: "~"}.Judge(map[string]float64{"messages.lost": 0}).Verdict)
}

func TestMetricsAreDefined(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range report.Metrics() {
		assert.False(t, seen[m.Name], "%s is listed twice", m.Name)
		seen[m.Name] = true
		assert.Contains(t, []string{"s", "share", "count", "/s"}, m.Unit, m.Name)
		assert.NotEmpty(t, m.Source, m.Name)
		assert.True(t, len(m.About) > 20 && m.About[len(m.About)-1] == '.', "%s: %s", m.Name, m.About)
		got, ok := report.Lookup(m.Name)
		assert.True(t, ok)
		assert.Equal(t, m, got)
	}
	_, ok := report.Lookup("nonsense")
	assert.False(t, ok)
	for _, name := range []string{
		"recovery.t50", "recovery.commanded.t99", "recovery.cleared.t100", "recovery.client.p99", "detect.max", "storm.sync",
		"avail.time", "messages.resent", "latency.p99_9", "latency.settled.max", "latency.verify.p99", "latency.control_shift",
		"clients.usable", "harness.fds",
	} {
		assert.True(t, seen[name], name)
	}
	assert.False(t, seen["latency.warmup.p99"], "nothing is promised of the warmup")
}

// A summary without data has no metric at all: none is 0 by default.
func TestNoDataNoValue(t *testing.T) {
	p := newTape(t, report.Run{})
	s := p.build()
	assert.Empty(t, s.Metrics)
	assert.Empty(t, s.Unbounded)
	assert.Empty(t, s.Values())
}
