package report_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

const hour = 3600 * sec

var started = time.Date(2026, 11, 22, 7, 3, 4, 567_000_000, time.UTC)

func hist(values ...int64) *hdrhistogram.Histogram {
	h := hdrhistogram.New(1000, hour, 3)
	for _, v := range values {
		_ = h.RecordValue(v)
	}
	return h
}

func TestHlogLines(t *testing.T) {
	var b bytes.Buffer
	w := report.NewHlogWriter(&b, started)
	require.NoError(t, w.Write(report.Interval{Tag: "response.chaos.faulted", From: 12 * sec, To: 13*sec + 1, Max: 48_319_001, Hist: hist(48_319_001)}))
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	require.Len(t, lines, 5)
	assert.Equal(t, "#[Histogram log format version 1.3]", lines[0])
	assert.Equal(t, "#[StartTime: 1795330984.567 (seconds since epoch), 2026-11-22T07:03:04.567Z]", lines[1])
	assert.Equal(t, "#[BaseTime: 1795330984.567 (seconds since epoch)]", lines[2])
	assert.Equal(t, `"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"`, lines[3])
	assert.True(t, strings.HasPrefix(lines[4], "Tag=response.chaos.faulted,12.000000000,1.000000001,48.319001,HISTFAAA"), lines[4])

	require.NoError(t, w.Write(report.Interval{Tag: "a", Hist: hist(1)}))
	assert.Equal(t, 6, strings.Count(b.String(), "\n"), "the head is written once")
	assert.Contains(t, b.String(), "\nTag=a,0.000000000,0.000000000,0.000000,")

	b.Reset()
	require.NoError(t, report.NewHlogWriter(&b, time.Time{}).Write())
	assert.Contains(t, b.String(), "#[BaseTime: 0.000 (seconds since epoch)]")
}

func TestHlogRoundTrip(t *testing.T) {
	var b bytes.Buffer
	w := report.NewHlogWriter(&b, started)
	rng := rand.New(rand.NewPCG(1, 1))
	var want []report.Interval
	for i := range int64(50) {
		iv := report.Interval{Tag: "response.baseline.control", From: i*sec + rng.Int64N(sec), Hist: hist()}
		iv.To = iv.From + rng.Int64N(2*sec)
		for range rng.IntN(100) {
			v := rng.Int64N(hour)
			iv.Max = max(iv.Max, v)
			require.NoError(t, iv.Hist.RecordValue(v))
		}
		want = append(want, iv)
	}
	require.NoError(t, w.Write(want...))

	r := report.NewHlogReader(bytes.NewReader(b.Bytes()))
	for _, x := range want {
		require.True(t, r.Scan())
		got := r.Interval()
		assert.True(t, x.Hist.Equals(got.Hist))
		assert.Equal(t, [3]int64{x.From, x.To, x.Max}, [3]int64{got.From, got.To, got.Max}, "to the nanosecond")
		assert.Equal(t, x.Tag, got.Tag)
	}
	assert.False(t, r.Scan())
	require.NoError(t, r.Err())
	assert.Empty(t, r.Warnings())

	// The library's own reader agrees, in its own terms.
	lib := hdrhistogram.NewHistogramLogReader(bytes.NewReader(b.Bytes()))
	for _, x := range want {
		got, err := lib.NextIntervalHistogram()
		require.NoError(t, err)
		require.NotNil(t, got)
		assert.True(t, x.Hist.Equals(got))
		assert.Equal(t, x.Tag, got.Tag())
		assert.InDelta(t, started.UnixMilli()+x.From/ms, got.StartTimeMs(), 1)
		assert.InDelta(t, started.UnixMilli()+x.To/ms, got.EndTimeMs(), 1)
	}
	got, err := lib.NextIntervalHistogram()
	require.NoError(t, err)
	assert.Nil(t, got)
}

// What the library's writer makes is read, too.
func TestHlogReadsTheLibrarysLog(t *testing.T) {
	var b bytes.Buffer
	lw := hdrhistogram.NewHistogramLogWriter(&b)
	require.NoError(t, lw.OutputLogFormatVersion())
	require.NoError(t, lw.OutputComment("[anything]"))
	require.NoError(t, lw.OutputLegend())
	h := hist(5 * ms)
	h.SetTag("x")
	h.SetStartTimeMs(1500)
	h.SetEndTimeMs(2500)
	require.NoError(t, lw.OutputIntervalHistogram(h))
	r := report.NewHlogReader(&b)
	require.True(t, r.Scan())
	assert.Equal(t, "x", r.Interval().Tag)
	assert.Equal(t, 1500*ms, r.Interval().From)
	assert.Equal(t, 2500*ms, r.Interval().To)
	assert.InEpsilon(t, 5*ms, r.Interval().Max, 1e-3)
	assert.True(t, h.Equals(r.Interval().Hist))
}

