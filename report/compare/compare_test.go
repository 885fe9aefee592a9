package compare_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/compare"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var inf = math.Inf(1)

// arm makes one run per value of a metric, seeds from 1.
func arm(name, metric string, values ...float64) []compare.Run {
	var out []compare.Run
	for i, v := range values {
		out = append(out, compare.Run{
			Name: fmt.Sprintf("%s-%03d", name, i+1), Episode: "e", Policy: name, Version: "1", Host: "h",
			Seed: uint64(i + 1), Started: fmt.Sprintf("2026-01-01T00:00:%02dZ", i), Verdict: report.Pass,
			Measured: map[string]float64{metric: v},
		})
	}
	return out
}

// repeated is n values around one, each a little different.
func repeated(n int, v float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v * (1 + 0.001*float64(i-n/2))
	}
	return out
}

func one(t *testing.T, metric string, old, now []float64) (*compare.Comparison, compare.Change) {
	t.Helper()
	c, err := compare.Compare(arm("new", metric, now...), arm("old", metric, old...), nil, compare.Rule{Metrics: []string{metric}})
	require.NoError(t, err)
	require.Len(t, c.Changes, 1)
	return c, c.Changes[0]
}

func TestFindings(t *testing.T) {
	mixed := func(v float64, others ...float64) []float64 { return append(repeated(10-len(others), v), others...) }
	for _, c := range []struct {
		name     string
		metric   string
		old, now []float64
		verdict  report.Verdict
		finding  compare.Finding
	}{
		{"30 % slower", "recovery.t99", repeated(10, 1), repeated(10, 1.3), report.Fail, compare.Worse},
		{"30 % faster", "recovery.t99", repeated(10, 1), repeated(10, 0.7), report.Pass, compare.Better},
		{"5 % slower is within the margin", "recovery.t99", repeated(10, 1), repeated(10, 1.05), report.Pass, compare.NotWorse},
		{"the same", "recovery.t99", repeated(10, 1), repeated(10, 1), report.Pass, compare.NotWorse},
		{"five pairs prove nothing", "recovery.t99", repeated(5, 1), repeated(5, 9), report.Inconclusive, compare.Unproven},
		{"about the margin", "recovery.t99", repeated(10, 1), []float64{1, 1.3, 1, 1.2, 0.9, 1.3, 1.1, 1, 1.2, 1.1}, report.Inconclusive, compare.Unproven},
		{"never healed is longer than any", "recovery.t99", repeated(10, 1), mixed(inf), report.Fail, compare.Worse},
		{"of the old, too", "recovery.t99", mixed(inf), repeated(10, 1), report.Pass, compare.Better},
		{"once never is not proven", "recovery.t99", repeated(10, 1), mixed(1, inf), report.Inconclusive, compare.Unproven},
		{"where neither healed nobody knows", "recovery.t99", mixed(1, inf, inf, inf, inf, inf), mixed(1, inf, inf, inf, inf, inf), report.Inconclusive, compare.Unproven},
		{"zero against zero is the same", "recovery.t99", mixed(0), mixed(0), report.Pass, compare.NotWorse},
		{"something against zero", "recovery.t99", mixed(0), mixed(0.001), report.Fail, compare.Worse},
		{"availability is compared by what it lacks", "avail.time", mixed(0.999), mixed(0.998), report.Fail, compare.Worse},
		{"in either direction", "avail.time", mixed(0.998), mixed(0.999), report.Pass, compare.Better},
		{"a rate by its inverse", "messages.rate", repeated(10, 1000), repeated(10, 700), report.Fail, compare.Worse},
		{"nothing lost on either side", "messages.lost", mixed(0), mixed(0), report.Pass, compare.NotWorse},
		{"some lost where none were", "messages.lost", mixed(0), mixed(3), report.Fail, compare.Worse},
		{"once some is not proven", "messages.lost", mixed(0), mixed(0, 3), report.Inconclusive, compare.Unproven},
		{"a tenth more of many lost is within the margin", "messages.lost", repeated(10, 1000), repeated(10, 1050), report.Pass, compare.NotWorse},
		{"a shift may be below zero", "latency.shift", mixed(-0.001), mixed(0.001), report.Fail, compare.Worse},
	} {
		got, x := one(t, c.metric, c.old, c.now)
		assert.Equal(t, c.verdict, got.Verdict, c.name)
		assert.Equal(t, c.finding, x.Finding, "%s: %s", c.name, x.Why)
		var out bytes.Buffer
		require.NoError(t, compare.WriteJSON(&out, got), c.name)
	}
}

