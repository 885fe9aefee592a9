package longrun

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
)

// The report, which imports nothing, knows every phase that a client can be in.
func TestReportKnowsEveryPhase(t *testing.T) {
	var journal bytes.Buffer
	w := report.NewWriter(&journal)
	require.NoError(t, w.Write(report.Record{Run: Run{Clients: 1}.header()}))
	for p := range heal.Phases {
		phase := heal.Phase(p).String()
		require.NoError(t, w.Write(report.Record{T: sec, Step: &report.Step{Event: "timer", From: phase, To: phase}}))
	}
	require.NoError(t, w.Flush())
	s, err := report.Build(&journal, nil)
	require.NoError(t, err)
	for _, warning := range s.Warnings {
		assert.NotContains(t, warning, "phase")
	}
}