// An outage of most of an hour is measured as such, in a log no larger for it; logs whose
// histograms end at two minutes are read with the others.
func TestLongOutagesAreMeasured(t *testing.T) {
	p := small(t, 1, nil)
	p.latencies(5, many{"response.chaos.control", 5, 3000 * sec})
	old := hdrhistogram.New(1000, 120*sec, 3)
	require.NoError(t, old.RecordValues(90*sec, 4))
	require.NoError(t, p.hw.Write(report.Interval{Tag: "response.chaos.control", From: 5 * sec, To: 6 * sec, Max: 90 * sec, Hist: old}))
	p.latencies(7, many{"response.chaos.control", 1, 2 * hour})
	p.end(10 * sec)
	s := p.build()
	assert.InEpsilon(t, 3000, s.Metrics["latency.chaos.p50"], 1e-3, "rank 5 of 10: 4 of 90 s, 5 of 50 min, 1 of more")
	assert.InEpsilon(t, 3000, s.Metrics["latency.chaos.p90"], 1e-3)
	assert.Equal(t, 3600., s.Metrics["latency.chaos.max"], "counted at the ceiling")
	assert.Less(t, p.hlog.Len(), 1500)
	assert.Equal(t, 192, hist().ByteSize()>>10, "KB, as NewLatency says")
}

func TestHlogRefuses(t *testing.T) {
	for _, iv := range []report.Interval{
		{Tag: "", Hist: hist()},
		{Tag: "a b", Hist: hist()},
		{Tag: " a", Hist: hist()},
		{Tag: "a,", Hist: hist()},
		{Tag: "a\n", Hist: hist()},
		{Tag: "µ", Hist: hist()},
		{Tag: "a", From: 2, To: 1, Hist: hist()},
		{Tag: "a", From: -1, Hist: hist()},
	} {
		var b bytes.Buffer
		w := report.NewHlogWriter(&b, started)
		assert.Error(t, w.Write(report.Interval{Tag: "fine", Hist: hist()}, iv), "%+v", iv)
		assert.Empty(t, b.String(), "nothing is written")
		require.NoError(t, w.Write(report.Interval{Tag: "fine", Hist: hist()}))
		assert.Equal(t, 5, strings.Count(b.String(), "\n"), "the head is not lost")
	}
	full := errors.New("disk full")
	assert.ErrorIs(t, report.NewHlogWriter(&calls{err: full}, started).Write(), full)
}

func TestHlogReaderSkipsWhatItCannotRead(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.NewHlogWriter(&b, started).Write(report.Interval{Tag: "fine", To: sec, Hist: hist(ms)}))
	head, good, _ := strings.Cut(b.String(), "Tag=")
	good = "Tag=" + strings.TrimSuffix(good, "\n")
	payload := good[strings.LastIndexByte(good, ',')+1:]
	for _, c := range []struct{ line, warning string }{
		{"Tag=x", `tag "x", expected letters`},
		{"Tag=x y,0,1,1," + payload, `tag "x y", expected letters`},
		{"0,1," + payload, "3 fields, expected start, length, maximum and histogram"},
		{"0,1,1,1," + payload, "5 fields"},
		{"x,1,1," + payload, "is not a number of 0 or more"},
		{"0,-1,1," + payload, "is not a number of 0 or more"},
		{"0,1,NaN," + payload, "is not a number of 0 or more"},
		{"1e300,1,1," + payload, "is not a number of 0 or more"},
		{"9e9,9e9,1," + payload, "the interval ends beyond"},
		{"0,1,1,????", "histogram: illegal base64"},
		{"0,1,1," + payload[:len(payload)/2/4*4], "histogram: "},
		{"0,1,1,", "histogram: encoded histogram too short"},
	} {
		r := report.NewHlogReader(strings.NewReader(head + good + "\n" + c.line + "\n" + good + "\n"))
		n := 0
		for r.Scan() {
			n++
			assert.Equal(t, "fine", r.Interval().Tag)
		}
		assert.Equal(t, 2, n)
		require.Len(t, r.Warnings(), 1, c.line)
		assert.True(t, strings.HasPrefix(r.Warnings()[0], "latency.hlog line 6: "), r.Warnings()[0])
		assert.Contains(t, r.Warnings()[0], c.warning)
	}
	r := report.NewHlogReader(strings.NewReader(head + good[:len(good)-5]))
	assert.False(t, r.Scan())
	assert.Equal(t, []string{"latency.hlog line 5: cut off in the middle; skipped"}, r.Warnings())

	broken := errors.New("I/O error")
	r = report.NewHlogReader(iotest.ErrReader(broken))
	assert.False(t, r.Scan())
	assert.ErrorIs(t, r.Err(), broken)
}