// Values by hand: six pairs, ratios 1.1, 1.2 … 1.6 times the old. Of their 21 Walsh
// averages of logarithms, which are those of sqrt(1.1 × 1.1) to sqrt(1.6 × 1.6), the 11th is
// that of 1.2 and 1.5; the interval of 96.9 % is the whole range.
func TestChangeByHand(t *testing.T) {
	_, x := one(t, "recovery.t50", []float64{1, 1, 1, 1, 1, 1}, []float64{1.1, 1.2, 1.3, 1.4, 1.5, 1.6})
	assert.InDelta(t, 0.1, float64(x.Low), 1e-12)
	assert.InDelta(t, 0.6, float64(x.High), 1e-12)
	assert.InDelta(t, 1-2.0/64, x.Level, 1e-12)
	assert.InDelta(t, math.Sqrt(1.2*1.5)-1, float64(x.Estimate), 1e-12)
	assert.Equal(t, compare.Number(1), x.Old)
	assert.InDelta(t, 1.35, float64(x.New), 1e-12)
	assert.True(t, math.IsNaN(float64(x.Noise)))
}

// Five metrics are five chances to be wrong: what is just proven alone is not among them.
func TestHolm(t *testing.T) {
	metrics := []string{"recovery.t50", "recovery.t90", "recovery.t99", "recovery.t100", "latency.p99"}
	var old, now []compare.Run
	for i := range 6 {
		o, n := arm("old", "recovery.t50", 1)[0], arm("new", "recovery.t50", 1.5)[0]
		o.Name, n.Name, o.Seed, n.Seed = fmt.Sprint("old", i), fmt.Sprint("new", i), uint64(i), uint64(i)
		for _, m := range metrics[1:] {
			o.Measured[m], n.Measured[m] = 1, 1
		}
		old, now = append(old, o), append(now, n)
	}
	alone, err := compare.Compare(now, old, nil, compare.Rule{Metrics: metrics[:1]})
	require.NoError(t, err)
	assert.Equal(t, report.Fail, alone.Verdict, "2^-6 is below 2.5 %")
	among, err := compare.Compare(now, old, nil, compare.Rule{Metrics: metrics})
	require.NoError(t, err)
	assert.Equal(t, report.Inconclusive, among.Verdict)
	assert.Equal(t, "beyond the margin, but not after correction for 5 metrics", among.Changes[0].Why)
	assert.True(t, math.IsNaN(float64(among.Changes[0].Detectable)), "so few pairs can show nothing then")
}

// One run that goes astray hides nothing of what the default number of pairs shows, also
// after correction for five metrics; of fewer than 15 pairs it does.
func TestOneRunAstray(t *testing.T) {
	metrics := []string{"recovery.t50", "recovery.t90", "recovery.t99", "recovery.t100", "latency.p99"}
	for pairs, want := range map[int]report.Verdict{10: report.Inconclusive, 14: report.Inconclusive, 15: report.Fail, compare.DefaultPairs: report.Fail} {
		var old, now []compare.Run
		for i := range pairs {
			o, n := arm("old", "recovery.t50", 1)[0], arm("new", "recovery.t50", 1.3)[0]
			o.Name, n.Name, o.Seed, n.Seed = fmt.Sprint("old", i), fmt.Sprint("new", i), uint64(i), uint64(i)
			for _, m := range metrics[1:] {
				o.Measured[m], n.Measured[m] = 1, 1
			}
			if i == 4 {
				o.Measured["recovery.t50"] = 3.5
			}
			old, now = append(old, o), append(now, n)
		}
		c, err := compare.Compare(now, old, nil, compare.Rule{Metrics: metrics})
		require.NoError(t, err)
		assert.Equal(t, want, c.Verdict, "%d pairs", pairs)
	}
}

