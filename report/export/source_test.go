package export_test

import (
	"bytes"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/export"
)

var update = flag.Bool("update", false, "rewrite golden files and schemas")

const (
	ms  = int64(time.Millisecond)
	sec = int64(time.Second)
)

// source is a run of which both raw files are at hand.
func source(t *testing.T, journal, hlog []byte) export.Source {
	t.Helper()
	s, err := report.Build(bytes.NewReader(journal), bytes.NewReader(hlog))
	require.NoError(t, err)
	open := func(text []byte) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	}
	return export.Source{Summary: s, Journal: open(journal), Hlog: open(hlog)}
}

// computed are the runs of testdata/journals that a test asked for.
var computed = map[string]export.Source{}

// kept is a run of testdata/journals, whose numbers are known; a test may change its run and
// its metrics.
func kept(t *testing.T, name string) export.Source {
	t.Helper()
	s, found := computed[name]
	if !found {
		s = compute(t, name)
		computed[name] = s
	}
	own := *s.Summary
	own.Metrics = maps.Clone(own.Metrics)
	s.Summary = &own
	return s
}

func compute(t *testing.T, name string) export.Source {
	t.Helper()
	read := func(file string) []byte {
		text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "journals", name, file))
		require.NoError(t, err)
		return text
	}
	return source(t, read("journal.ndjson"), read("latency.hlog"))
}

// keptNames are the runs of testdata/journals.
func keptNames(t *testing.T) (names []string) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join("..", "..", "testdata", "journals", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, dirs)
	for _, d := range dirs {
		names = append(names, filepath.Base(d))
	}
	return names
}

// written is a run in one format.
func written(t *testing.T, format string, s export.Source) string {
	t.Helper()
	formats, err := export.Parse(format)
	require.NoError(t, err)
	require.Len(t, formats, 1)
	var out bytes.Buffer
	require.NoError(t, formats[0].Write(&out, s))
	return out.String()
}

// judged is a run of no client with gates and a verdict.
func judged(verdict report.Verdict, reasons []string, gates ...report.GateResult) export.Source {
	return export.Source{Summary: &report.Summary{
		Schema: report.Schema, Verdict: verdict, Reasons: reasons, Gates: gates, Duration: 26 * sec,
		Run: report.Run{Scenario: "storm", Policy: "default", Seed: 42, Clients: 3, Host: "linux/amd64, 2 CPUs, go1.26.8", Started: "2026-01-02T04:04:05+01:00"},
	}}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("..", "..", "testdata", "golden", "export", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./report/export -update writes it")
	assert.Equal(t, string(want), got, "%s: go test ./report/export -update writes it anew; read the diff", path)
}

// Each format writes each run, the same each time.
func TestEveryRunInEveryFormat(t *testing.T) {
	for _, name := range keptNames(t) {
		s := kept(t, name)
		for _, f := range export.Formats() {
			var once, again bytes.Buffer
			err := f.Write(&once, s)
			if f.Name == "hgrm" && answered(s.Summary) == 0 {
				assert.EqualError(t, err, "write latency.hgrm: latency.hlog has no answers", name)
				continue
			}
			require.NoError(t, err, "%s of %s", f.Name, name)
			require.NoError(t, f.Write(&again, s))
			assert.Equal(t, once.String(), again.String(), "%s of %s", f.Name, name)
			if f.Name != "codequality" || s.Summary.Verdict != report.Pass {
				assert.Greater(t, once.Len(), 20, "%s of %s", f.Name, name)
			}
		}
	}
}

// answered is how many answers a run's latencies are of.
func answered(s *report.Summary) (n int64) {
	for _, row := range s.Latency {
		n += row.N
	}
	return n
}

// What a run's files lack is said, not written as if it were nothing.
func TestMissingFiles(t *testing.T) {
	s := kept(t, "reset")
	s.Hlog, s.Journal = nil, nil
	for format, want := range map[string]string{
		"hgrm": "write latency.hgrm: there is no latency.hlog, in which the answers' times are",
		"ecs":  "write events.ndjson: there is no journal.ndjson, in which the events are",
	} {
		f, err := export.Parse(format)
		require.NoError(t, err)
		assert.EqualError(t, f[0].Write(io.Discard, s), want)
	}
	assert.NotContains(t, written(t, "prom", s), "histogram")
	s.Hlog = func() (io.ReadCloser, error) { return nil, os.ErrPermission }
	for _, format := range []string{"hgrm", "prom"} {
		f, err := export.Parse(format)
		require.NoError(t, err)
		assert.ErrorIs(t, f[0].Write(io.Discard, s), os.ErrPermission)
	}
}

// Every format gives up when nobody takes what it writes.
func TestNobodyReads(t *testing.T) {
	s := kept(t, "reset")
	for _, f := range export.Formats() {
		err := f.Write(broken{}, s)
		assert.ErrorIs(t, err, io.ErrClosedPipe, f.Name)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestParseFormats(t *testing.T) {
	all, err := export.Parse("junit, prom,hgrm:service.chaos,hgrm:response.all.control")
	require.NoError(t, err)
	var files []string
	for _, f := range all {
		files = append(files, f.File)
	}
	assert.Equal(t, []string{"junit.xml", "metrics.prom", "service.chaos.hgrm", "response.all.control.hgrm"}, files)

	const list = "json, html, md, junit, bench, csv, metrics, prom, hgrm, ecs, gitlab, codequality"
	for text, want := range map[string]string{
		"":                         `there is no format ""; expected one or more of ` + list + `, with commas between`,
		"junit,xml":                `there is no format "xml"; expected one or more of ` + list + `, with commas between`,
		strings.Repeat("x", 1000):  `there is no format "` + strings.Repeat("x", 40) + `…"; expected one or more of ` + list + `, with commas between`,
		"hgrm:latency.chaos":       `format hgrm: series "latency.chaos", expected response, service or gap, a phase or all, and control or faulted if of one cohort, as in hgrm:response.chaos.faulted`,
		"hgrm:response":            `format hgrm: series "response", expected response, service or gap, a phase or all, and control or faulted if of one cohort, as in hgrm:response.chaos.faulted`,
		"hgrm:response.../../x":    `format hgrm: series "response.../../x", expected response, service or gap, a phase or all, and control or faulted if of one cohort, as in hgrm:response.chaos.faulted`,
		"hgrm:response.a/b":        `format hgrm: series "response.a/b", expected response, service or gap, a phase or all, and control or faulted if of one cohort, as in hgrm:response.chaos.faulted`,
		"hgrm:response.chaos.some": `format hgrm: series "response.chaos.some", expected response, service or gap, a phase or all, and control or faulted if of one cohort, as in hgrm:response.chaos.faulted`,
	} {
		_, err := export.Parse(text)
		assert.EqualError(t, err, want)
	}
	names := map[string]bool{}
	for _, f := range export.Formats() {
		assert.False(t, names[f.File], f.File)
		names[f.File] = true
		assert.NotEmpty(t, f.About)
	}
}
