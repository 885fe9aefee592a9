package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// seeds adds the hand-made runs, and damaged copies of them.
func seeds(f *testing.F, add func(journal, hlog []byte)) {
	dirs, err := filepath.Glob(filepath.Join("..", "testdata", "journals", "*"))
	require.NoError(f, err)
	require.NotEmpty(f, dirs)
	for _, dir := range dirs {
		journal, err := os.ReadFile(filepath.Join(dir, "journal.ndjson"))
		require.NoError(f, err)
		hlog, err := os.ReadFile(filepath.Join(dir, "latency.hlog"))
		require.NoError(f, err)
		add(journal, hlog)
		add(journal[:len(journal)*2/3], hlog[:len(hlog)/2])
		add(bytes.ReplaceAll(journal, []byte("1"), []byte("9")), hlog)
	}
	add(nil, nil)
}

// What the reader accepts is a record that can be written and read again; what it does
// not accept harms nobody.
func FuzzReader(f *testing.F) {
	seeds(f, func(journal, _ []byte) { f.Add(journal) })
	f.Fuzz(func(t *testing.T, text []byte) {
		r := report.NewReader(bytes.NewReader(text))
		var out bytes.Buffer
		w := report.NewWriter(&out)
		n := 0
		for ; r.Scan(); n++ {
			require.NoError(t, w.Write(r.Record()))
			assert.GreaterOrEqual(t, r.Record().T, int64(0))
		}
		require.NoError(t, w.Flush())
		again := report.NewReader(bytes.NewReader(out.Bytes()))
		for again.Scan() {
			n--
		}
		assert.Zero(t, n)
		assert.Empty(t, again.Warnings())
		assert.NoError(t, again.Err())
	})
}

// Whatever the files have, the summary can be written, is the same each time, and does
// not pass without an end.
func FuzzBuild(f *testing.F) {
	seeds(f, func(journal, hlog []byte) { f.Add(journal, hlog) })
	f.Fuzz(func(t *testing.T, journal, hlog []byte) {
		s, err := report.Build(bytes.NewReader(journal), bytes.NewReader(hlog))
		if err != nil {
			assert.Nil(t, s)
			return
		}
		var first, second bytes.Buffer
		require.NoError(t, report.WriteJSON(&first, s))
		var back report.Summary
		require.NoError(t, json.Unmarshal(first.Bytes(), &back))
		s, err = report.Build(bytes.NewReader(journal), bytes.NewReader(hlog))
		require.NoError(t, err)
		require.NoError(t, report.WriteJSON(&second, s))
		require.Equal(t, first.String(), second.String())

		if s.Ended.Reason != "complete" {
			assert.NotEqual(t, report.Pass, s.Verdict)
		}
		assert.Equal(t, s.Verdict == report.Pass, len(s.Reasons) == 0)
		assert.LessOrEqual(t, s.Recovery.Healed+s.Recovery.Unhealed, s.Recovery.Lost)
		assert.LessOrEqual(t, s.Storm.Healed+s.Storm.Hopeless+s.Storm.Collateral, s.Storm.Attempts)
		for name := range s.Values() {
			m, known := report.Lookup(name)
			assert.True(t, known, name)
			_, sampled := s.Samples[name]
			assert.Equal(t, m.Min > 0, sampled, name)
		}
		if o := s.Recovery.Outages; o != nil {
			var total float64
			for _, p := range o.Parts {
				assert.GreaterOrEqual(t, p.Total, 0., p.Name)
				total += p.Total
			}
			assert.InDelta(t, o.Total, total, 1e-6*o.Total)
			for _, x := range o.Slowest {
				var sum int64
				for _, ns := range x.Parts {
					sum += ns
				}
				assert.Equal(t, x.Whole, sum, "the parts of an outage sum to the whole")
				stripIsWhole(t, x, s.Recovery.Outages)
			}
		}
		require.NoError(t, report.WriteText(io.Discard, s, report.Style{Width: 80}))
		require.NoError(t, report.WriteHTML(io.Discard, s))
	})
}

// Whatever the pieces have, they are refused, or become a journal that can be read.
func FuzzMerge(f *testing.F) {
	var last []byte
	seeds(f, func(journal, hlog []byte) {
		f.Add(journal, last, hlog)
		f.Add(journal, journal, hlog)
		last = journal
	})
	f.Fuzz(func(t *testing.T, a, b, hlog []byte) {
		var journal, log, again, logAgain bytes.Buffer
		piece := func(name string, journal []byte) report.Piece {
			return report.Piece{Name: name, Journal: bytes.NewReader(journal), Hlog: bytes.NewReader(hlog)}
		}
		_, err := report.Merge(&journal, &log, piece("a", a), piece("b", b))
		_, reversed := report.Merge(&again, &logAgain, piece("b", b), piece("a", a))
		assert.Equal(t, err == nil, reversed == nil)
		if err != nil {
			return
		}
		assert.Equal(t, journal.String(), again.String())
		assert.Equal(t, log.String(), logAgain.String())
		_, err = report.Build(&journal, &log)
		require.NoError(t, err)
	})
}

func FuzzHlogReader(f *testing.F) {
	seeds(f, func(_, hlog []byte) { f.Add(hlog) })
	f.Fuzz(func(t *testing.T, text []byte) {
		r := report.NewHlogReader(bytes.NewReader(text))
		for r.Scan() {
			iv := r.Interval()
			assert.LessOrEqual(t, iv.From, iv.To)
			assert.GreaterOrEqual(t, iv.From, int64(0))
			assert.NotNil(t, iv.Hist)
		}
		if err := r.Err(); err != nil {
			assert.ErrorContains(t, err, "format version")
		}
	})
}

func FuzzParseGate(f *testing.F) {
	for _, text := range []string{"recovery.t99 < 8s", "storm.peak_1s<=40%", "messages.lost == 0", "x != y", "<", "messages.rate > 1/s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		g, err := report.ParseGate(text)
		if err != nil {
			assert.Zero(t, g)
			return
		}
		_, known := report.Lookup(g.Metric)
		assert.True(t, known)
		again, err := report.ParseGate(g.Text)
		require.NoError(t, err)
		assert.Equal(t, g, again)
		assert.Equal(t, "no data", g.Judge(nil).Verdict)
	})
}