// Where two runs of the old differ by more than the margin, nothing passes, and worse is
// only what is beyond that, too.
func TestNoiseFloor(t *testing.T) {
	old, quiet := arm("old", "recovery.t99", repeated(10, 1)...), arm("old", "recovery.t99", repeated(10, 1.02)...)
	loud := arm("old", "recovery.t99", repeated(10, 1.5)...)
	for i := range quiet {
		quiet[i].Name, loud[i].Name = fmt.Sprint("quiet", i), fmt.Sprint("loud", i)
	}
	for _, c := range []struct {
		again   []compare.Run
		now     float64
		verdict report.Verdict
	}{
		{quiet, 1, report.Pass},
		{quiet, 1.3, report.Fail},
		{loud, 1, report.Inconclusive},
		{loud, 1.3, report.Inconclusive},
		{loud, 1.6, report.Fail},
	} {
		got, err := compare.Compare(arm("new", "recovery.t99", repeated(10, c.now)...), old, c.again, compare.Rule{Metrics: []string{"recovery.t99"}})
		require.NoError(t, err)
		assert.Equal(t, c.verdict, got.Verdict, "%v, %v", c.now, got.Changes[0])
		assert.False(t, math.IsNaN(float64(got.Changes[0].Noise)))
		assert.Equal(t, 10, got.Again)
	}
	got, err := compare.Compare(arm("new", "recovery.t99", repeated(10, 1)...), old, loud[:3], compare.Rule{Metrics: []string{"recovery.t99"}})
	require.NoError(t, err)
	assert.Equal(t, report.Pass, got.Verdict)
	assert.Contains(t, got.Warnings, "3 pairs of old against old tell no noise floor: it takes 6")
}

func TestPairing(t *testing.T) {
	const metric = "recovery.t99"
	rule := compare.Rule{Metrics: []string{metric}}
	old, now := arm("old", metric, 1, 2, 3, 4, 5, 6, 7), arm("new", metric, 7, 6, 5, 4, 3, 2, 1)
	for i := range now {
		now[i].Seed = uint64(7 - i)
	}
	c, err := compare.Compare(now, old, nil, rule)
	require.NoError(t, err)
	assert.Equal(t, "seed", c.Paired)
	assert.InDelta(t, 0, float64(c.Changes[0].Low), 1e-12, "each run stands beside that of its seed")
	now[0].Seed = 99
	c, err = compare.Compare(now, old, nil, rule)
	require.NoError(t, err)
	assert.Equal(t, "order", c.Paired)
	assert.Equal(t, 7, c.Pairs)

	// What proves nothing is left out with its partner, and nothing passes without many.
	now = arm("new", metric, 1, 1, 1, 1, 1, 1, 1)
	old = arm("old", metric, 1, 1, 1, 1, 1, 1, 1)
	now[2].Verdict, now[2].Why = report.Invalid, "the CPU was starved"
	old[4].Verdict = report.Fail
	c, err = compare.Compare(now, old, nil, rule)
	require.NoError(t, err)
	assert.Equal(t, []int{6, 1}, []int{c.Pairs, c.LeftOut})
	assert.Equal(t, report.Inconclusive, c.Verdict)
	assert.Equal(t, []string{"1 of 7 pairs are left out, more than a tenth"}, c.Reasons)
	assert.Equal(t, []string{"1 pair left out: new-003 is invalid: the CPU was starved"}, c.Warnings)
}