// Two roads to one answer: intervals of many shards, drained, flushed, written, read and
// merged, are the histogram of all values.
func TestMergedIntervalsAreOneHistogram(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var b bytes.Buffer
	w := report.NewHlogWriter(&b, started)
	shards := []*report.Latency{report.NewLatency(), report.NewLatency(), report.NewLatency()}
	whole := report.NewLatency()
	all := hist()
	var longest int64
	for i := range int64(20) {
		for range rng.IntN(2000) {
			v := int64(1) << rng.IntN(42) // 1 ns to 73 min
			v += rng.Int64N(v)
			shards[rng.IntN(3)].Record("response", "chaos", []string{"control", "faulted"}[rng.IntN(2)], v)
			require.NoError(t, all.RecordValue(min(v, hour)))
			longest = max(longest, min(v, hour))
		}
		for _, s := range shards {
			s.Drain(whole)
		}
		require.NoError(t, whole.Flush(w, i*sec, (i+1)*sec))
	}
	require.Equal(t, hour, longest, "values beyond the ceiling are among them")

	merged := hist()
	r := report.NewHlogReader(&b)
	lines := map[string]int{}
	var longestRead int64
	for r.Scan() {
		iv := r.Interval()
		require.Zero(t, merged.Merge(iv.Hist))
		lines[iv.Tag]++
		longestRead = max(longestRead, iv.Max)
	}
	assert.True(t, all.Equals(merged))
	assert.Equal(t, longest, longestRead)
	assert.Equal(t, map[string]int{"response.chaos.control": 20, "response.chaos.faulted": 20}, lines, "one line per tag and interval")

	// And the recorder itself still knows all of it.
	for _, q := range []float64{0.1, 0.5, 0.99, 1} {
		got, ok := whole.Quantiles("response", "chaos", 0)(q)
		require.True(t, ok)
		n := float64(all.TotalCount())
		assert.Equal(t, min(all.ValueAtPercentile(100*math.Ceil(q*n)/n), longest), got, "the nearest rank")
	}
}

func TestLatencyQuantile(t *testing.T) {
	l := report.NewLatency()
	_, ok := l.Quantiles("response", "baseline", 0)(0.5)
	assert.False(t, ok)
	v, ok := l.Quantiles("response", "baseline", 3)(0.5)
	assert.True(t, ok)
	assert.Equal(t, int64(-1), v, "all that there was is lost")

	for i := range int64(100) {
		l.Record("response", "baseline", "control", (i+1)*ms)
	}
	l.Record("service", "baseline", "control", 1)
	l.Record("response", "chaos", "control", 1)
	for _, c := range []struct {
		q    float64
		lost int64
		want int64
	}{{0.5, 0, 50}, {0.99, 0, 99}, {1, 0, 100}, {0, 0, 1}, {0.999, 0, 100}, {0.5, 100, 100}, {0.501, 100, -1}, {0.99, 1, 100}, {0.99, 2, -1}, {1, 1, -1}} {
		got, ok := l.Quantiles("response", "baseline", c.lost)(c.q)
		require.True(t, ok)
		if c.want < 0 {
			assert.Equal(t, c.want, got, "%+v", c)
			continue
		}
		assert.InEpsilon(t, c.want*ms, got, 1e-3, "%+v", c)
	}

	var b bytes.Buffer
	require.NoError(t, l.Flush(report.NewHlogWriter(&b, started), 0, sec))
	assert.Equal(t, 3, strings.Count(b.String(), "Tag="))
	require.NoError(t, l.Flush(report.NewHlogWriter(&b, started), sec, 2*sec))
	assert.Equal(t, 3, strings.Count(b.String(), "Tag="), "no line for a second without answers")
	got, _ := l.Quantiles("response", "baseline", 0)(1)
	assert.Equal(t, 100*ms, got, "a maximum is exact")

	l.Record("response", "baseline", "control", sec)
	require.Error(t, l.Flush(report.NewHlogWriter(&calls{err: errors.New("full")}, started), 0, sec))
	b.Reset()
	require.NoError(t, l.Flush(report.NewHlogWriter(&b, started), 0, sec))
	assert.Equal(t, 1, strings.Count(b.String(), "Tag="), "after an error the values are still there")
}
