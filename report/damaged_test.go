package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// What was killed: no end, half a line, and a line that was hit by something else.
func TestCutOff(t *testing.T) {
	p := small(t, 2, func(run *report.Run) { split(run); run.Gates = []string{"recovery.t99 < 8s"} })
	p.edge(2*sec, "split", "commanded")
	p.raw("{\"t\":2000000000,\"step\":{\"c\":\"zero\"}}\n")
	p.raw("\x00\x00\x00\n")
	p.lose(3*sec, 0, "half-open")
	p.raw(`{"t":3000000001,"step":{"c":1,"ge`)
	s := p.keep("cut-off")
	assert.Equal(t, "cut off", s.Ended.Reason)
	assert.Equal(t, 3*sec, s.Duration)
	assert.Equal(t, []string{
		"journal line 12: field step.c: expected int, got string; skipped",
		"journal line 13: not JSON at byte 1: invalid character '\\x00' looking for beginning of value; skipped",
		"journal line 15: cut off in the middle",
	}, s.Warnings)
	assert.Equal(t, report.Inconclusive, s.Verdict)
	assert.Equal(t, []string{
		"2 of the journal's lines cannot be read, and nobody knows what they say",
		"the run was cut off: the journal ends at 3 s without saying why",
		"fault split is not confirmed: unverifiable: the journal has no evidence of it",
		"gate recovery.t99 < 8s has no data: the run ended early",
	}, s.Reasons)
	assert.Equal(t, 1, s.Recovery.Lost)
}

// What a run that ended early had not reached yet it has not missed: its gates have no
// data, where those of a run that came to its end are broken.
func TestEndedTooEarlyToTell(t *testing.T) {
	build := func(reason string) *report.Summary {
		p := small(t, 2, func(run *report.Run) {
			split(run)
			run.Rate = 10
			run.Gates = []string{"recovery.t100 < 8s", "recovery.unhealed == 0", "messages.lost == 0", "storm.amp < 2", "clients.usable > 99%", "recovery.t50 < 1s"}
		})
		p.edge(2*sec, "split", "commanded")
		p.edge(2*sec, "split", "confirmed")
		p.lose(3*sec, 0, "half-open")
		p.step(4*sec, 0, "timer", "dialing", nil)
		p.load(4, map[string]report.LoadCount{"chaos": {Intended: 10, Acked: 9}}, nil)
		p.latencies(4, many{"response.chaos.control", 9, ms})
		p.write(report.Record{T: 5 * sec, End: &report.End{Reason: reason}})
		return p.build()
	}
	verdicts := func(s *report.Summary) (out []string) {
		for _, g := range s.Gates {
			out = append(out, g.Verdict)
		}
		return out
	}
	assert.Equal(t, []string{"fail", "fail", "fail", "fail", "fail", "pass"}, verdicts(build("complete")))
	assert.Equal(t, []string{"fail", "fail", "fail", "fail", "fail", "pass"}, verdicts(build("aborted")))
	s := build("interrupted")
	assert.Equal(t, []string{"no data", "no data", "no data", "no data", "no data", "pass"}, verdicts(s))
	assert.Equal(t, "the run ended early", s.Gates[0].Why)
	assert.Equal(t, int64(1), s.Lost["all"], "the counts are there to read")
}

// What is wrong many times over is told twenty times, and then counted.
func TestWarningsHaveAnEnd(t *testing.T) {
	p := small(t, 1, nil)
	for range 27 {
		p.edge(3*sec, "unknown", "commanded")
	}
	p.end(5 * sec)
	w := p.build().Warnings
	assert.Len(t, w, 21)
	assert.Equal(t, `journal line 27: fault "unknown" is not one of the run's; skipped`, w[19])
	assert.Equal(t, "and 7 more", w[20])
}

