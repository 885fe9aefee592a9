package longrun

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// The run is the same bytes each time, has as many records as it says, and is one that
// nothing is wrong with: every client is lost at every fault, and back before the next.
func TestRun(t *testing.T) {
	run := Sized(50, 4000)
	assert.Equal(t, 3, run.Faults)
	var journal, hlog, again, hlogAgain bytes.Buffer
	n, err := run.Write(&journal, &hlog)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, n, 4000)
	assert.Equal(t, n, bytes.Count(journal.Bytes(), []byte("\n")))
	_, err = run.Write(&again, &hlogAgain)
	require.NoError(t, err)
	assert.Equal(t, journal.String(), again.String())
	assert.Equal(t, hlog.String(), hlogAgain.String())

	s, err := report.Build(&journal, &hlog)
	require.NoError(t, err)
	assert.Equal(t, report.Pass, s.Verdict, "%v", s.Reasons)
	assert.Empty(t, s.Warnings)
	assert.Equal(t, 50, s.Recovery.Lost)
	assert.Equal(t, 150, s.Recovery.Client.N)
	assert.Equal(t, 50, s.Recovery.Healed)
}
