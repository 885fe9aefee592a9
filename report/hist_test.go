package report

import (
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A shard keeps the series of the phase that is going on, and not those of all that were.
func TestDrainLetsGoOfWhatIsOver(t *testing.T) {
	shard, total := NewLatency(), NewLatency()
	shard.Record("response", "warmup", "f0", 1000)
	shard.Drain(total)
	shard.Record("response", "chaos", "f0", 2000)
	shard.Drain(total)
	assert.Len(t, shard.interval, 1)
	assert.Contains(t, shard.interval, seriesName{"response", "chaos", "f0"})
	assert.Len(t, total.interval, 2)
	q, ok := total.Quantiles("response", "warmup", 0)(1)
	assert.True(t, ok)
	assert.Equal(t, int64(1000), q)
}

// What another tool wrote, more coarsely and to another ceiling, is cut to ours, and its exact
// maximum remains.
func TestAHistogramOfAnotherRange(t *testing.T) {
	coarse := hdrhistogram.New(1, ceiling, 1)
	require.NoError(t, coarse.RecordValue(1_000_000))
	s := newSeries()
	s.merge(coarse, 1_000_000)
	assert.EqualValues(t, 1_000_000, s.at(1), "though its bar begins well below")

	long := hdrhistogram.New(lowest, 4*ceiling, digits)
	require.NoError(t, long.RecordValue(3*ceiling))
	s.merge(long, 3*ceiling)
	assert.EqualValues(t, 2, s.n())
	assert.Equal(t, ceiling, s.at(2))
}
