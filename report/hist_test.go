package report

import (
	"testing"

	"github.com/stretchr/testify/assert"
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
	q, ok := total.Quantile("response", "warmup", 1, 0)
	assert.True(t, ok)
	assert.Equal(t, int64(1000), q)
}
