package report_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/longrun"
	"github.com/wsheal/wsheal/report"
)

// The page of a run follows neither its clients nor its records: that of ten thousand
// clients that were all lost can be opened anywhere.
func TestPageOfTenThousandClients(t *testing.T) {
	var journal, hlog bytes.Buffer
	_, err := longrun.Run{Clients: 10_000, Faults: 1, Beat: 60 * sec}.Write(&journal, &hlog)
	require.NoError(t, err)
	s, err := report.Build(&journal, &hlog)
	require.NoError(t, err)
	require.Equal(t, 10_000, s.Recovery.Client.N)
	assert.Less(t, len(htmlOf(t, s)), 2<<20)

	var summary bytes.Buffer
	require.NoError(t, report.WriteJSON(&summary, s))
	assert.Less(t, summary.Len(), 2<<20)
}
