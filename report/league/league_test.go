package league

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/compare"
)

// ran is a run of 400 clients against 40 handshakes a second.
func ran(policy string, round int, t99, peak float64) Entry {
	e := Entry{Scenario: "blip", Policy: policy, About: "A blip.", Mu: 40, After: 27, Run: compare.Run{
		Name: fmt.Sprintf("%s-%d", policy, round), Policy: policy, Seed: uint64(round), Verdict: report.Pass,
		Measured: map[string]float64{
			"recovery.cleared.t50": t99 / 2, "recovery.cleared.t99": t99, "recovery.cleared.t100": t99, "recovery.floor": 9.9, "recovery.lost": 400,
			"recovery.t99": t99, "storm.peak_1s": peak, "storm.amp": 1.5, "storm.sync": 0.1, "messages.lost": 0, "recovery.unhealed": 0,
		},
	}}
	if math.IsInf(t99, 1) {
		e.Run.Verdict, e.Run.Measured["recovery.unhealed"] = report.Fail, 7
	}
	return e
}

func plan(rounds int, policies ...string) Plan {
	return Plan{Schema: Schema, Command: "wsheal trial blip", Scenarios: []string{"blip"}, Policies: policies, Rounds: rounds, Parallel: 1}
}

func TestFrontAndOrder(t *testing.T) {
	p := plan(1, "slow-calm", "quick", "beaten", "never", "window", "twin", "absent")
	p.Told = []string{"window"}
	invalid := ran("absent", 1, 1, 0.01)
	invalid.Run.Verdict, invalid.Run.Why = report.Invalid, "the machine was busy"
	table, err := Build(p, []Entry{
		ran("slow-calm", 1, 19.8, 0.05), ran("quick", 1, 11, 0.25), ran("beaten", 1, 12, 0.3), ran("never", 1, math.Inf(1), 0.01),
		ran("window", 1, 10, 0.1), ran("twin", 1, 11, 0.25), invalid,
	})
	require.NoError(t, err)
	s := table.Scenarios[0]
	var order, front []string
	for _, r := range s.Rows {
		order = append(order, r.Policy)
		if r.Front {
			front = append(front, r.Policy)
		}
	}
	assert.Equal(t, []string{"window", "quick", "twin", "beaten", "slow-calm", "never", "absent"}, order)
	assert.Equal(t, []string{"quick", "twin", "slow-calm"}, front, "who was told beats nobody, and who never came back neither")
	assert.EqualValues(t, 9.9, s.Floor)
	assert.InDelta(t, 0.9, float64(s.Rows[1].Efficiency.Mid), 1e-9)
	assert.InDelta(t, 0, float64(s.Rows[5].Efficiency.Mid), 0)
	assert.InDelta(t, 2.5, float64(s.Rows[1].Sigma.Mid), 1e-9)
	assert.Equal(t, report.Inconclusive, table.Verdict)
	assert.Equal(t, []string{"blip, absent: invalid: the machine was busy"}, table.Reasons)

	var out strings.Builder
	require.NoError(t, table.WriteText(&out, report.Style{Unicode: true}))
	for _, want := range []string{
		"? INCONCLUSIVE trial of 7 policies in 1 scenario, 1 round: 7 runs, of which 1 prove nothing",
		"F = 9.900 s: nobody takes 400 clients back sooner at 40/s.",
		"window (told)", "quick *", "> 27 s", "invalid: the machine was busy",
	} {
		assert.Contains(t, out.String(), want)
	}
	assert.Regexp(t, `(?m)^     never │.*f`, out.String(), "who never came back stands above the plot")
	assert.Regexp(t, `(?m)^ F 9\.900 s │ .*·`, out.String())

	out.Reset()
	require.NoError(t, table.WriteText(&out, report.Style{}))
	assert.NotRegexp(t, `[^\x00-\x7f]`, out.String())
	assert.Regexp(t, `(?m)^ F 9\.900 s \| .*-`, out.String())
	assert.NotContains(t, strings.TrimPrefix(out.String(), "?"), "?")

	var page strings.Builder
	require.NoError(t, table.WriteHTML(&page))
	assert.Contains(t, page.String(), "default-src &#39;none&#39;; style-src &#39;sha256-")
	assert.NotContains(t, page.String(), "<script")
	assert.NotRegexp(t, `(src|href)="[^d#]`, page.String(), "nothing is fetched")
	assert.Contains(t, page.String(), ">b quick</text>")
	assert.Contains(t, page.String(), `<th scope="row">quick *</th>`)
}

