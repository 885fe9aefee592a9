package engine

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

const ms = time.Millisecond

// guarding makes a guard of 100 clients.
func guarding(t *testing.T, text string) *guard {
	t.Helper()
	gate, err := report.ParseGate(text)
	require.NoError(t, err)
	require.True(t, gate.Abort)
	return &guard{clients: 100, gates: []report.Gate{gate}}
}

func TestGuardLooks(t *testing.T) {
	hit := edges{commanded: 10 * time.Second, confirmed: 10*time.Second + 100*ms}
	over := hit
	over.over = 12 * time.Second
	for _, c := range []struct {
		name string
		gate string
		x    glance
		why  string // "": it holds
	}{
		{"enough are usable", "clients.usable >= 50% or abort", glance{usable: 50}, ""},
		{"too few are", "clients.usable >= 50% or abort", glance{at: 7200 * ms, usable: 49}, "it was 49 % at 7.200 s, which ended the run"},
		{"within the limit", "recovery.t99 < 2s or abort", glance{at: 12100 * ms, usable: 3, baseline: 1, last: hit}, ""},
		{"past it and back", "recovery.t99 < 2s or abort", glance{at: 13 * time.Second, usable: 99, baseline: 1, last: hit}, ""},
		{"past it and not", "recovery.t99 < 2s or abort", glance{at: 12101 * ms, usable: 98, baseline: 1, last: hit}, "98 % of the clients were usable 2.001 s after it began to count at 12.1 s, which ended the run"},
		{"of a baseline that was not whole", "recovery.t99 < 2s or abort", glance{at: 13 * time.Second, usable: 90, baseline: 0.9, last: hit}, ""},
		{"half of them", "recovery.t50 < 2s or abort", glance{at: 13 * time.Second, usable: 49, baseline: 1, last: hit}, "49 % of the clients were usable 2.900 s after it began to count at 13 s, which ended the run"},
		{"not confirmed yet", "recovery.t99 < 2s or abort", glance{at: 99 * time.Second, baseline: 1, last: edges{commanded: 10 * time.Second}}, ""},
		{"from the command", "recovery.commanded.t99 < 2s or abort", glance{at: 12050 * ms, baseline: 1, last: hit}, "0 % of the clients were usable 2.050 s after it began to count at 12.1 s, which ended the run"},
		{"still in force", "recovery.cleared.t99 < 2s or abort", glance{at: 99 * time.Second, baseline: 1, last: hit}, ""},
		{"from its end", "recovery.cleared.t100 < 2s or abort", glance{at: 15 * time.Second, usable: 99, baseline: 1, last: over}, "99 % of the clients were usable 3 s after it began to count at 15 s, which ended the run"},
		{"nothing was seen before", "recovery.t99 < 2s or abort", glance{at: 99 * time.Second, last: hit}, ""},
		{"some twice", "messages.dup < 3 or abort", glance{dup: 2}, ""},
		{"too many twice", "messages.dup < 3 or abort", glance{at: time.Second, dup: 3}, "it was 3 at 1 s, which ended the run"},
		{"not asked this time", "latency.chaos.p99 < 1s or abort", glance{}, ""},
		{"too few to say", "latency.chaos.p99 < 1s or abort", glance{answered: func(string, string) (float64, int64) { return 9, 298 }}, ""},
		{"too slow", "latency.chaos.p99 < 1s or abort", glance{at: time.Second, answered: func(phase, q string) (float64, int64) {
			assert.Equal(t, []string{"chaos", "p99"}, []string{phase, q})
			return 1.5, 299
		}}, "it was 1.500 s at 1 s, which ended the run"},
	} {
		broken := guarding(t, c.gate).look(c.x)
		if c.why == "" {
			assert.Nil(t, broken, c.name)
			continue
		}
		if assert.NotNil(t, broken, c.name) {
			assert.Equal(t, &brokenGate{c.gate, c.why}, broken, c.name)
		}
	}
}

// Attempts are counted in windows no longer than the metric's, from the first fault on.
func TestGuardSeesStorms(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"storm.peak_1s < 40% or abort":    1350 * ms, // 10 per 50 ms from 1.15 s on
		"storm.peak_100ms < 15% or abort": 1250 * ms,
		"storm.peak_100ms < 21% or abort": 0,
		"storm.peak_1s <= 200% or abort":  0,
	} {
		g := guarding(t, text)
		var at time.Duration
		n := int64(500) // before the fault
		for now := time.Duration(0); now < 3*time.Second && at == 0; now += 50 * ms {
			x := glance{at: now, attempts: n}
			if now >= time.Second {
				x.last.commanded = time.Second
			}
			if g.look(x) != nil {
				at = now
			}
			if now >= 1150*ms {
				n += 10
			}
		}
		assert.Equal(t, want, at, text)
		assert.LessOrEqual(t, len(g.tried), 21, "no more is kept than the longest window")
	}
}

func TestReasonsAreOneLine(t *testing.T) {
	assert.Equal(t, report.End{Reason: "error", Why: "clients ended with exit status 3; its last output: cannot dial / gave up"},
		ended(errors.New("clients ended with exit status 3; its last output:\n  cannot dial\n  gave up")))
	assert.Equal(t, report.End{Reason: "error", Why: "it wrote nothing"}, ended(errors.New("it wrote nothing")))
}
