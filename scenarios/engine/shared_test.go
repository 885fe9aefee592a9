package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/inprocess"
	"github.com/wsheal/wsheal/report"
)

// TestClientsOfOnePoolHealTogether: every loss is noticed as one storm, every dial was
// admitted first, none was in vain although the server queues next to none, and the
// journal replays.
func TestClientsOfOnePoolHealTogether(t *testing.T) {
	t.Parallel()
	w := inprocess.New(t)
	s := inprocess.Small(t, "reset-storm",
		"clients.sharing=shared",
		"clients.policy={base: default, name: together, first: at-once, stable_after: 500ms, shared: {storm: {spread: 1s}}}",
		"targets.blue.embedded.handshake={workers: 1, cost: 10ms}",
		"clients.ramp=1s", "phases={warmup: 2s, baseline: 1s, chaos: 500ms, recovery: 8s}", "gates=[messages.lost == 0]")
	w.Judge(s, func(t testing.TB, sum *report.Summary) {
		assert.Equal(t, "confirmed", sum.Faults[0].State, sum.Faults[0].Why)
		assert.Equal(t, 40, sum.Recovery.Lost)
		assert.Equal(t, 40, sum.Recovery.Healed)
		assert.Zero(t, sum.Lost["all"])
		require.NotNil(t, sum.Sharing)
		assert.Equal(t, 1, sum.Sharing.Storms)
		assert.Zero(t, sum.Sharing.Ejections)
		assert.GreaterOrEqual(t, sum.Sharing.Admission.N, 40)
		assert.Equal(t, sum.Storm.Attempts, sum.Sharing.Admission.N, "no dial without admission")
		replays(t, w, s)
	})
}
