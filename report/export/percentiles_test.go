package export_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/export"
)

// known is a run with 90 answers after 2 ms, 10 after 200 ms, half of each of control, and
// some that were lost.
func known(t *testing.T, lost int64) export.Source {
	t.Helper()
	var journal, hlog bytes.Buffer
	w := report.NewWriter(&journal)
	count := report.LoadCount{Intended: 100 + lost, Sent: 100 + lost, Acked: 100}
	for _, rec := range []report.Record{
		{Run: &report.Run{Schema: report.Schema, Scenario: "known", Policy: "default", Clients: 1, Rate: 10, Endpoints: []string{"blue"}, Plan: []report.Planned{{Name: "baseline", To: 2 * sec}}}},
		{Phase: &report.Phase{Name: "baseline"}},
		{T: sec, Load: &report.Load{Phases: map[string]report.LoadCount{"baseline": count}}},
		{T: 2 * sec, End: &report.End{Reason: "complete"}},
	} {
		require.NoError(t, w.Write(rec))
	}
	require.NoError(t, w.Flush())
	l := report.NewLatency()
	for i := range 100 {
		cohort, took := "control", 2*ms
		if i%2 == 1 {
			cohort = "f0"
		}
		if i >= 90 {
			took = 200 * ms
		}
		l.Record("response", "baseline", cohort, took)
		l.Record("service", "baseline", cohort, ms)
	}
	l.Record("response", "warmup", "control", 7*ms)
	require.NoError(t, l.Flush(report.NewHlogWriter(&hlog, t0), 0, sec))
	s := source(t, journal.Bytes(), hlog.Bytes())
	return s
}

// plotted reads a table of percentiles by the rules of HdrHistogram's plotter: lines that
// are no comment and have four columns parted by blanks, the first the value, the last 1/(1-p).
func plotted(t *testing.T, text string) (x, y []float64) {
	t.Helper()
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		columns := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' })
		if strings.HasPrefix(line, "#") || len(columns) != 4 {
			continue
		}
		value, err1 := strconv.ParseFloat(columns[0], 64)
		at, err2 := strconv.ParseFloat(columns[3], 64)
		if err1 == nil && err2 == nil {
			x, y = append(x, at), append(y, value)
		}
	}
	require.NotEmpty(t, x)
	return x, y
}

func TestPercentilesByHand(t *testing.T) {
	text := written(t, "hgrm", known(t, 0))
	golden(t, "known.hgrm", text)
	x, y := plotted(t, text)
	for i, at := range x {
		p := 1 - 1/at
		want := 2.0
		if p > 0.9+1e-9 {
			want = 200
		}
		assert.InEpsilon(t, want, y[i], 1e-3, "at %v", p)
	}
	assert.Contains(t, text, "\n     200.016 1.000000000000        100\n", "the end, which no plot can show: 1/(1-p) is infinite")
	assert.Contains(t, text, "Total count    =          100]", "and not the warmup's")
	assert.NotContains(t, text, "Lost")
	assert.Regexp(t, `(?m)^ +[0-9.]+ +[0-9.]+ +[0-9]+ +[0-9.]+$`, text, "blanks first, for hdr-plot")
}

// The percentiles are of all messages due: with 20 lost of 120, the slowest tenth of the
// answers begins at 75 % and the curve ends at 83.3 %.
func TestPercentilesEndAtTheLost(t *testing.T) {
	text := written(t, "hgrm", known(t, 20))
	x, y := plotted(t, text)
	for i, at := range x {
		p := 1 - 1/at
		assert.LessOrEqual(t, p, 100.0/120)
		want := 2.0
		if p > 0.75+1e-9 {
			want = 200
		}
		assert.InEpsilon(t, want, y[i], 1e-3, "at %v", p)
	}
	assert.InEpsilon(t, 200, y[len(y)-1], 1e-3)
	assert.NotContains(t, text, " 1.000000000000 ")
	assert.Contains(t, text, fmt.Sprintf("#[Lost    = %12d, of all due      = %12d]\n", 20, 120))
}

func TestPercentilesOfASeries(t *testing.T) {
	s := known(t, 0)
	for format, n := range map[string]int{"hgrm:response.baseline": 100, "hgrm:response.baseline.control": 50, "hgrm:response.all.faulted": 50, "hgrm:service.all": 100, "hgrm:response.warmup": 1} {
		assert.Contains(t, written(t, format, s), fmt.Sprintf("Total count    = %12d]", n), format)
	}
	f, err := export.Parse("hgrm:response.verify")
	require.NoError(t, err)
	assert.EqualError(t, f[0].Write(&bytes.Buffer{}, s), "write response.verify.hgrm: latency.hlog has no series response.verify; expected one of response.all, response.all.control, response.all.faulted, "+
		"response.baseline, response.baseline.control, response.baseline.faulted, response.warmup, response.warmup.control, service.all, service.all.control, service.all.faulted, service.baseline, service.baseline.control, service.baseline.faulted")
}

// What the table says of a percentile is what the summary says.
func TestPercentilesAgreeWithTheSummary(t *testing.T) {
	for _, name := range keptNames(t) {
		s := kept(t, name)
		for _, row := range s.Summary.Latency {
			if row.N == 0 {
				continue
			}
			table := written(t, "hgrm:"+row.Kind+"."+row.Phase+"."+row.Cohort, s)
			assert.Contains(t, table, fmt.Sprintf("Total count    = %12d]", row.N))
			x, y := plotted(t, table)
			at := func(p float64) float64 {
				for i := range x {
					if x[i] >= 1/(1-p)-0.005 {
						return y[i]
					}
				}
				return -1
			}
			for p, want := range map[float64]int64{0.5: row.P50, 0.9: row.P90} {
				if got := at(p); want >= 0 && got >= 0 {
					assert.InEpsilon(t, float64(want)/1e6, got, 2e-3, "%s %s.%s at %v", name, row.Kind, row.Phase, p)
				}
			}
		}
	}
}
