package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// Three faults, whose cohorts overlap. The first two slow their own clients down while they
// last; the third lasts no time at all, and has clients of its own.
//
//	          f0    f0-f1  f1    f2    control
//	baseline  10    20     30    500   8    ms
//	4 to 6 s  110   120    30    500   9    f0 is in force: 100 ms more
//	8 to 10 s 10    320    330   500   10   f1 is: 300 ms more
func threeFaults(t *testing.T) *tape {
	p := small(t, 4, func(run *report.Run) {
		run.Faults = []report.Intended{
			{Name: "slow", Kind: "latency", Share: 0.5, At: 4 * sec, For: 2 * sec, Cohort: 2},
			{Name: "slower", Kind: "latency", Share: 0.5, At: 8 * sec, For: 2 * sec, Cohort: 2},
			{Name: "cut", Kind: "reset", Share: 0.25, At: 12 * sec, Cohort: 1},
		}
	})
	second := func(end int64, phase string, f0, both, f1, f2, control int64) {
		p.latencies(end, many{"response." + phase + ".f0", 11, f0 * ms}, many{"response." + phase + ".f0-f1", 3, both * ms},
			many{"response." + phase + ".f1", 9, f1 * ms}, many{"response." + phase + ".f2", 90, f2 * ms}, many{"response." + phase + ".control", 5, control * ms},
			many{"service." + phase + ".f0-f1", 3, ms})
	}
	second(2, "baseline", 10, 20, 30, 500, 8)
	for i, f := range []string{"slow", "slower"} {
		at := int64(4+4*i) * sec
		p.edge(at, f, "commanded")
		p.edge(at, f, "confirmed")
		p.edge(at+2*sec, f, "cleared")
	}
	p.edge(12*sec, "cut", "commanded")
	p.edge(12*sec, "cut", "confirmed")
	second(6, "chaos", 110, 120, 30, 500, 9)
	second(10, "chaos", 10, 320, 330, 500, 10)
	second(13, "chaos", 9000, 9000, 9000, 9000, 9000)
	for _, f := range []string{"slow", "slower", "cut"} {
		p.evidence(14*sec, f, "confirmed", "")
	}
	p.end(14 * sec)
	return p
}

func TestShiftIsOfTheFaultsOwnCohort(t *testing.T) {
	s := threeFaults(t).build()
	assert.Empty(t, warningsOfTheLog(s))
	require.Len(t, s.Faults, 3)

	// slow: 14 of 10 and 20 ms before, of 110 and 120 ms in force.
	assertShift(t, 100*ms, s.Faults[0].Shift)
	// slower: 12, of which 9 of 30 ms before and of 330 ms in force.
	assertShift(t, 300*ms, s.Faults[1].Shift)
	assertShift(t, ms, s.Faults[0].ControlShift)
	assertShift(t, 2*ms, s.Faults[1].ControlShift)
	assert.Nil(t, s.Faults[2].Shift, "it did not last")
	assert.Nil(t, s.Faults[2].ControlShift)

	// Together: before 11 of 10 ms, 3 of 20 ms, 9 of 30 ms; in force 11 of 110 ms, 3 of
	// 120 ms, 3 of 320 ms, 9 of 330 ms. Ranks 12 and 13.
	assert.InEpsilon(t, 0.100, s.Metrics["latency.shift"], 1e-2)
	assert.InEpsilon(t, 0.001, s.Metrics["latency.control_shift"], 1e-2)

	// The table has one row for all that some fault may touch.
	n := map[string]int64{}
	for _, row := range s.Latency {
		if row.Phase == "baseline" {
			n[row.Kind+" "+row.Cohort] = row.N
		}
	}
	assert.Equal(t, map[string]int64{
		"response all": 118, "response faulted": 113, "response control": 5, "service all": 3, "service faulted": 3,
	}, n)
}

// Journals that know only "faulted" are read as before: it is every fault's cohort.
func TestShiftOfTheOldWord(t *testing.T) {
	p := small(t, 4, func(run *report.Run) {
		run.Faults = []report.Intended{
			{Name: "slow", Kind: "latency", At: 3 * sec, For: 2 * sec},
			{Name: "cut", Kind: "reset", At: 8 * sec},
		}
	})
	p.latencies(2, many{"response.baseline.faulted", 5, 10 * ms})
	p.edge(3*sec, "slow", "commanded")
	p.edge(3*sec, "slow", "confirmed")
	p.latencies(4, many{"response.chaos.faulted", 5, 60 * ms})
	p.edge(5*sec, "slow", "cleared")
	p.end(10 * sec)
	s := p.build()
	assertShift(t, 50*ms, s.Faults[0].Shift)
	assert.Nil(t, s.Faults[0].ControlShift, "there is no control cohort")
	assert.InEpsilon(t, 0.050, s.Metrics["latency.shift"], 1e-2)
	assert.NotContains(t, s.Metrics, "latency.control_shift")
}

func TestCohortsThatAreNone(t *testing.T) {
	for _, cohort := range []string{"all", "f3", "f-1", "f01", "f", "0", "f0-", "f0-f0", "f1-f0", "f0-control", "F0"} {
		p := small(t, 4, func(run *report.Run) {
			run.Faults = []report.Intended{{Name: "a"}, {Name: "b"}, {Name: "c"}}
		})
		p.latencies(2, many{"response.baseline." + cohort, 5, ms})
		p.end(10 * sec)
		assert.Equal(t, []string{`latency.hlog line 5: tag "response.baseline.` + cohort + `", expected kind.phase.cohort; skipped`}, warningsOfTheLog(p.build()))
	}
}

// A shift that is not known is not told, and one of nothing at all is.
func TestOnlyShiftsWithDataAreTold(t *testing.T) {
	said := func(faulted, control *int64) string {
		s := passSample()
		s.Faults[0].Shift, s.Faults[0].ControlShift = faulted, control
		var b bytes.Buffer
		require.NoError(t, report.WriteText(&b, s, report.Style{Unicode: true}))
		text := strings.Join(strings.Fields(b.String()), " ") // however it is broken into lines
		_, after, found := strings.Cut(text, "cleared +15.8 ms")
		require.True(t, found, text)
		after, _, found = strings.Cut(after, " Recovery")
		require.True(t, found, text)
		return after
	}
	assert.Empty(t, said(nil, nil))
	assert.Equal(t, ", median shift 100 ms", said(new(100*ms), nil))
	assert.Equal(t, ", median shift of control 32.0 µs", said(nil, new(int64(32_000))))
	assert.Equal(t, ", median shift 0 s, of control 0 s", said(new(int64), new(int64)))

	json := func(shift *int64) string {
		var b bytes.Buffer
		require.NoError(t, report.WriteJSON(&b, &report.Summary{Faults: []report.FaultResult{{Shift: shift}}}))
		return b.String()
	}
	assert.NotContains(t, json(nil), "\"shift\": 0")
	assert.Contains(t, json(new(int64)), "\"shift\": 0")
}

func assertShift(t *testing.T, want int64, got *int64) {
	t.Helper()
	if assert.NotNil(t, got) {
		assert.InEpsilon(t, want, *got, 1e-2)
	}
}

// warningsOfTheLog are those of its lines, and not of how many answers it has.
func warningsOfTheLog(s *report.Summary) []string {
	var out []string
	for _, w := range s.Warnings {
		if strings.HasPrefix(w, "latency.hlog line ") {
			out = append(out, w)
		}
	}
	return out
}
