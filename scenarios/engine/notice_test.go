package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
)

// TestWhatIsNoticedIsJournalled, all of it; the screen gets what changes the picture.
func TestWhatIsNoticedIsJournalled(t *testing.T) {
	b := newBench(t, open(t, "reset-storm", "clients.sharing=shared"))
	second := heal.Instant(time.Second)
	for i, a := range []crowd.Action{
		{Notice: crowd.HealthChanged, Health: crowd.Healthy},
		{Notice: crowd.StormBegan},
		{Notice: crowd.HealthChanged, Health: crowd.Ejected},
		{Notice: crowd.HealthChanged, Health: crowd.Probing},
		{Notice: crowd.HealthChanged, Health: crowd.Warming},
		{Notice: crowd.StormOver},
		{Notice: crowd.HealthChanged, Endpoint: 9, Health: crowd.Degraded},
	} {
		b.rec.observe(driver.Event{Kind: driver.Noticed, At: heal.Instant(i+1) * second, Client: -1, Report: a})
	}
	var got []report.Crowd
	for _, r := range b.records() {
		assert.EqualValues(t, heal.Instant(len(got)+1)*second, r.T)
		got = append(got, *r.Crowd)
	}
	assert.Equal(t, []report.Crowd{
		{Notice: "health", Health: "healthy"},
		{Notice: "storm began"},
		{Notice: "health", Health: "ejected"},
		{Notice: "health", Health: "probing"},
		{Notice: "health", Health: "warming"},
		{Notice: "storm over"},
		{Notice: "health", Endpoint: 9, Health: "degraded"},
	}, got)

	var lines []string
	for _, e := range b.run.env.Track.Sample(0).Events {
		assert.True(t, e.Note, "%s stays on the screen", e.Text)
		lines = append(lines, e.Text)
	}
	assert.Equal(t, []string{"pool: storm began", "pool: endpoint blue is ejected", "pool: endpoint blue is warming", "pool: storm over", "pool: endpoint 9 is degraded"}, lines)
}

// TestReportKnowsEveryNotice: what the crowd tells has a beginning and an end in the report.
func TestReportKnowsEveryNotice(t *testing.T) {
	b := newBench(t, open(t, "reset-storm", "clients.sharing=shared"))
	b.rec.write(report.Record{Run: b.run.header()})
	for n := crowd.StormBegan; n <= crowd.BudgetBack; n++ {
		b.rec.noticed(heal.Instant(n), crowd.Action{Notice: n})
	}
	require.NoError(t, b.run.journal.Flush())
	sum, err := report.Build(&b.journal, nil)
	require.NoError(t, err)
	require.NotNil(t, sum.Sharing)
	require.Len(t, sum.Sharing.Spans, int(crowd.BudgetBack-crowd.StormBegan+1)/2)
	for _, span := range sum.Sharing.Spans {
		assert.Positive(t, span.To, "%s ends", span.What)
	}
}