func TestDoubts(t *testing.T) {
	old, now := arm("old", "recovery.t99", repeated(8, 1)...), arm("new", "recovery.t99", repeated(7, 1)...)
	for i := range now {
		now[i].Host, now[i].Started = "other", fmt.Sprintf("2026-01-02T00:00:%02dZ", i)
	}
	c, err := compare.Compare(now, old, nil, compare.Rule{})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"1 run had no partner",
		"the arms ran on different hosts, other and h: what differs between them is in the change",
		"all of one arm ran before all of the other: what changed on the machine meanwhile is in the change (wsheal run --against takes turns)",
	}, c.Warnings)
	require.Len(t, c.Changes, 1, "of the metrics that decide by default those that the runs have")
	assert.Equal(t, report.Pass, c.Verdict)
	c, err = compare.Compare(now, old, nil, compare.Rule{Metrics: []string{"recovery.t99", "recovery.t50"}})
	require.NoError(t, err)
	assert.Equal(t, report.Inconclusive, c.Verdict, "no data of what was asked for never passes")
	assert.Equal(t, compare.NoData, c.Changes[1].Finding)
	delete(now[3].Measured, "recovery.t99")
	c, err = compare.Compare(now, old, nil, compare.Rule{})
	require.NoError(t, err)
	assert.Equal(t, report.Inconclusive, c.Verdict)
	assert.Equal(t, []string{"recovery.t99: 1 of 7 pairs have no value of it on both sides"}, c.Reasons)
}

func TestWhatCannotBeCompared(t *testing.T) {
	good := func() []compare.Run { return arm("old", "recovery.t99", repeated(6, 1)...) }
	for want, change := range map[string]func(now, old []compare.Run, r *compare.Rule) ([]compare.Run, []compare.Run){
		"0 new and 6 old runs, expected some of both": func(_, old []compare.Run, _ *compare.Rule) ([]compare.Run, []compare.Run) { return nil, old },
		"new-001 and old-006 are not of one episode, so that they cannot be compared:\n  e\n  f": func(now, old []compare.Run, _ *compare.Rule) ([]compare.Run, []compare.Run) {
			old[5].Episode = "f"
			return now, old
		},
		"old-001 and old-002 stand on the same side, and are of old (1) and naive (1)": func(now, old []compare.Run, _ *compare.Rule) ([]compare.Run, []compare.Run) {
			old[1].Policy = "naive"
			return now, old
		},
		"run old-001 is there 2 times; expected each run once": func(_, old []compare.Run, _ *compare.Rule) ([]compare.Run, []compare.Run) { return old, old },
		"metric messages.intended cannot be compared: neither more nor less of it is better": func(now, old []compare.Run, r *compare.Rule) ([]compare.Run, []compare.Run) {
			r.Metrics = []string{"messages.intended"}
			return now, old
		},
		"unknown metric \"recovery\", expected one that `wsheal metrics` lists": func(now, old []compare.Run, r *compare.Rule) ([]compare.Run, []compare.Run) {
			r.Metrics = []string{"recovery"}
			return now, old
		},
		"metric recovery.t99 is named twice": func(now, old []compare.Run, r *compare.Rule) ([]compare.Run, []compare.Run) {
			r.Metrics = []string{"recovery.t99", "recovery.t99"}
			return now, old
		},
		"margin -0.1: expected a share above 0 and up to 10, such as 0.1": func(now, old []compare.Run, r *compare.Rule) ([]compare.Run, []compare.Run) {
			r.Margin = -0.1
			return now, old
		},
		"confidence 1: expected 0.5 or more and less than 1, such as 0.95": func(now, old []compare.Run, r *compare.Rule) ([]compare.Run, []compare.Run) {
			r.Confidence = 1
			return now, old
		},
	} {
		var rule compare.Rule
		now, old := change(arm("new", "recovery.t99", repeated(6, 1)...), good(), &rule)
		_, err := compare.Compare(now, old, nil, rule)
		assert.EqualError(t, err, want)
	}
}

