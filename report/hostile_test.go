package report_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// A run that was killed at any byte of its files has a report, which says so and claims
// nothing that only the end can tell.
func TestCutOffAnywhere(t *testing.T) {
	p := failoverTape(t)
	whole := p.journal.Bytes()
	header := bytes.IndexByte(whole, '\n') + 1
	for n := header; n < len(whole)-2; n += 29 {
		s, err := report.Build(bytes.NewReader(whole[:n]), nil)
		require.NoError(t, err)
		require.Equal(t, "cut off", s.Ended.Reason, "at byte %d", n)
		require.Equal(t, report.Inconclusive, s.Verdict)
		require.Contains(t, s.Reasons[0], "the run was cut off")
		require.Empty(t, s.Unbounded)
		for _, name := range []string{"recovery.unhealed", "recovery.waited", "clients.usable", "balance.after", "storm.metastable"} {
			require.NotContains(t, s.Values(), name, "at byte %d", n)
		}
		var out bytes.Buffer
		require.NoError(t, report.WriteText(&out, s, report.Style{Width: 80}))
		require.NoError(t, report.WriteHTML(&out, s))
	}
	for n := range header - 1 {
		_, err := report.Build(bytes.NewReader(whole[:n]), nil)
		require.Error(t, err, "at byte %d", n)
	}
}

// Two processes that write one file by mistake, line by line or in the middle of lines.
func TestInterleavedJournals(t *testing.T) {
	a, b := failoverTape(t).journal.String(), dipTape(t).journal.String()
	lines := func(s string) []string { return strings.SplitAfter(s, "\n") }
	var whole strings.Builder
	for i := range max(len(lines(a)), len(lines(b))) {
		for _, of := range [][]string{lines(a), lines(b)} {
			if i < len(of) {
				whole.WriteString(of[i])
			}
		}
	}
	s, err := report.Build(strings.NewReader(whole.String()), nil)
	require.NoError(t, err)
	assert.Equal(t, report.Inconclusive, s.Verdict)
	assert.Equal(t, "the journal holds more than one run", s.Reasons[0])

	var torn strings.Builder
	torn.WriteString(lines(a)[0])
	for i, rest := 0, a[len(lines(a)[0]):]; len(rest) > 0 && i < len(b); i += 100 {
		n := min(len(rest), 130)
		torn.WriteString(rest[:n] + b[i:min(len(b), i+100)])
		rest = rest[n:]
	}
	s, err = report.Build(strings.NewReader(torn.String()), nil)
	require.NoError(t, err)
	assert.NotEqual(t, report.Pass, s.Verdict)
	require.NotEmpty(t, s.Warnings)
	assert.Regexp(t, `^journal line \d+: .*; skipped$`, s.Warnings[0])
}

// What a later wsheal writes is refused by its schema, not half read: also where the rest
// of the record no longer means what it does now.
func TestJournalFromTheFuture(t *testing.T) {
	for _, line := range []string{
		`{"t":0,"run":{"schema":2,"clients":{"count":5},"plan":"later"}}`,
		`{"t":"2026-01-02T03:04:05Z","run":{"schema":2}}`,
	} {
		s, err := report.Build(strings.NewReader(line+"\n"), nil)
		assert.EqualError(t, err, "journal line 1: schema 2, expected 1: it was written by a newer wsheal")
		assert.Nil(t, s)
	}
	// A kind of record that is not known is told; a field that is not known is left out.
	p := small(t, 1, nil)
	p.raw(`{"t":3000000000,"teleport":{"c":0}}` + "\n" + `{"t":3000000000,"note":{"text":"x","tone":"blue"}}` + "\n")
	p.end(4 * sec)
	s := p.build()
	assert.Equal(t, []string{"journal line 8: no kind of record that this wsheal knows; skipped"}, s.Warnings)

	p = resetTape(t)
	log := strings.Replace(p.hlog.String(), "format version 1.3", "format version 2.0", 1)
	s, err := report.Build(&p.journal, strings.NewReader(log))
	require.NoError(t, err)
	assert.Contains(t, s.Warnings, `latency.hlog has format version "2.0", this wsheal reads versions 1.x; the rest is missing`)
	assert.NotContains(t, s.Values(), "latency.baseline.p50")
	assert.NotContains(t, s.Values(), "avail.msg_1s")
	assert.Equal(t, report.Inconclusive, s.Verdict)
}

