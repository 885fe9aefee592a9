package export_test

import (
	"encoding/csv"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func readCSV(t *testing.T, text string) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.NotEmpty(t, rows)
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, name := range rows[0] {
			m[name] = row[i]
		}
		out = append(out, m)
	}
	return out
}

// The timeline's series are those of the summary; each row says where in the run it is.
func TestTimeline(t *testing.T) {
	s := kept(t, "partition").Summary
	rows := readCSV(t, written(t, "csv", kept(t, "partition")))
	require.Len(t, rows, len(s.Timeline.Usable))
	fault := s.Faults[0]
	for i, row := range rows {
		at := int64(i) * s.Timeline.Step
		assert.Equal(t, strconv.FormatFloat(float64(at)/1e9, 'g', -1, 64), row["seconds"])
		assert.Equal(t, strconv.Itoa(s.Timeline.Usable[i]), row["usable"])
		assert.Equal(t, strconv.Itoa(s.Timeline.Attempts[i]), row["attempts"])
		in := ""
		if at+s.Timeline.Step > fault.Confirmed && at < fault.Cleared {
			in = fault.Name
		}
		assert.Equal(t, in, row["faults"], "at %v", row["seconds"])
		k := at / s.Timeline.AckedStep
		if int(k) < len(s.Timeline.P99) && s.Timeline.P99[k] >= 0 {
			assert.Equal(t, strconv.FormatFloat(float64(s.Timeline.P99[k])/1e9, 'g', -1, 64), row["response_p99_seconds"])
		} else {
			assert.Empty(t, row["response_p99_seconds"])
		}
		for _, p := range s.Run.Plan {
			assert.Equal(t, at >= p.From && at < p.To, row["phase"] == p.Name)
		}
	}
}

func TestMetricsTable(t *testing.T) {
	s := kept(t, "censored").Summary
	rows := readCSV(t, written(t, "metrics", kept(t, "censored")))
	require.Len(t, rows, len(s.Values()))
	require.NotEmpty(t, s.Unbounded)
	for _, row := range rows {
		v, err := strconv.ParseFloat(row["value"], 64)
		require.NoError(t, err)
		assert.Equal(t, s.Values()[row["metric"]], v)
		m, known := report.Lookup(row["metric"])
		require.True(t, known)
		assert.Equal(t, m.Unit, row["unit"])
		if n, sampled := s.Samples[m.Name]; sampled {
			assert.Equal(t, strconv.FormatInt(n, 10), row["n"])
		} else {
			assert.Empty(t, row["n"])
		}
	}
}

// GitLab reads a line as a shell does: a name, a value; # begins a comment.
func TestGitLabMetrics(t *testing.T) {
	s := kept(t, "reset").Summary
	text := written(t, "gitlab", kept(t, "reset"))
	assert.True(t, strings.HasSuffix(text, "\n# EOF\n"))
	got := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		if line == "" {
			continue
		}
		fields := strings.Fields(line)
		require.Len(t, fields, 2, line)
		require.Regexp(t, `^[a-z0-9_]+\{scenario="reset",policy="by-hand"\}$`, fields[0])
		name, _, _ := strings.Cut(fields[0], "{")
		got[name] = fields[1]
	}
	assert.Len(t, got, len(s.Values())+1)
	t99 := s.Metrics["recovery.t99"]
	v, err := strconv.ParseFloat(got["wsheal_recovery_t99_seconds"], 64)
	require.NoError(t, err)
	assert.InEpsilon(t, t99, v, 0.005)
	for name, text := range got {
		if text == "+Inf" {
			continue
		}
		digits := strings.Trim(strings.NewReplacer(".", "", "-", "").Replace(strings.Split(text, "e")[0]), "0")
		assert.LessOrEqual(t, len(digits), 3, "%s %s", name, text)
	}
}

func TestCodeQuality(t *testing.T) {
	golden(t, "fail.codequality.json", written(t, "codequality", judged(report.Fail, []string{"gate recovery.t99 < 8s is broken: it was 9 s"},
		gate("recovery.t99 < 8s", report.Fail, "it was 9 s"), gate("messages.lost == 0", report.Pass, "it was 0"))))
	golden(t, "inconclusive.codequality.json", written(t, "codequality", judged(report.Inconclusive, []string{"fault cut is not confirmed: no effect"})))
	assert.Equal(t, "[]\n", written(t, "codequality", judged(report.Pass, nil)))
}

func TestMarkdownGolden(t *testing.T) {
	golden(t, "reset.summary.md", written(t, "md", kept(t, "reset")))
	golden(t, "cut-off.summary.md", written(t, "md", kept(t, "cut-off")))
	golden(t, "fail.summary.md", written(t, "md", judged(report.Fail, []string{"gate recovery.t99 < 8s is broken: it was 9 s"},
		gate("messages.lost == 0", report.Pass, "it was 0"), gate("storm.sync < 1", "no data", "the run has no value for it"), gate("recovery.t99 < 8s", report.Fail, "it was 9 s"))))
}

// However many gates, faults and reasons there are, the summary is one that GitHub takes.
func TestMarkdownIsBounded(t *testing.T) {
	s := judged(report.Fail, nil)
	for range 200 {
		s.Summary.Gates = append(s.Summary.Gates, gate(strings.Repeat("|", 2000), report.Fail, strings.Repeat("@", 2000)))
		s.Summary.Reasons = append(s.Summary.Reasons, strings.Repeat("x", 2000))
	}
	text := written(t, "md", s)
	assert.Less(t, len(text), 500_000)
	assert.Contains(t, text, "and 150 more")
}
