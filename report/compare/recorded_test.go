package compare_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// TestRecordedRunsAreTheirJournals: what comparisons are resampled from is what the journals
// of the runs say, for all metrics that a journal without its latency log has.
func TestRecordedRunsAreTheirJournals(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"default", "slower", "again"} {
		kept := recorded(t, name+".json")
		journals := journals(t, "../../testdata/aa/"+name+".ndjson.gz")
		require.Len(t, journals, len(kept))
		for i, journal := range journals {
			s, err := report.Build(bytes.NewReader(journal), bytes.NewReader(nil))
			require.NoError(t, err)
			require.Equal(t, kept[i].Seed, s.Run.Seed, "%s, journal %d", name, i+1)
			values := s.Values()
			for _, metric := range []string{"recovery.t50", "recovery.t90", "recovery.t99", "recovery.client.p50", "storm.peak_100ms", "storm.peak_1s", "messages.waited", "avail.time"} {
				assert.InEpsilon(t, 1+kept[i].Measured[metric], 1+values[metric], 1e-9, "%s, journal %d: %s", name, i+1, metric)
			}
		}
	}
}

// journals are those of a file of many, one after the other: each begins with what is run.
func journals(t *testing.T, file string) (out [][]byte) {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	plain, err := gzip.NewReader(f)
	require.NoError(t, err)
	lines := bufio.NewScanner(plain)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if bytes.HasPrefix(lines.Bytes(), []byte(`{"t":0,"run":`)) {
			out = append(out, nil)
		}
		require.NotEmpty(t, out, "%s begins with a run", file)
		last := len(out) - 1
		out[last] = append(append(out[last], lines.Bytes()...), '\n')
	}
	require.NoError(t, lines.Err())
	return out
}
