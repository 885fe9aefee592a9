package live_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report/live"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("..", "..", "testdata", "golden", "live", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "go test ./report/live -update writes it")
	assert.Equal(t, string(want), got, "go test ./report/live -update, then read the diff")
}

const tick = 100 * time.Millisecond

func stormPlan() live.Plan {
	return live.Plan{
		Scenario: "reset-storm", Policy: "default", Seed: 42, Clients: 1000, Rate: 2000, Hold: 3 * time.Second,
		Phases: []live.Phase{
			{Name: "warmup", From: 0, To: 6 * time.Second},
			{Name: "baseline", From: 6 * time.Second, To: 11 * time.Second},
			{Name: "chaos", From: 11 * time.Second, To: 12 * time.Second},
			{Name: "recovery", From: 12 * time.Second, To: 26 * time.Second},
		},
		Faults: []live.Fault{{Name: "cut", Kind: "reset", Share: 1, At: 11 * time.Second}},
	}
}

// storm plays reset-storm tick by tick: 1,000 clients come in 4 s, are lost at 11 s and
// are back, evenly, within 5 s. look is called after each tick with the time.
func storm(tr *live.Tracker, until time.Duration, look func(now time.Duration)) {
	for now := tick; now <= until; now += tick {
		switch now {
		case tick:
			tr.SetPhase("warmup", 0)
		case 6 * time.Second:
			tr.SetPhase("baseline", now)
		case 11 * time.Second:
			tr.SetSteady(true, now, "")
			tr.SetHealth(live.Fit, now, "")
			tr.SetPhase("chaos", now)
			tr.SetFault("cut", live.Commanded, now, "")
			tr.SetFault("cut", live.Confirmed, now+2*time.Millisecond, "")
			tr.SetFault("cut", live.Cleared, now+19*time.Millisecond, "")
			tr.AddUsable(-1000)
		case 12 * time.Second:
			tr.SetPhase("recovery", now)
		}
		up := 1000
		switch {
		case now <= 4*time.Second:
			tr.AddAttempts(25)
			tr.AddUsable(25)
			up = int(now / tick * 25)
		case now > 11*time.Second && now <= 16*time.Second:
			tr.AddAttempts(21) // one of them in vain
			tr.AddUsable(20)
			up = int((now - 11*time.Second) / tick * 20)
		}
		tr.AddAnswers(200 * up / 1000)
		look(now)
	}
}
