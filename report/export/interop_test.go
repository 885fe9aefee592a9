package export_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/export"
)

// The tests of this file read a run's files with tools of others, which `make interop`
// installs; without it those that are not there are passed over.
var (
	interop   = flag.Bool("interop", false, "the tools of others must be there")
	benchstat = flag.String("benchstat", "", "the version of benchstat to run, as go run takes it; empty: none")
)

// needsNode passes the test over where node does not find a package of npm (NODE_PATH).
func needsNode(t *testing.T, needs string) {
	t.Helper()
	if err := exec.Command("node", "-e", fmt.Sprintf("require(%q)", needs)).Run(); err != nil {
		if !*interop {
			t.Skipf("node with the %s package is not installed here; make interop brings it", needs)
		}
		require.NoError(t, err, "node with the %s package", needs)
	}
}

// node runs a script of testdata/node.
func node(t *testing.T, script string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("node", append([]string{filepath.Join("..", "..", "testdata", "node", script)}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s%s", out, &stderr)
	return out
}

func saved(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// recorded is a log of 10,000 latencies a series, from a microsecond to an hour, over 20
// seconds.
func recorded(t *testing.T) []byte {
	t.Helper()
	var log bytes.Buffer
	w := report.NewHlogWriter(&log, t0)
	rng := rand.New(rand.NewPCG(3, 5))
	for s := range int64(20) {
		l := report.NewLatency()
		for range 500 {
			for _, kind := range []string{"response", "service"} {
				ns := int64(1000 * (1 + rng.ExpFloat64()*1000))
				if rng.IntN(100) == 0 {
					ns = rng.Int64N(3600 * sec)
				}
				l.Record(kind, "baseline", "control", ns)
			}
		}
		require.NoError(t, l.Flush(w, s*sec, (s+1)*sec))
	}
	return log.Bytes()
}

// npm's hdr-histogram-js reads latency.hlog: the same intervals at the same times, the same
// percentiles as Go's library, and it prints the table that latency.hgrm has.
func TestInteropHdrHistogramJS(t *testing.T) {
	needsNode(t, "hdr-histogram-js")
	log := recorded(t)
	percentiles := []float64{0.01, 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100}
	args := []string{saved(t, "latency.hlog", string(log))}
	for _, p := range percentiles {
		args = append(args, strconv.FormatFloat(p, 'g', -1, 64))
	}
	var js struct {
		Intervals []struct {
			Tag      string
			From, To float64
			N        int64
		}
		Tags map[string]struct {
			N           int64
			Percentiles []int64
			Table       string
		}
	}
	require.NoError(t, json.Unmarshal(node(t, "hlog.js", args...), &js))

	sums := map[string]*hdrhistogram.Histogram{}
	r := hdrhistogram.NewHistogramLogReader(bytes.NewReader(log))
	n := 0
	for {
		h, err := r.NextIntervalHistogram()
		require.NoError(t, err)
		if h == nil {
			break
		}
		require.Less(t, n, len(js.Intervals))
		iv := js.Intervals[n]
		assert.Equal(t, h.Tag(), iv.Tag)
		assert.Equal(t, h.TotalCount(), iv.N)
		assert.InDelta(t, h.StartTimeMs(), iv.From, 1, "ms; Go's reader has whole ones")
		assert.InDelta(t, h.EndTimeMs(), iv.To, 1)
		if sums[h.Tag()] == nil {
			sums[h.Tag()] = hdrhistogram.New(1000, 3600*sec, 3)
		}
		assert.Zero(t, sums[h.Tag()].Merge(h))
		n++
	}
	assert.Len(t, js.Intervals, n)
	require.Len(t, sums, 2)
	for tag, h := range sums {
		got := js.Tags[tag]
		assert.Equal(t, int64(10_000), got.N)
		for i, p := range percentiles {
			assert.Equal(t, h.ValueAtPercentile(p), got.Percentiles[i], "%s at %v", tag, p)
		}
		kind, _, _ := strings.Cut(tag, ".")
		s := export.Source{Summary: &report.Summary{}, Hlog: source(t, recordedRun(t), log).Hlog}
		sameRows(t, got.Table, written(t, "hgrm:"+kind+".baseline", s))
	}
}

// recordedRun is the journal of a run that has nothing but a log.
func recordedRun(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	w := report.NewWriter(&out)
	require.NoError(t, w.Write(report.Record{Run: &report.Run{Schema: report.Schema, Scenario: "recorded"}}))
	require.NoError(t, w.Flush())
	return out.Bytes()
}

// sameRows compares the rows of two tables of percentiles. The second column may differ in
// its last digit: a tie is rounded up there, and to even here.
func sameRows(t *testing.T, want, got string) {
	t.Helper()
	rows := func(table string) (out [][]string) {
		for line := range strings.Lines(table) {
			if fields := strings.Fields(line); len(fields) >= 3 && !strings.HasPrefix(line, "#") {
				out = append(out, fields)
			}
		}
		return out
	}
	a, b := rows(want), rows(got)
	require.Len(t, b, len(a))
	require.Greater(t, len(a), 50)
	for i := range a {
		level := [2]string{a[i][1], b[i][1]}
		if level[0] != level[1] {
			x, err1 := strconv.ParseFloat(level[0], 64)
			y, err2 := strconv.ParseFloat(level[1], 64)
			require.NoError(t, errors.Join(err1, err2))
			assert.InDelta(t, x, y, 1.1e-12)
			a[i][1] = b[i][1]
		}
		assert.Equal(t, a[i], b[i])
	}
}

// junit.xml of every run, hostile ones among them, is valid by a schema of the elements that
// all readers take, as xmllint judges it.
func TestInteropJUnitSchema(t *testing.T) {
	needsNode(t, "xmllint-wasm")
	args := []string{filepath.Join("..", "..", "testdata", "interop", "junit.xsd")}
	for _, name := range keptNames(t) {
		args = append(args, saved(t, name+".xml", written(t, "junit", kept(t, name))))
	}
	for _, name := range hostile {
		args = append(args, saved(t, "hostile.xml", written(t, "junit", named(t, name))))
	}
	assert.Empty(t, string(node(t, "xsd.js", args...)))
}

// benchstat reads bench.txt of several runs as it is, takes policies apart, knows which way
// is better, and has nothing to complain of.
func TestInteropBenchstat(t *testing.T) {
	if *benchstat == "" {
		require.False(t, *interop, "-benchstat is missing")
		t.Skip("needs a download; make interop does it")
	}
	var runs strings.Builder
	for policy, slower := range map[string]float64{"default": 1, "mine": 2} {
		for i := range 6 {
			s := kept(t, "reset")
			s.Summary.Run.Policy, s.Summary.Run.Host = policy, "linux/amd64, 2 CPUs, go1.26.8"
			s.Summary.Metrics["recovery.t99"] = slower * (1 + float64(i)/100)
			runs.WriteString(written(t, "bench", s))
		}
	}
	cmd := exec.Command("go", "run", *benchstat, "-col", "/policy", saved(t, "bench.txt", runs.String()))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s", &stderr)
	for line := range strings.Lines(stderr.String()) {
		assert.Contains(t, line, "go: downloading", "a complaint")
	}
	assert.Regexp(t, `Run/scenario=reset/clients=10\s+1\.02\S* ± +\d+%\s+2\.05\S* ± +\d+%\s+\+100\.00% \(p=0\.00\d n=6\)`, stdout.String())
	assert.Contains(t, stdout.String(), "recovery.t99-sec")
	assert.Contains(t, stdout.String(), "goos: linux")
}

// promtool, where it is installed, has nothing to say of metrics.prom.
func TestInteropPromtool(t *testing.T) {
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed here; TestPrometheusMetrics asks its parser and its linter")
	}
	for _, name := range keptNames(t) {
		cmd := exec.Command(path, "check", "metrics")
		cmd.Stdin = strings.NewReader(written(t, "prom", kept(t, name)))
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err)
		assert.Empty(t, string(out), name)
	}
}
