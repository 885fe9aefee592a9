package proc

import (
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSelfCountsDescriptors(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // makes the poller's own descriptors first
	require.NoError(t, err)
	defer ln.Close()
	before, err := Self()
	require.NoError(t, err)
	for range 7 {
		f, err := os.Open(os.DevNull)
		require.NoError(t, err)
		defer f.Close()
	}
	after, err := Self()
	require.NoError(t, err)
	assert.Equal(t, before.FDs+7, after.FDs)
	assert.Positive(t, after.RSS)
	assert.GreaterOrEqual(t, after.CPU, before.CPU)
	assert.Greater(t, after.FDLimit, after.FDs)
}

func TestDescriptorsAreCountedOnOldKernelsToo(t *testing.T) {
	// A directory whose size is not its number of entries: 0, as before Linux 6.2.
	n, err := openDescriptors("/proc/self/task")
	require.NoError(t, err)
	assert.Positive(t, n)
}

func TestUsageOfAChild(t *testing.T) {
	c := mustStart(t, "good")
	u, err := c.Usage()
	require.NoError(t, err)
	assert.GreaterOrEqual(t, u.FDs, 3)
	assert.Greater(t, u.RSS, int64(1<<20))
	assert.Positive(t, u.FDLimit)
}

func TestParseStat(t *testing.T) {
	stat := "4711 (a) b (c) R 1 4711 4711 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 9 0 12345 1000000 42 18446744073709551615 1 1 0"
	cpu, rss, err := parseStat([]byte(stat))
	require.NoError(t, err)
	assert.InDelta(t, 3.0, cpu, 1e-9)
	assert.Equal(t, int64(42*os.Getpagesize()), rss)

	for _, bad := range []string{"", "4711", "4711 (x)", "4711 (x) R 1 2 3"} {
		_, _, err := parseStat([]byte(bad))
		assert.Error(t, err, "%q", bad)
	}
}

func TestParseMachine(t *testing.T) {
	c, err := parseMachine([]byte("cpu  1000 200 300 4000 500 60 70 800 90 10\ncpu0 1 2 3\n"))
	require.NoError(t, err)
	assert.InDelta(t, 69.30, c.Total, 1e-9, "guest time is not counted twice")
	assert.InDelta(t, 45.00, c.Idle, 1e-9)
	assert.InDelta(t, 8.00, c.Steal, 1e-9)

	for _, bad := range []string{"", "cpu 1 2 3", "cpu  a b c d e f g h", "intr 1 2 3 4 5 6 7 8"} {
		_, err := parseMachine([]byte(bad))
		assert.Error(t, err, "%q", bad)
	}
}

func TestShares(t *testing.T) {
	before := CPUTimes{Total: 100, Idle: 50, Steal: 10}
	now := CPUTimes{Total: 110, Idle: 54, Steal: 11}
	assert.InDelta(t, 0.1, now.StealShare(before), 1e-9)
	assert.Zero(t, now.StealShare(now))
	assert.Zero(t, CPUTimes{Total: 110, Steal: 9}.StealShare(before), "a counter that stepped back")
}

func TestMachine(t *testing.T) {
	c, err := Machine()
	require.NoError(t, err)
	assert.Positive(t, c.Total)
	assert.LessOrEqual(t, c.Idle+c.Steal, c.Total)
}
