package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// pushTape is a run of three clients to whom the target sends twice a second each: six in a
// second, none in the first second of the chaos and three in the next. One of them, client 2,
// hears nothing from 4 s on.
func pushTape(t *testing.T) *tape {
	p := newTape(t, report.Run{
		Scenario: "push", Policy: "by-hand", Clients: 3, Pattern: report.Push, Guarantee: "at-most-once", Hold: sec, Endpoints: []string{"blue"},
		Plan: []report.Planned{
			{Name: "warmup", To: sec},
			{Name: "baseline", From: sec, To: 4 * sec},
			{Name: "chaos", From: 4 * sec, To: 6 * sec},
			{Name: "recovery", From: 6 * sec, To: 9 * sec},
			{Name: "verify", From: 9 * sec, To: 11 * sec},
		},
		Faults: []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 4 * sec, Cohort: 3}},
		Gates:  []string{"push.silence < 8s", "messages.lost == 0", "gap.recovery.p50 < 1s"},
		Access: []report.Access{{Target: "blue", Headers: []string{"Authorization"}, Offered: []string{"v2", "v1"}, Subprotocol: "v1", Insecure: true}},
	})
	pushed := func(second int64, phase string, n int64, gaps ...many) {
		p.load(second, map[string]report.LoadCount{phase: {Pushed: n}}, nil)
		p.latencies(second, gaps...)
	}
	p.begin(0, "warmup")
	for client := range 3 {
		p.up(0, client, "start", nil)
	}
	pushed(1, "warmup", 60, many{"gap.warmup.f0", 60, 100 * ms})
	p.begin(sec, "baseline")
	for k := int64(2); k <= 4; k++ {
		pushed(k, "baseline", 6, many{"gap.baseline.f0", 6, 500 * ms})
		p.step(k*sec-10*ms, 0, "proved", "ready", func(s *report.Step) { s.RTT = k * ms })
	}
	p.begin(4*sec, "chaos")
	p.edge(4*sec, "cut", "commanded")
	p.edge(4*sec, "cut", "confirmed")
	for client := range 3 {
		p.lose(4*sec, client, "reset")
		p.up(5*sec-30*ms, client, "timer", nil)
	}
	pushed(5, "chaos", 0)
	pushed(6, "chaos", 3, many{"gap.chaos.f0", 2, 1500 * ms}, many{"gap.chaos.f0", 1, 500 * ms})
	p.begin(6*sec, "recovery")
	for k := int64(7); k <= 9; k++ {
		pushed(k, "recovery", 4, many{"gap.recovery.f0", 4, 500 * ms})
	}
	p.begin(9*sec, "verify")
	for k := int64(10); k <= 11; k++ {
		pushed(k, "verify", 4, many{"gap.verify.f0", 4, 500 * ms})
	}
	p.evidence(11*sec, "cut", "confirmed", "3 of 3 clients hit")
	p.write(report.Record{T: 11 * sec, Pushed: &report.Pushed{
		Tally: []report.Tally{{Messages: 18, Clients: 1}, {Messages: 17, Clients: 1}, {Messages: 6, Clients: 1}}, Silence: 7 * sec,
	}})
	p.end(11 * sec)
	return p
}

func TestWhatIsPushedIsCounted(t *testing.T) {
	s := pushTape(t).build()
	for name, want := range map[string]float64{
		"push.received": 18 + 3 + 12 + 8, "push.rate": 41. / 10,
		"push.fewest": 6, "push.median": 17, "push.most": 18, "push.unheard": 0, "push.silence": 7,
		"gap.baseline.max": 0.5, "gap.chaos.max": 1.5, "gap.max": 1.5,
		// 2, 3 and 4 ms.
		"ping.p50": 0.003, "ping.max": 0.004,
		// Six a second in the baseline; then none, three, and four from there on.
		"dip.depth": 1,
	} {
		got, ok := s.Metrics[name]
		assert.True(t, ok, name)
		assert.InEpsilon(t, want+1, got+1, 1e-3, name)
	}
	for _, name := range []string{"messages.lost", "messages.intended", "messages.acked", "latency.p50", "service.p50", "avail.msg", "avail.msg_1s", "budget.msg", "recovery.caught_up"} {
		assert.NotContains(t, s.Values(), name, "what is not measured is not 0")
	}
	assert.Empty(t, s.Lost)
	assert.Nil(t, s.Guarantee)
	verdicts := map[string]string{}
	for _, g := range s.Gates {
		verdicts[g.Text] = g.Verdict
	}
	assert.Equal(t, map[string]string{"push.silence < 8s": "pass", "messages.lost == 0": "no data", "gap.recovery.p50 < 1s": "pass"}, verdicts)
	assert.Contains(t, s.Gates[1].Why, "a load whose messages are answered")
	assert.Equal(t, report.Inconclusive, s.Verdict)

	text := plain(t, s)
	assert.Contains(t, text, "41 messages came, 4.1/s; a client got 6 to 18, median 17; the longest silence was 7 s")
	assert.Contains(t, text, "not measured")
	assert.Contains(t, text, "Pings 3 pings answered: p50 ")
	assert.Contains(t, text, "blue: headers Authorization; subprotocol v1 of v2, v1; certificate not verified")
	assert.NotContains(t, text, " intended")
	var page bytes.Buffer
	require.NoError(t, report.WriteHTML(&page, s))
	assert.Contains(t, page.String(), "Messages per second, from the targets")
	assert.Contains(t, page.String(), "certificate not verified")
	assert.NotContains(t, page.String(), "Messages lost")
}

