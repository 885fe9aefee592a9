package live_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/live"
)

var epoch = time.Date(2026, 11, 22, 10, 15, 0, 0, time.UTC)

func TestJSONGolden(t *testing.T) {
	var out bytes.Buffer
	view := live.NewJSON(live.NewLog(&out, "v1"), epoch)
	tr := live.NewTracker(stormPlan())
	storm(tr, 26*time.Second, func(now time.Duration) { view.Draw(tr.Sample(now)) })
	view.Close(tr.Sample(26 * time.Second))
	golden(t, "log.ndjson", out.String())
}

// Whatever names have in them, an event is one line of JSON, in one write.
func TestJSONIsOneLineEach(t *testing.T) {
	lines := &counting{}
	view := live.NewJSON(live.NewLog(lines, ""), epoch)
	plan := stormPlan()
	plan.Scenario, plan.Faults[0].Name = "a\nb\"\x1b[2J", "cut\r\n"
	tr := live.NewTracker(plan)
	view.Draw(tr.Sample(tick))
	tr.SetFault("cut\r\n", live.Commanded, tick, "")
	tr.SetFault("cut\r\n", live.Failed, 2*tick, "no\nway")
	tr.SetHealth(live.Unfit, 2*tick, "descriptors")
	view.Draw(tr.Sample(2 * tick))
	var events []map[string]any
	for line := range strings.Lines(lines.String()) {
		e := map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(line), &e), line)
		events = append(events, e)
	}
	require.Len(t, events, 4)
	assert.Equal(t, len(events), lines.writes)
	assert.NotContains(t, lines.String(), "\x1b")
	failed := events[2]
	assert.Equal(t, "fault.failed", failed["event.action"])
	assert.Equal(t, "error", failed["log.level"])
	assert.Equal(t, "cut\r\n", failed["wsheal.fault"])
	assert.Equal(t, "2026-11-22T10:15:00.200000000Z", failed["@timestamp"])
	assert.InDelta(t, 2e8, failed["wsheal.t_ns"], 0)
	assert.Equal(t, "harness.unfit", events[3]["event.action"])
}

type counting struct {
	strings.Builder
	writes int
}

func (c *counting) Write(p []byte) (int, error) {
	c.writes++
	return c.Builder.Write(p)
}

func TestJSONHeartbeat(t *testing.T) {
	var out bytes.Buffer
	view := live.NewJSON(live.NewLog(&out, ""), epoch)
	tr := live.NewTracker(live.Plan{Scenario: "soak", Clients: 10, Phases: []live.Phase{{Name: "baseline", To: time.Hour}}})
	for now := tick; now <= 4*time.Minute; now += tick {
		view.Draw(tr.Sample(now))
	}
	var beats []time.Duration
	for line := range strings.Lines(out.String()) {
		var e live.Entry
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		if e.Action == "run.progress" {
			beats = append(beats, e.T)
		}
	}
	assert.Equal(t, []time.Duration{30 * time.Second, 90 * time.Second, 210 * time.Second}, beats)
}

func TestLogFallsSilentWhenNobodyReads(t *testing.T) {
	w := &broken{}
	log := live.NewLog(w, "")
	log.Write(live.Entry{})
	log.Write(live.Entry{})
	assert.Equal(t, 1, w.writes)
}

// A frame is never as high as the screen: it would scroll at each drawing.
func TestTerminalOnLowScreens(t *testing.T) {
	for height, want := range map[int]int{24: 8, 9: 8, 8: 4, 5: 4, 4: 3, 2: 1, 1: 0, 0: 8} {
		s := newScreen(t, 80)
		view := live.NewTerminal(s, report.Style{Unicode: true}, func() (int, int) { return 80, height })
		tr := live.NewTracker(stormPlan())
		view.Draw(tr.Sample(tick))
		view.Draw(tr.Sample(2 * tick))
		assert.Equal(t, want, s.row, "rows at a height of %d:\n%s", height, s)
	}
}

// At 40 columns every stopwatch is there.
func TestTerminalAtFortyColumns(t *testing.T) {
	s := newScreen(t, 40)
	view := live.NewTerminal(s, report.Style{Unicode: true}, func() (int, int) { return 40, 24 })
	tr := live.NewTracker(stormPlan())
	storm(tr, 26*time.Second, func(now time.Duration) { view.Draw(tr.Sample(now)) })
	text := s.String()
	for _, want := range []string{"t50 2.5 s ✓", "t90 4.5 s ✓", "t99 5.0 s ✓", "t100 5.0 s ✓"} {
		assert.Contains(t, text, want)
	}
	assert.Equal(t, 5, s.row)
}

func TestViewsSeeTheSameStates(t *testing.T) {
	a, b := &recorder{}, &recorder{}
	all := live.Views{a, b}
	all.Draw(live.State{Now: 1})
	all.Close(live.State{Now: 2})
	assert.True(t, reflect.DeepEqual(a, b))
	assert.Equal(t, []time.Duration{1}, a.drawn)
	assert.Equal(t, []time.Duration{2}, a.closed)
}