func TestNothingToReport(t *testing.T) {
	for _, c := range []struct{ journal, want string }{
		{"", "the journal is empty: expected a record of what was run in line 1"},
		{"\n\n", "the journal is empty: expected a record of what was run in line 1"},
		{"garbage\n", "nothing readable in the journal: line 1: not JSON at byte 1: invalid character 'g' looking for beginning of value"},
		{"[1,2]\ngarbage\n", "nothing readable in the journal: line 1: expected a record, an object, got array"},
		{`{"t":0,"run":[]}` + "\n", "nothing readable in the journal: line 1: field run: expected an object, got array"},
		{`{"t":0,"step":{"do":{}}}` + "\n", "nothing readable in the journal: line 1: field step.do: expected a list, got object"},
		{`{"t":0,"ru`, "nothing readable in the journal: line 1: cut off in the middle"},
		{"7\n" + `{"t":1,"phase":{"name":"warmup"}}` + "\n", "the journal does not begin with a record of what was run: line 1: expected a record, an object, got number"},
		{`{"t":1,"phase":{"name":"warmup"}}` + "\n", "the journal does not begin with a record of what was run: line 1 is a record of kind phase"},
		{`{"t":0,"run":{"schema":2}}` + "\n", "journal line 1: schema 2, expected 1: it was written by a newer wsheal"},
		{`{"t":0,"run":{}}` + "\n", "journal line 1: schema 0, expected 1"},
	} {
		s, err := report.Build(strings.NewReader(c.journal), strings.NewReader(""))
		assert.EqualError(t, err, c.want)
		assert.Nil(t, s)
	}
	_, err := report.Build(strings.NewReader(`{"t":0,"run":{"schema":7}}`), nil)
	var schema *report.SchemaError
	require.ErrorAs(t, err, &schema)
	assert.Equal(t, 7, schema.Got)
}

func TestTheClockGoesBack(t *testing.T) {
	p := small(t, 2, nil)
	p.begin(5*sec, "recovery")
	p.lose(9*sec, 0, "eof")
	p.begin(8900*ms, "verify") // neighbours may be out of order
	p.up(7*sec, 0, "timer", nil)
	p.end(10 * sec)
	s := p.build()
	assert.Empty(t, s.Warnings, "2 s: everything from there on is still held back")

	p = small(t, 2, nil)
	p.begin(5*sec, "recovery")
	p.lose(9*sec, 0, "eof")
	p.begin(11*sec, "verify")
	p.up(7*sec, 0, "timer", nil)
	p.end(12 * sec)
	s = p.build()
	require.Len(t, s.Warnings, 1)
	assert.Equal(t, "journal line 14: the clock went back by 2 s (3 records in all)", s.Warnings[0])
	assert.Equal(t, 2, s.Clients.Usable, "what went back is read all the same")
}

func TestRecordsThatCannotBe(t *testing.T) {
	p := small(t, 2, nil)
	p.step(3*sec, 2, "start", "dialing", nil)
	p.step(3*sec, -1, "start", "dialing", nil)
	p.write(report.Record{T: 10000 * sec, Note: &report.Note{Text: "from another run"}})
	p.write(report.Record{T: 3 * sec, Run: &report.Run{Schema: report.Schema}})
	p.edge(3*sec, "nobody", "commanded")
	p.end(4 * sec)
	s := p.build()
	assert.Equal(t, []string{
		"journal line 11: client 2, expected 0 to 1; skipped",
		"journal line 12: client -1, expected 0 to 1; skipped",
		"journal line 13: at 2 h 47 min, long after the run's plan ended; skipped",
		"journal line 14: a second run begins; what follows is read as if it were the first's",
		"journal line 15: fault \"nobody\" is not one of the run's; skipped",
	}, s.Warnings)
	assert.Equal(t, 4*sec, s.Duration)
}

