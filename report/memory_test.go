package report_test

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/longrun"
	"github.com/wsheal/wsheal/report"
)

// What a report of a longer run allocates in addition, over all of its work, is a small
// part of the records that it has in addition: no more than what is kept of each outage,
// and what a second's dozen of other records take. A step takes nothing.
func TestRecordsTakeNoMemory(t *testing.T) {
	build := func(faults int) (records int, objects, size float64) {
		var journal bytes.Buffer
		records, err := longrun.Run{Clients: 500, Faults: faults, Seed: 1}.Write(&journal, new(bytes.Buffer))
		require.NoError(t, err)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		s, err := report.Build(&journal, nil)
		runtime.ReadMemStats(&after)
		require.NoError(t, err)
		require.Equal(t, 500*faults, s.Recovery.Client.N)
		return records, float64(after.Mallocs - before.Mallocs), float64(after.TotalAlloc - before.TotalAlloc)
	}
	short, objects, size := build(1)
	long, moreObjects, moreSize := build(2)
	records := float64(long - short)
	require.Greater(t, records, 15_000.)
	t.Logf("%.3f objects and %.1f bytes a record", (moreObjects-objects)/records, (moreSize-size)/records)
	assert.Less(t, (moreObjects-objects)/records, 0.5)
	assert.Less(t, (moreSize-size)/records, 120.)
}
