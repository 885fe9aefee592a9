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

func TestParseGateAgainstMetrics(t *testing.T) {
	for text, want := range map[string]report.Gate{
		"recovery.t99 < 3 * recovery.floor":              {Metric: "recovery.t99", Op: "<", Terms: []report.Term{{Factor: 3, Metric: "recovery.floor"}}},
		"recovery.t99 < recovery.floor * 1.5":            {Metric: "recovery.t99", Op: "<", Terms: []report.Term{{Factor: 1.5, Metric: "recovery.floor"}}},
		"recovery.t99<=recovery.floor_noticed":           {Metric: "recovery.t99", Op: "<=", Terms: []report.Term{{Factor: 1, Metric: "recovery.floor_noticed"}}},
		"recovery.t99 < max(2s, 3*recovery.floor)":       {Metric: "recovery.t99", Op: "<", Terms: []report.Term{{Factor: 2}, {Factor: 3, Metric: "recovery.floor"}}},
		"storm.peak_1s < max(40%, 2 * storm.peak_100ms)": {Metric: "storm.peak_1s", Op: "<", Terms: []report.Term{{Factor: 0.4}, {Factor: 2, Metric: "storm.peak_100ms"}}},
		"recovery.t99 < max(8s)":                         {Metric: "recovery.t99", Op: "<", Limit: 8},
		"recovery.t99@cut < 8s":                          {Metric: "recovery.t99", Of: "cut", Op: "<", Limit: 8},
		"recovery.t99@cut < 2 * recovery.t99@split":      {Metric: "recovery.t99", Of: "cut", Op: "<", Terms: []report.Term{{Factor: 2, Metric: "recovery.t99", Of: "split"}}},
		"messages.lost@chaos == 0":                       {Metric: "messages.lost", Of: "chaos", Op: "==", Limit: 0},
		"clients.usable >= 50% or abort":                 {Metric: "clients.usable", Op: ">=", Limit: 0.5, Abort: true},
		"recovery.cleared.t99 < 8s or abort":             {Metric: "recovery.cleared.t99", Op: "<", Limit: 8, Abort: true},
		"latency.chaos.p99 < 2s or abort":                {Metric: "latency.chaos.p99", Op: "<", Limit: 2, Abort: true},
	} {
		want.Text = text
		got, err := report.ParseGate(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestParseGateErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       `gate "": expected "metric op quantity" with op one of < <= > >= == !=, as in "recovery.t99 < 8s"`,
		"recovery.t99":                           `gate "recovery.t99": expected "metric op quantity" with op one of < <= > >= == !=, as in "recovery.t99 < 8s"`,
		"recovery.t99 = 8s":                      `gate "recovery.t99 = 8s": expected one of < <= > >= == != after "recovery.t99"`,
		"recovery.t99 <":                         `gate "recovery.t99 <": recovery.t99 is given "", expected a duration such as 8s or 250ms`,
		"recovery.t99 < 8":                       `gate "recovery.t99 < 8": recovery.t99 is given "8", expected a duration such as 8s or 250ms`,
		"recovery.t99 < 40%":                     `gate "recovery.t99 < 40%": recovery.t99 is given "40%", expected a duration such as 8s or 250ms`,
		"recovery.t99 << 8s":                     `gate "recovery.t99 << 8s": recovery.t99 is given "< 8s", expected a duration such as 8s or 250ms`,
		"storm.peak_1s < 400ms":                  `gate "storm.peak_1s < 400ms": storm.peak_1s is given "400ms", expected a share such as 40% or 0.4`,
		"storm.peak_1s < NaN":                    `gate "storm.peak_1s < NaN": storm.peak_1s is given "NaN", expected a share such as 40% or 0.4`,
		"messages.lost == none":                  `gate "messages.lost == none": messages.lost is given "none", expected a number such as 0 or 2.5`,
		"messages.lost < Inf":                    `gate "messages.lost < Inf": messages.lost is given "Inf", expected a number such as 0 or 2.5`,
		"messages.lost < 0x10":                   `gate "messages.lost < 0x10": messages.lost is given "0x10", expected a number such as 0 or 2.5`,
		"messages.rate > fast":                   `gate "messages.rate > fast": messages.rate is given "fast", expected a rate such as 2000/s`,
		"recovery.t98 < 8s":                      `gate "recovery.t98 < 8s": unknown metric "recovery.t98", did you mean recovery.t90?`,
		"latency.p999 < 8s":                      `gate "latency.p999 < 8s": unknown metric "latency.p999", did you mean latency.p99?`,
		"mesages.lost == 0":                      `gate "mesages.lost == 0": unknown metric "mesages.lost", did you mean messages.lost?`,
		"temperature < 8s":                       "gate \"temperature < 8s\": unknown metric \"temperature\", expected one that `wsheal metrics` lists",
		"< 8s":                                   "gate \"< 8s\": unknown metric \"\", expected one that `wsheal metrics` lists",
		"recovery.t99 < 8s and nothing":          `gate "recovery.t99 < 8s and nothing": recovery.t99 is given "8s and nothing", expected a duration such as 8s or 250ms`,
		"recovery.t99 < 0 * recovery.floor":      `gate "recovery.t99 < 0 * recovery.floor": recovery.t99 is given "0 * recovery.floor", expected a factor above 0 and a metric, as in 3 * recovery.floor`,
		"recovery.t99 < 2s * recovery.floor":     `gate "recovery.t99 < 2s * recovery.floor": recovery.t99 is given "2s * recovery.floor", expected a factor above 0 and a metric, as in 3 * recovery.floor`,
		"recovery.t99 < 3 * recovery.flor":       `gate "recovery.t99 < 3 * recovery.flor": unknown metric "recovery.flor", did you mean recovery.floor?`,
		"recovery.t99 < 3 * storm.amp":           `gate "recovery.t99 < 3 * storm.amp": recovery.t99 is given storm.amp, expected a metric in the same unit: "s", not "count"`,
		"recovery.t99 < max(2s, 3":               `gate "recovery.t99 < max(2s, 3": recovery.t99 is given "max(2s, 3", expected a ) at its end`,
		"recovery.t99 < max(2s,)":                `gate "recovery.t99 < max(2s,)": recovery.t99 is given "", expected a duration such as 8s or 250ms`,
		"recovery.t99@ < 2s":                     `gate "recovery.t99@ < 2s": recovery.t99@: expected the name of a fault or a phase after @`,
		"storm.sync@cut < 1":                     `gate "storm.sync@cut < 1": storm.sync is told of the whole run, expected it without @cut`,
		"messages.lost@cut == 0":                 `gate "messages.lost@cut == 0": messages.lost is told by phase, expected one of warmup, baseline, chaos, recovery, verify after @, got "cut"`,
		"messages.lost == 0 or abort":            `gate "messages.lost == 0 or abort": messages.lost cannot end a run: expected clients.usable, recovery.t50 to t100 (also commanded and cleared), storm.peak_100ms, storm.peak_1s, messages.dup, or the latency of a phase`,
		"clients.usable < 50% or abort":          `gate "clients.usable < 50% or abort": clients.usable cannot end a run: expected a lower limit, > or >=`,
		"recovery.t99 > 8s or abort":             `gate "recovery.t99 > 8s or abort": recovery.t99 cannot end a run: expected an upper limit, < or <=`,
		"recovery.t99@cut < 8s or abort":         `gate "recovery.t99@cut < 8s or abort": recovery.t99@cut cannot end a run: expected a metric of the whole run`,
		"recovery.t99 < 2 * detect.max or abort": `gate "recovery.t99 < 2 * detect.max or abort": a gate that ends the run is held against a quantity, as in recovery.t99 < 8s or abort`,
	} {
		_, err := report.ParseGate(text)
		assert.EqualError(t, err, want)
	}
}

func TestJudgeAgainstMetrics(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		gate    string
		floor   float64 // NaN: no value
		value   float64
		verdict string
		limit   float64
		why     string
	}{
		{"recovery.t99 < 3 * recovery.floor", 1, 2.9, "pass", 3, "it was 2.900 s; the limit is 3 s, 3 * recovery.floor (1 s)"},
		{"recovery.t99 < 3 * recovery.floor", 1, 3, "fail", 3, "it was 3 s; the limit is 3 s, 3 * recovery.floor (1 s)"},
		{"recovery.t99 < recovery.floor", 4, 3, "pass", 4, "it was 3 s; the limit is 4 s, recovery.floor"},
		{"recovery.t99 < 3 * recovery.floor", math.NaN(), 3, "no data", 0, "the limit has no value: the run has none for recovery.floor"},
		{"recovery.t99 < 3 * recovery.floor", inf, 3, "no data", 0, "the limit has no finite value: recovery.floor: not reached and held by the end of the run"},
		{"recovery.t99 < 3 * recovery.floor", 1, inf, "fail", 3, "not reached and held by the end of the run; the limit is 3 s, 3 * recovery.floor (1 s)"},
		{"recovery.t99 < max(2s, 3 * recovery.floor)", 0.5, 1.9, "pass", 2, "it was 1.900 s; the limit is 2 s"},
		{"recovery.t99 < max(2s, 3 * recovery.floor)", 1, 2.9, "pass", 3, "it was 2.900 s; the limit is 3 s, 3 * recovery.floor (1 s)"},
		// Whatever the floor is, the limit is 2 s or more.
		{"recovery.t99 < max(2s, 3 * recovery.floor)", math.NaN(), 1.9, "pass", 2, "it was 1.900 s; the limit is 2 s"},
		{"recovery.t99 < max(2s, 3 * recovery.floor)", math.NaN(), 2.1, "no data", 0, "the limit has no value: the run has none for recovery.floor"},
		{"recovery.t99 >= max(2s, 3 * recovery.floor)", math.NaN(), 1.9, "fail", 2, "it was 1.900 s; the limit is 2 s"},
		{"recovery.t99 >= max(2s, 3 * recovery.floor)", math.NaN(), 9, "no data", 0, "the limit has no value: the run has none for recovery.floor"},
		{"recovery.t99 == max(2s, 3 * recovery.floor)", math.NaN(), 2, "no data", 0, "the limit has no value: the run has none for recovery.floor"},
	} {
		g, err := report.ParseGate(c.gate)
		require.NoError(t, err)
		values := map[string]float64{"recovery.t99": c.value, "recovery.floor": c.floor}
		res := g.Judge(values)
		assert.Equal(t, c.verdict, res.Verdict, "%s at %v", c.gate, c.value)
		assert.Equal(t, c.why, res.Why)
		assert.InDelta(t, c.limit, res.Limit, 1e-12)
		assert.False(t, math.IsNaN(res.Limit) || math.IsInf(res.Limit, 0), "JSON can carry it")
	}
	g, err := report.ParseGate("recovery.t99@cut < recovery.t99@split")
	require.NoError(t, err)
	assert.Equal(t, []string{"recovery.t99@cut", "recovery.t99@split"}, g.Metrics())
	assert.Equal(t, "pass", g.Judge(map[string]float64{"recovery.t99@cut": 1, "recovery.t99@split": 2}).Verdict)
	assert.Equal(t, "no data", g.Judge(map[string]float64{"recovery.t99": 1, "recovery.t99@split": 2}).Verdict)
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