// What lacks a field that tells one client, or one moment, from another is not read as if
// it were of client 0, or of the beginning; nor is a client down that is in no phase.
func TestRecordsThatLackSomething(t *testing.T) {
	p := small(t, 2, nil)
	for _, raw := range []string{
		`"step":{"gen":1,"ev":"lost","from":"ready","to":"waiting"}`,
		`"step":{"c":null,"gen":1,"ev":"lost","from":"ready","to":"waiting"}`,
		`"step":{"c":1,"ev":"lost","from":"ready","to":"waiting"}`,
		`"step":{"c":1,"gen":1,"from":"ready","to":"waiting"}`,
		`"step":{"c":1,"gen":1,"ev":"lost","to":"waiting"}`,
		`"step":{"c":1,"gen":1,"ev":"lost","from":"ready"}`,
		`"step":{}`,
		`"step":{"c":1,"gen":1,"ev":"lost","from":"ready","to":""}`,
		`"step":{"c":1,"gen":1,"ev":"lost","from":"ready","to":"Waiting"}`,
		`"step":{"c":1,"gen":1,"ev":"lost","from":"readier","to":"waiting"}`,
		`"phase":{}`,
	} {
		p.raw(`{"t":3000000000,` + raw + "}\n")
	}
	p.raw(`{"phase":{"name":"recovery"}}` + "\n")
	p.raw(`{"t":null,"phase":{"name":"recovery"}}` + "\n")
	p.end(4 * sec)
	s := p.build()
	assert.Equal(t, []string{
		"journal line 11: field step.c: expected a value, got nothing; skipped",
		"journal line 12: field step.c: expected a value, got nothing; skipped",
		"journal line 13: field step.gen: expected a value, got nothing; skipped",
		"journal line 14: field step.ev: expected a value, got nothing; skipped",
		"journal line 15: field step.from: expected a value, got nothing; skipped",
		"journal line 16: field step.to: expected a value, got nothing; skipped",
		"journal line 17: field step.c: expected a value, got nothing; skipped",
		"journal line 22: field t: expected ns since the run's start, got nothing; skipped",
		"journal line 23: field t: expected ns since the run's start, got nothing; skipped",
		`journal line 18: field step.to: expected a phase of a client, got ""; skipped`,
		`journal line 19: field step.to: expected a phase of a client, got "Waiting"; skipped`,
		`journal line 20: field step.from: expected a phase of a client, got "readier"; skipped`,
		"journal line 21: field phase.name: expected a name, got nothing; skipped",
	}, s.Warnings)
	assert.Equal(t, 2, s.Clients.Usable, "nobody was lost")
}

// Two runs in one journal are no run of either: what the files say of one would be told
// of the other.
func TestTwoRunsInOneJournal(t *testing.T) {
	p := small(t, 2, nil)
	p.up(2*sec, 1, "start", nil)
	p.end(10 * sec)
	require.Equal(t, report.Pass, p.build().Verdict)
	lines := int64(bytes.Count(p.journal.Bytes(), []byte("\n")))
	p.journal.Write(bytes.Clone(p.journal.Bytes()))
	s := p.build()
	assert.Equal(t, report.Inconclusive, s.Verdict)
	assert.Equal(t, []string{"the journal holds more than one run"}, s.Reasons)
	assert.Equal(t, fmt.Sprintf("journal line %d: a second run begins; what follows is read as if it were the first's", lines+1), s.Warnings[0])
}

// A line that cannot be read may have told of the one client that never healed.
func TestALineThatCannotBeRead(t *testing.T) {
	for name, line := range map[string]string{
		"not JSON":             `XX"t":3000000000,"note":{"text":"x"}}`,
		"a value out of range": `{"t":3000000000,"step":{"c":7,"gen":1,"ev":"lost","from":"ready","to":"waiting"}}`,
		"no kind of record":    `{"t":3000000000,"stfp":{"c":0}}`,
	} {
		p := small(t, 2, nil)
		p.raw(line + "\n")
		p.end(10 * sec)
		s := p.build()
		assert.Equal(t, report.Inconclusive, s.Verdict, name)
		assert.Equal(t, []string{"1 of the journal's lines cannot be read, and nobody knows what they say"}, s.Reasons, name)
		assert.Len(t, s.Warnings, 1, name)
	}
}

