package report_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// Of the run whose values are worked out by hand: 15 attempts, of which 5 failed.
func TestRasterHasEveryAttempt(t *testing.T) {
	r := resetTape(t).build().Raster
	require.NotNil(t, r)
	assert.Equal(t, 1, r.Every)
	assert.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 5, 6, 7, 8, 9}, r.Client)
	assert.Equal(t, []int64{
		5500 * ms, 5600 * ms, 5700 * ms, 5800 * ms, 5900 * ms, 6000 * ms, 6100 * ms, 6200 * ms, 6300 * ms, 6400 * ms,
		7 * sec, 7 * sec, 7 * sec, 8 * sec, 10 * sec,
	}, r.T)
	assert.Equal(t, "hhhhhccccchhhhh", r.Outcome)
}

func TestRasterOfManyAttemptsLeavesOutClients(t *testing.T) {
	p := broken(t, 64)
	at := 3 * sec
	for range 100 {
		for c := range 64 {
			p.step(at, c, "timer", "dialing", nil)
			p.fail(at+ms, c, "refused", "waiting")
		}
		at += 10 * ms
	}
	p.up(at, 8, "timer", nil)
	p.end(6 * sec)
	r := p.build().Raster
	assert.Equal(t, 4, r.Every, "of 6,400 attempts at most 2,000 are told")
	assert.Len(t, r.Client, 1601)
	assert.Len(t, r.T, 1601)
	assert.Equal(t, strings.Repeat("c", 1600)+"h", r.Outcome)
	for _, c := range r.Client {
		assert.Zero(t, c%4)
	}
}

// Counts of a heat map are those of the latency log, whatever the row.
func TestHeatMapHasEveryAnswer(t *testing.T) {
	s := resetTape(t).build()
	require.NotEmpty(t, s.Heat)
	for _, h := range s.Heat {
		var n, want int64
		for _, column := range h.Counts {
			for _, k := range column {
				n += k
			}
		}
		for _, l := range s.Latency {
			if l.Kind == h.Kind && l.Cohort == "all" && (l.Phase == "all" || l.Phase == "warmup") {
				want += l.N
			}
		}
		assert.Equal(t, want, n, h.Kind)
	}
}

// 20 answers of 100 ms and 20 of 10 ms in chaos: half a decade apart, a row is an eighth.
func TestHeatMapPutsAnswersWhereTheyBelong(t *testing.T) {
	s := resetTape(t).build()
	h := s.Heat[0]
	require.Equal(t, "response", h.Kind)
	require.Equal(t, sec, h.Step)
	got := map[int]int64{}
	for r, n := range h.Counts[5] {
		if n > 0 {
			got[h.Low+r] = n
		}
	}
	assert.Equal(t, map[int]int64{4 * 8: 20, 5 * 8: 20}, got, "10 ms and 100 ms are 4 and 5 decades above a microsecond")
}

func TestPercentileCurveAgreesWithTheTable(t *testing.T) {
	seen := 0
	for _, l := range resetTape(t).build().Latency {
		if l.Kind != "response" {
			assert.Empty(t, l.Curve)
			continue
		}
		at := map[float64]int64{}
		for i, p := range l.Curve {
			at[p.V] = p.T
			if i > 0 {
				assert.GreaterOrEqual(t, p.T, l.Curve[i-1].T)
				assert.GreaterOrEqual(t, p.V, l.Curve[i-1].V)
			}
		}
		for share, want := range map[float64]int64{0.5: l.P50, 0.9: l.P90, 0.99: l.P99, 0.999: l.P999} {
			if v, found := at[share]; found {
				seen++
				assert.Equal(t, want, v, "%s %v", l.Phase, share)
			}
		}
		if last := l.Curve[len(l.Curve)-1]; l.Lost == 0 {
			assert.Equal(t, report.Point{T: l.Max, V: 1}, last)
		} else {
			assert.Less(t, last.V, 1., "what was lost is beyond every answer")
		}
	}
	assert.Greater(t, seen, 10)
}

func TestEventsKeepTheFirstAndTheLast(t *testing.T) {
	p := broken(t, 1)
	for i := range 1000 {
		p.write(report.Record{T: 3*sec + int64(i)*ms, Note: &report.Note{Text: "note"}})
	}
	p.end(6 * sec)
	s := p.build()
	assert.Len(t, s.Events, 400)
	assert.Equal(t, "phase", s.Events[0].Kind)
	assert.Equal(t, report.Event{T: 6 * sec, Kind: "end", Text: "complete"}, s.Events[399])
	before := 0
	for s.Events[before].Kind != "note" {
		before++
	}
	assert.Equal(t, 1000+before+1-400, s.EventsLeftOut)
	for i := 1; i < len(s.Events); i++ {
		assert.GreaterOrEqual(t, s.Events[i].T, s.Events[i-1].T)
	}
}
