package main

import (
	"bufio"
	"flag"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/longrun"
	"github.com/wsheal/wsheal/report"
)

// How large a run TestLongRun has; make long-run has the one of the README.
var (
	longClients = flag.Int("long.clients", 200, "clients of the long run")
	longRecords = flag.Int("long.records", 10_000, "records that the long run has at least")
)

// longestRSS is what a report may take, whatever its journal's length: bytes.
const longestRSS = 300 << 20

// A long run is reported in memory that follows its clients and not its records, and its
// page can be opened.
func TestLongRun(t *testing.T) {
	dir := t.TempDir()
	run := longrun.Sized(*longClients, *longRecords)
	records, size := writeLong(t, run, dir)
	require.GreaterOrEqual(t, records, *longRecords)

	cmd := wsheal(t, "report", dir)
	begun := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(begun)
	require.Zero(t, exitCode(t, err), "%s", out)
	used := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	rss := used.Maxrss << 10
	t.Logf("%s records of %s clients, %s: %s, %s of CPU, %s records a second, at most %s in memory",
		report.FormatCount(int64(records)), report.FormatCount(int64(run.Clients)), report.FormatBytes(size),
		report.FormatDuration(int64(took)), report.FormatDuration(int64(cpu)),
		report.FormatCount(int64(float64(records)/took.Seconds())), report.FormatBytes(rss))
	assert.Less(t, rss, int64(longestRSS))

	s := readSummary(t, dir)
	assert.Equal(t, run.Clients, s.Recovery.Lost)
	assert.Equal(t, run.Clients, s.Recovery.Healed)
	assert.Equal(t, run.Clients*run.Faults, s.Recovery.Client.N, "an outage of each client at each fault")
	assert.Empty(t, s.Warnings)
	page, err := os.Stat(filepath.Join(dir, pageFile))
	require.NoError(t, err)
	assert.Less(t, page.Size(), int64(2<<20))
}

// writeLong writes the run's raw files and returns its records and the journal's bytes.
func writeLong(t *testing.T, run longrun.Run, dir string) (records int, size int64) {
	journal, err := os.Create(filepath.Join(dir, journalFile))
	require.NoError(t, err)
	hlog, err := os.Create(filepath.Join(dir, latencyFile))
	require.NoError(t, err)
	buffered := bufio.NewWriter(hlog)
	records, err = run.Write(journal, buffered)
	require.NoError(t, err)
	require.NoError(t, buffered.Flush())
	info, err := journal.Stat()
	require.NoError(t, err)
	require.NoError(t, journal.Close())
	require.NoError(t, hlog.Close())
	return records, info.Size()
}