// Without a floor of the run's own, 99 % of the lost must come back.
func TestFloorOfSeveralFaults(t *testing.T) {
	e := ran("quick", 1, 19.8, 0.25)
	delete(e.Run.Measured, "recovery.floor")
	table, err := Build(plan(1, "quick"), []Entry{e})
	require.NoError(t, err)
	assert.EqualValues(t, 9.9, table.Scenarios[0].Floor)
	assert.EqualValues(t, 0.5, table.Scenarios[0].Rows[0].Efficiency.Mid)
	e.Mu = 0
	table, err = Build(plan(1, "quick"), []Entry{e})
	require.NoError(t, err)
	assert.Nil(t, table.Scenarios[0].plot(), "no capacity, no plot")
	assert.False(t, table.Scenarios[0].Rows[0].Efficiency.known())
	var out strings.Builder
	require.NoError(t, table.WriteJSON(&out))
	assert.Contains(t, out.String(), `"floor": null`)
}

func TestIntervalsAreThoseOfTheSignTest(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		values         []float64
		mid, low, high float64
		level          float64
	}{
		{[]float64{3}, 3, 0, 0, 0},
		{[]float64{5, 1, 4, 2, 3}, 3, 0, 0, 0}, // 2·2^-5 is more than 5 %
		{[]float64{6, 5, 1, 4, 2, 3}, 3.5, 1, 6, 1 - 2./64},
		{[]float64{9, 8, 7, 6, 5, 1, 4, 2, 3}, 5, 2, 8, 1 - 2*10./512},
		{[]float64{6, inf, 1, inf, inf, 3}, inf, 1, inf, 1 - 2./64},
	} {
		f := figureOf(c.values)
		assert.EqualValues(t, c.mid, f.Mid)
		assert.InDelta(t, c.level, f.Level, 1e-12)
		if c.level > 0 {
			assert.EqualValues(t, c.low, f.Low)
			assert.EqualValues(t, c.high, f.High)
		}
	}
	assert.False(t, figureOf(nil).known())
}

func TestFrontier(t *testing.T) {
	assert.InDelta(t, 20, frontier(10, 0.5), 0)
	assert.InDelta(t, 10, frontier(10, 1), 0)
	assert.InDelta(t, 10, frontier(10, 7), 0)
}

func TestGateIsJudgedAsCompareDoes(t *testing.T) {
	for _, c := range []struct {
		rounds int
		mine   float64
		want   report.Verdict
	}{{8, 10.1, report.Pass}, {8, 15, report.Fail}, {2, 10, report.Inconclusive}} {
		p := plan(c.rounds, "mine", "default")
		p.Gates, p.Rule.Metrics = []Gate{{"mine", "default"}}, []string{"recovery.t99"}
		var runs []Entry
		for round := range c.rounds {
			runs = append(runs, ran("mine", round, c.mine, 0.2), ran("default", round, 10, 0.2))
		}
		table, err := Build(p, runs)
		require.NoError(t, err)
		assert.Equal(t, c.want, table.Verdict)
		assert.Equal(t, c.want, table.Judged[0].Verdict)
		assert.Equal(t, c.want == report.Pass, len(table.Reasons) == 0)
	}
}

func TestPlansThatCannotBe(t *testing.T) {
	g, err := ParseGate(" mine  not worse than default ")
	require.NoError(t, err)
	assert.Equal(t, Gate{"mine", "default"}, g)
	_, err = ParseGate("mine better than default")
	assert.Error(t, err)
	for want, change := range map[string]func(*Plan){
		"schema 2: expected 1":                 func(p *Plan) { p.Schema = 2 },
		"1 scenarios, 1 policies, 0 rounds":    func(p *Plan) { p.Rounds = 0 },
		`"../x": expected a name`:              func(p *Plan) { p.Policies = []string{"../x"} },
		"theirs was told the capacity":         func(p *Plan) { p.Told = []string{"theirs"} },
		"theirs takes no part, expected one":   func(p *Plan) { p.Gates = []Gate{{"mine", "theirs"}} },
		`"mine not worse than mine": expected`: func(p *Plan) { p.Gates = []Gate{{"mine", "mine"}} },
		"margin -1: expected a share above 0":  func(p *Plan) { p.Rule.Margin = -1 },
		"the trial has no runs, expected 1":    func(*Plan) {},
	} {
		p := plan(1, "mine")
		change(&p)
		_, err := Build(p, nil)
		assert.ErrorContains(t, err, want)
	}
}