// Every metric has a direction or is refused, and keeps it.
func TestEveryMetricIsDecidedOn(t *testing.T) {
	known := map[string]string{}
	if file, err := os.ReadFile("testdata/directions.txt"); assert.NoError(t, err) {
		for line := range strings.Lines(string(file)) {
			name, words, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			known[name] = words
		}
	}
	var text strings.Builder
	for _, m := range report.Metrics() {
		word := "less is better"
		_, x, err := verdict(m.Name, 0.5, 0.6)
		switch {
		case err != nil:
			word = "not compared"
		case x.Finding == compare.Better:
			word = "more is better"
		case x.Finding != compare.Worse:
			word = string(x.Finding)
		}
		words := strings.TrimSpace(x.Scale + " " + word)
		fmt.Fprintf(&text, "%s: %s\n", m.Name, words)
		if !*update {
			want, decided := known[m.Name]
			if !decided {
				t.Errorf("%s is new, and would be compared as: %s. Is that so? scale.go decides; then -update", m.Name, words)
				continue
			}
			assert.Equal(t, want, words, m.Name)
			delete(known, m.Name)
		}
	}
	if *update {
		golden(t, "directions.txt", text.String())
		return
	}
	assert.Empty(t, known, "metrics that are no more")
}

func verdict(metric string, old, now float64) (*compare.Comparison, compare.Change, error) {
	c, err := compare.Compare(arm("new", metric, repeated(10, now)...), arm("old", metric, repeated(10, old)...), nil, compare.Rule{Metrics: []string{metric}})
	if err != nil {
		return nil, compare.Change{}, err
	}
	return c, c.Changes[0], nil
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestRendering(t *testing.T) {
	metrics := []string{"recovery.t99", "storm.peak_1s", "messages.lost", "latency.p99", "avail.time", "recovery.efficiency"}
	var old, now, again []compare.Run
	for i := range 10 {
		d := 0.01 * float64(i-5)
		o := arm("old", "recovery.t99", 1+d)[0]
		n, a := arm("new|<b>![x](http://y/) @me ##[warning]", "recovery.t99", 1.3+d)[0], arm("old", "recovery.t99", 1.01+d)[0]
		o.Name, n.Name, a.Name = fmt.Sprint("o", i), fmt.Sprint("n", i), fmt.Sprint("a", i)
		o.Seed, n.Seed, a.Seed = uint64(i), uint64(i), uint64(i)
		for j, m := range metrics[1:5] {
			o.Measured[m], n.Measured[m], a.Measured[m] = 0.5+d, 0.5-d*float64(j), 0.5+d*float64(j)
		}
		o.Measured["messages.lost"], n.Measured["messages.lost"], a.Measured["messages.lost"] = 0, float64(i/8), 0
		n.Measured["latency.p99"] = inf
		old, now, again = append(old, o), append(now, n), append(again, a)
	}
	c, err := compare.Compare(now, old, again, compare.Rule{Metrics: metrics})
	require.NoError(t, err)
	var text, ascii, markdown, js bytes.Buffer
	require.NoError(t, compare.WriteText(&text, c, report.Style{Unicode: true}))
	require.NoError(t, compare.WriteText(&ascii, c, report.Style{}))
	require.NoError(t, compare.WriteMarkdown(&markdown, c))
	require.NoError(t, compare.WriteJSON(&js, c))
	golden(t, "fail.txt", text.String())
	golden(t, "fail.md", markdown.String())
	golden(t, "fail.json", js.String())
	for _, b := range ascii.Bytes() {
		require.Less(t, b, byte(0x80))
	}
	assert.NotRegexp(t, `[^\\]<b>|[^\\]!\[|[^\\]\]\(|@m|[^\\]#\[|[^\\]://`, markdown.String(), "names are no markup")
	var back compare.Comparison
	require.NoError(t, json.Unmarshal(js.Bytes(), &back))
}