// TestSilentTargetLosesNothing: what nobody answers is neither lost nor answered.
func TestSilentTargetLosesNothing(t *testing.T) {
	p := newTape(t, report.Run{
		Scenario: "silent", Policy: "by-hand", Clients: 1, Rate: 10, Pattern: report.Silent, Guarantee: "at-most-once", Hold: sec, Endpoints: []string{"blue"},
		Plan:  []report.Planned{{Name: "baseline", To: 3 * sec}},
		Gates: []string{"messages.lost == 0", "messages.intended >= 30", "messages.lost@baseline == 0", "messages.waited@baseline == 1"},
	})
	p.begin(0, "baseline")
	p.up(0, 0, "start", nil)
	for k := int64(1); k <= 3; k++ {
		p.load(k, map[string]report.LoadCount{"baseline": {Intended: 10, Sent: 10, Waited: k / 3}}, nil)
	}
	p.end(3 * sec)
	s := p.build()
	assert.Equal(t, 30., s.Metrics["messages.intended"])
	for _, name := range []string{"messages.lost", "messages.acked", "messages.rate", "messages.unsent", "latency.p50", "avail.msg", "push.received", "budget.msg"} {
		assert.NotContains(t, s.Values(), name)
	}
	assert.Empty(t, s.Lost)
	assert.Empty(t, s.Timeline.Acked, "no answers is not 0 answers a second")
	var verdicts []string
	for _, g := range s.Gates {
		verdicts = append(verdicts, g.Verdict)
	}
	assert.Equal(t, []string{"no data", "pass", "no data", "pass"}, verdicts)
	assert.Contains(t, plain(t, s), "30 sent of 30 intended, 1 waited for a connection; nothing is answered, so latency and loss are not measured")
}

// TestAnswersThatAreNoneAreNamed: a target that says something else is not one that is mute.
func TestAnswersThatAreNoneAreNamed(t *testing.T) {
	for pattern, want := range map[string]string{
		report.Echo:  "20 messages came, and none of them answers one of ours: does the target echo?",
		report.Reply: "20 messages came, and none of them answers one of ours: is load.correlate the field",
	} {
		p := newTape(t, report.Run{Clients: 1, Rate: 10, Pattern: pattern, Plan: []report.Planned{{Name: "baseline", To: 2 * sec}}})
		p.begin(0, "baseline")
		for k := int64(1); k <= 2; k++ {
			p.load(k, map[string]report.LoadCount{"baseline": {Intended: 10, Sent: 10, Pushed: 10}}, nil)
		}
		p.end(2 * sec)
		require.NotEmpty(t, p.build().Warnings)
		assert.Contains(t, p.build().Warnings[0], want)
	}
}

// TestTalliesThatCannotBe are skipped with a warning.
func TestTalliesThatCannotBe(t *testing.T) {
	for _, bad := range []report.Pushed{
		{Tally: []report.Tally{{Messages: 1, Clients: -1}}},
		{Tally: []report.Tally{{Messages: -1, Clients: 1}}},
		{Tally: []report.Tally{{Messages: 1, Clients: 1 << 62}}},
		{Silence: -1},
	} {
		p := newTape(t, report.Run{Clients: 1, Pattern: report.Push, Plan: []report.Planned{{Name: "baseline", To: 2 * sec}}})
		p.begin(0, "baseline")
		p.write(report.Record{T: sec, Pushed: &bad})
		p.end(2 * sec)
		s := p.build()
		require.NotEmpty(t, s.Warnings)
		assert.Contains(t, s.Warnings[0], "field pushed.")
		assert.Nil(t, s.Pushes.Client)
	}
}

// TestATallyOfNobody is no client that got 0 messages.
func TestATallyOfNobody(t *testing.T) {
	p := newTape(t, report.Run{Clients: 1, Pattern: report.Push, Plan: []report.Planned{{Name: "baseline", To: 2 * sec}}})
	p.begin(0, "baseline")
	p.write(report.Record{T: sec, Pushed: &report.Pushed{Silence: sec}})
	p.end(2 * sec)
	s := p.build()
	assert.Empty(t, s.Warnings)
	assert.Equal(t, sec, s.Pushes.Silence)
	assert.Nil(t, s.Pushes.Client)
	assert.NotContains(t, s.Metrics, "push.fewest")
}

func TestRounded(t *testing.T) {
	for n, want := range map[int64]int64{0: 0, 999: 999, 1000: 1000, 1004: 1000, 1005: 1010, 123_456: 123_000} {
		assert.Equal(t, want, report.Rounded(n))
	}
}

// plain is the report as text, on one line.
func plain(t *testing.T, s *report.Summary) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, report.WriteText(&out, s, report.Style{}))
	return strings.Join(strings.Fields(out.String()), " ")
}