// A journal whose clock only runs backwards is read, and says so.
func TestTheClockRunsBackwards(t *testing.T) {
	lines := strings.SplitAfter(strings.TrimSuffix(failoverTape(t).journal.String(), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	slices.Reverse(lines[1:])
	s, err := report.Build(strings.NewReader(strings.Join(lines, "")), nil)
	require.NoError(t, err)
	assert.Equal(t, 12*sec, s.Duration)
	assert.Regexp(t, `^journal line \d+: the clock went back by \d+\.\d+ s \(\d+ records in all\)$`, s.Warnings[len(s.Warnings)-1])
	assert.Equal(t, report.Inconclusive, s.Verdict)
	assert.Regexp(t, `^the clock of the journal went back by \d+\.\d+ s, so that nobody knows what came first$`, s.Reasons[0])
}

// Values that cannot be are told and left out; they do not turn into others.
func TestValuesThatCannotBe(t *testing.T) {
	for run, want := range map[string]string{
		`"clients":-3`: "field run.clients: expected 0 or more, got -3",
		`"rate":-0.5`:  "field run.rate: expected 0 or more, got -0.5",
		`"hold":-1`:    "field run.hold: expected 0 or more, got -1",
		`"mu":-10`:     "field run.mu: expected 0 or more, got -10",
	} {
		_, err := report.Build(strings.NewReader(`{"t":0,"run":{"schema":1,`+run+`}}`+"\n"), nil)
		assert.EqualError(t, err, "the journal's record of what was run: "+want)
	}
	p := small(t, 1, func(run *report.Run) { run.Rate = 10 })
	for _, raw := range []string{
		`"load":{"from":4000000001,"phases":{}}`,
		`"load":{"from":-1,"phases":{}}`,
		`"load":{"from":3000000000,"phases":{"chaos":{"intended":-1}}}`,
		`"load":{"from":3000000000,"phases":{"chaos":{"acked":9223372036854775807}}}`,
		`"load":{"from":3000000000,"phases":{},"on_usable":-5}`,
		`"load":{"from":3000000000,"phases":{"chaos":{"intended":1e30}}}`,
		`"harness":{"process":"engine","tick_p99":-5}`,
	} {
		p.raw(`{"t":4000000000,` + raw + "}\n")
	}
	p.end(5 * sec)
	s := p.build()
	assert.Equal(t, []string{
		"journal line 13: field load.phases.intended: expected int64, got number 1e30; skipped",
		"journal line 8: field load.from: expected 0 to 4000000000, the interval's end, got 4000000001; skipped",
		"journal line 9: field load.from: expected 0 to 4000000000, the interval's end, got -1; skipped",
		`journal line 10: field load.phases: "chaos" has a count that no interval can have; skipped`,
		`journal line 11: field load.phases: "chaos" has a count that no interval can have; skipped`,
		"journal line 12: field load: expected counts of 0 or more, got -5 on usable connections, 0 late; skipped",
		`journal line 14: field harness: process "engine" has a value below 0; skipped`,
	}, s.Warnings)
	for _, name := range []string{"messages.intended", "messages.lost", "avail.msg", "harness.tick_p99", "dip.depth"} {
		assert.NotContains(t, s.Values(), name)
	}
}

// Of each count the highest that is believed is so, and one more is not.
func TestTheHighestCounts(t *testing.T) {
	const most = int64(1e12)
	for _, c := range []struct {
		load  report.Load
		sound bool
	}{
		{report.Load{OnUsable: most, LateOver: most}, true},
		{report.Load{OnUsable: most + 1}, false},
		{report.Load{LateOver: most + 1}, false},
		{report.Load{LateOver: -1}, false},
		{report.Load{Phases: map[string]report.LoadCount{"chaos": {Acked: 2 * most, Dropped: -most}}}, true},
		{report.Load{Phases: map[string]report.LoadCount{"chaos": {Acked: 2*most + 1}}}, false},
		{report.Load{Phases: map[string]report.LoadCount{"chaos": {Dropped: -most - 1}}}, false},
	} {
		p := small(t, 1, nil)
		c.load.From = 3 * sec
		p.write(report.Record{T: 4 * sec, Load: &c.load})
		p.end(5 * sec)
		skipped := slices.ContainsFunc(p.build().Warnings, func(w string) bool { return strings.Contains(w, "field load") })
		assert.Equal(t, c.sound, !skipped, "%+v", c.load)
	}
}

// An interval of no length is no second of the timeline.
func TestAnIntervalOfNoLength(t *testing.T) {
	p := small(t, 1, func(run *report.Run) { run.Rate = 10 })
	p.load(3, map[string]report.LoadCount{"chaos": {Intended: 10, Sent: 10, Acked: 10}}, nil)
	p.write(report.Record{T: 5 * sec, Load: &report.Load{From: 5 * sec, Phases: map[string]report.LoadCount{"chaos": {Intended: 10, Sent: 10, Acked: 10}}}})
	p.end(6 * sec)
	s := p.build()
	assert.Equal(t, []float64{0, 0, 10}, s.Timeline.Acked)
	assert.EqualValues(t, 20, s.Messages["all"].Acked)
}

// endless is a journal that is made while it is read, and never held: n rounds of a storm
// in which every client dials, fails and waits. It looks at the heap as it goes.
type endless struct {
	buf     bytes.Buffer
	rounds  int64
	round   int64
	clients int
	length  int
	highest uint64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.buf.Len() == 0 {
		if e.round == e.rounds {
			return 0, io.EOF
		}
		for c := range e.clients {
			at := 2*sec + e.round*50*ms
			fmt.Fprintf(&e.buf, `{"t":%d,"step":{"c":%d,"gen":1,"ev":"timer","from":"waiting","to":"dialing","do":[{"a":"dial","gen":1}]}}`+"\n", at, c)
			fmt.Fprintf(&e.buf, `{"t":%d,"step":{"c":%d,"gen":1,"ev":"failed","cause":"refused","from":"dialing","to":"waiting"}}`+"\n", at+ms, c)
		}
		e.length += e.buf.Len()
		if e.round++; e.round%(e.rounds/8) == 0 {
			e.highest = max(e.highest, heap())
		}
	}
	return e.buf.Read(p)
}

// heap is how much of it is in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A journal of any length is read in memory that follows its clients and seconds: of one
// of 4 MB, what a second of it has is held.
func TestJournalLargerThanMemory(t *testing.T) {
	p := newTape(t, report.Run{Clients: 10, Hold: sec, Endpoints: []string{"blue"}, Faults: []report.Intended{{Name: "cut", At: sec, For: 1}}})
	p.begin(0, "baseline")
	for i := range 10 {
		p.up(0, i, "start", nil)
	}
	p.edge(sec, "cut", "commanded")
	p.edge(sec, "cut", "confirmed")
	p.edge(sec+1, "cut", "cleared")
	for i := range 10 {
		p.lose(sec, i, "reset")
	}
	e := &endless{rounds: 2000, clients: 10}
	before := heap()
	s, err := report.Build(io.MultiReader(bytes.NewReader(p.journal.Bytes()), e), nil)
	require.NoError(t, err)
	assert.Equal(t, 20_000, s.Storm.Collateral)
	assert.Equal(t, "cut off", s.Ended.Reason)
	assert.Greater(t, e.length, 4_000_000)
	assert.Less(t, int64(e.highest)-int64(before), int64(2_500_000))
}

// Names without end do not make rows without end.
func TestNamesWithoutEnd(t *testing.T) {
	p := small(t, 1, func(run *report.Run) { run.Rate = 10 })
	p.begin(3*sec, "recovery")
	for i := range 3000 {
		at := 3*sec + int64(i)*ms
		p.raw(fmt.Sprintf(`{"t":%d,"step":{"c":0,"gen":1,"ev":"lost","cause":"c%d","from":"ready","to":"waiting"}}`+"\n", at, i))
		p.raw(fmt.Sprintf(`{"t":%d,"step":{"c":0,"gen":1,"ev":"proved","from":"proving","to":"ready"}}`+"\n", at))
		p.raw(fmt.Sprintf(`{"t":%d,"load":{"from":%d,"phases":{"p%d":{"intended":1}}}}`+"\n", at, at, i))
		p.raw(fmt.Sprintf(`{"t":%d,"harness":{"process":"h%d"}}`+"\n", at, i))
		p.raw(fmt.Sprintf(`{"t":%d,"target":{"name":"t%d"}}`+"\n", at, i))
	}
	p.end(7 * sec)
	s := p.build()
	assert.Len(t, s.Causes, 1001)
	assert.Equal(t, report.CauseRow{Event: "lost", Cause: "other", Count: 2000, Clients: 1}, s.Causes[0])
	assert.Len(t, s.Messages, 258, "with other and all")
	assert.Equal(t, int64(3000), s.Messages["all"].Intended)
	assert.Len(t, s.Harness, 257)
	assert.Len(t, s.Targets, 256)

	l := report.NewLatency()
	for i := range 300 {
		l.Record("response", fmt.Sprint("p", i), "control", ms)
	}
	require.NoError(t, l.Flush(p.hw, 3*sec, 4*sec))
	s, err := report.Build(bytes.NewReader(p.journal.Bytes()), &p.hlog)
	require.NoError(t, err)
	assert.Less(t, len(s.Latency), 520, "and a row for each phase in which all was lost")
	assert.Regexp(t, `latency.hlog line \d+: tag "response.p\d+.control", one series more than any run has; skipped`, strings.Join(s.Warnings, "\n"))
}