// A log with more answers than the journal counted is another run's, at least in part.
func TestTooManyLatencies(t *testing.T) {
	build := func(answers int) *report.Summary {
		p := small(t, 1, func(run *report.Run) { run.Rate, run.Gates = 1000, []string{"latency.p50 < 1s"} })
		p.load(4, map[string]report.LoadCount{"chaos": {Intended: 1000, Sent: 1000, Acked: 1000}}, nil)
		p.latencies(4, many{"response.chaos.control", answers, 5 * ms})
		p.end(10 * sec)
		return p.build()
	}
	assert.Empty(t, build(1010).Warnings)
	s := build(1011)
	assert.Equal(t, []string{"latency.hlog has 1,011 answers, 11 more than the journal counts"}, s.Warnings)
	assert.Equal(t, report.Pass, s.Verdict)

	p := small(t, 1, func(run *report.Run) { run.Rate = 1000 })
	p.latencies(4, many{"response.chaos.control", 11, 5 * ms})
	assert.Empty(t, p.build().Warnings, "of a run that was killed either file may be the longer one")
}

// A log that lost answers proves nothing about latency.
func TestIncompleteLatencies(t *testing.T) {
	build := func(answers int, gate string) *report.Summary {
		p := small(t, 1, func(run *report.Run) { run.Rate, run.Gates = 1000, []string{gate} })
		p.load(4, map[string]report.LoadCount{"chaos": {Intended: 1000, Sent: 1000, Acked: 1000}}, nil)
		p.latencies(4, many{"response.chaos.control", answers, 5 * ms})
		p.end(10 * sec)
		return p.build()
	}
	assert.Equal(t, report.Pass, build(990, "latency.p50 < 1s").Verdict)
	s := build(989, "latency.p50 < 1s")
	assert.Equal(t, report.Inconclusive, s.Verdict)
	assert.Equal(t, []string{"latency.hlog lacks 11 of the 1,000 answers that the journal counts"}, s.Reasons)
	s = build(989, "messages.lost == 0")
	assert.Equal(t, report.Pass, s.Verdict)
	assert.Equal(t, []string{"latency.hlog lacks 11 of the 1,000 answers that the journal counts"}, s.Warnings)
}

func TestWithoutLatencyLog(t *testing.T) {
	p := resetTape(t)
	s, err := report.Build(&p.journal, nil)
	require.NoError(t, err)
	assert.Contains(t, s.Warnings, "there is no latency.hlog")
	assert.NotContains(t, s.Values(), "latency.baseline.p50")
	assert.Contains(t, s.Unbounded, "latency.chaos.max", "the journal knows of the lost")
	assert.Equal(t, report.Inconclusive, s.Verdict)
}

func TestSameFilesSameBytes(t *testing.T) {
	p := resetTape(t)
	var first, second bytes.Buffer
	require.NoError(t, report.WriteJSON(&first, p.build()))
	for range 5 {
		second.Reset()
		require.NoError(t, report.WriteJSON(&second, p.build()))
		require.Equal(t, first.String(), second.String())
	}
}

// Runs longer than the timeline has points are drawn with coarser steps, and nothing is
// lost on the way.
func TestLongRun(t *testing.T) {
	p := newTape(t, report.Run{Clients: 1, Plan: []report.Planned{{Name: "baseline", To: 5000 * sec}}})
	p.begin(0, "baseline")
	p.up(0, 0, "start", nil)
	for at := int64(100); at < 5000; at += 100 {
		p.lose(at*sec, 0, "eof")
		p.step(at*sec+50*sec, 0, "timer", "dialing", nil)
		p.fail(at*sec+51*sec, 0, "refused", "waiting")
		p.up(at*sec+52*sec, 0, "timer", nil)
		if at != 3900 {
			continue
		}
		p.load(4000, map[string]report.LoadCount{"baseline": {Intended: 10, Acked: 10}}, nil)
	}
	p.end(5000 * sec)
	s := p.build()
	assert.Equal(t, 3200*ms, s.Timeline.Step) // 5000 s in at most 2000 steps of 100 ms times a power of two
	assert.Len(t, s.Timeline.Usable, 1563)
	assert.Equal(t, 99, sum(s.Timeline.Attempts))
	assert.Equal(t, 49, sum(s.Timeline.Failed))
	assert.Equal(t, 4*sec, s.Timeline.AckedStep)
	assert.Equal(t, 10., s.Timeline.Acked[999])
}

func sum(values []int) (n int) {
	for _, v := range values {
		n += v
	}
	return n
}
