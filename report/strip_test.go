package report_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// withoutStrips are the outages as they are summed up.
func withoutStrips(outages []report.Outage) []report.Outage {
	out := slices.Clone(outages)
	for i := range out {
		out[i].Strip = nil
	}
	return out
}

// stripIsWhole holds an outage's strip against its parts, which are summed up elsewhere.
func stripIsWhole(t *testing.T, x report.Outage, o *report.Outages) {
	t.Helper()
	if len(x.Strip) == 0 {
		assert.Greater(t, o.N, 1024, "the strip of a slow outage is only forgotten where there are many")
		return
	}
	end := x.Strip[0].From + x.Whole
	sums := map[string]int64{}
	for i, p := range x.Strip {
		to := end
		if i+1 < len(x.Strip) {
			to = x.Strip[i+1].From
		}
		assert.GreaterOrEqual(t, to, p.From, "stretch %d", i)
		if to > p.From {
			sums[p.What] += to - p.From
		}
	}
	if _, cut := sums[""]; !cut {
		assert.Equal(t, x.Parts, sums)
	}
}

func TestStripTellsWhatHappened(t *testing.T) {
	o := failoverTape(t).build().Recovery.Outages
	require.Len(t, o.Slowest, 3)
	assert.Equal(t, []report.Stretch{
		{From: 2100 * ms, What: "detect"},
		{From: 3100 * ms, What: "backoff", Cause: "half-open"},
		{From: 3600 * ms, What: "admission"},
		{From: 3700 * ms, What: "failed"},
		{From: 4200 * ms, What: "stopped", Cause: "tls"},
	}, o.Slowest[0].Strip)
	assert.Equal(t, []report.Stretch{
		{From: 2100 * ms, What: "detect"},
		{From: 7 * sec, What: "backoff", Cause: "eof"},
		{From: 7300 * ms, What: "admission"},
		{From: 7400 * ms, What: "dial"},
		{From: 7500 * ms, What: "prove"},
	}, o.Slowest[1].Strip)
	assert.Equal(t, []report.Stretch{
		{From: 2100 * ms, What: "detect"},
		{From: 2200 * ms, What: "admission", Cause: "reset"},
		{From: 2500 * ms, What: "failed"},
		{From: 2600 * ms, What: "backoff", Cause: "refused"},
		{From: 3 * sec, What: "admission"},
		{From: 3400 * ms, What: "failed"}, // dialled and proved: in vain, as it did not last
		{From: 3600 * ms, What: "relapse"},
		{From: 4 * sec, What: "backoff", Cause: "eof"},
		{From: 4400 * ms, What: "admission"},
		{From: 4500 * ms, What: "dial"},
		{From: 4600 * ms, What: "prove"},
	}, o.Slowest[2].Strip)
	for _, x := range o.Slowest {
		stripIsWhole(t, x, o)
	}
}

// What a client that never stops trying does is not kept for ever.
func TestStripOfAClientThatTriesForEverIsBounded(t *testing.T) {
	p := broken(t, 1)
	at := 3 * sec
	for range 200 {
		p.step(at, 0, "timer", "dialing", nil)
		p.fail(at+5*ms, 0, "refused", "waiting")
		at += 10 * ms
	}
	p.end(6 * sec)
	o := p.build().Recovery.Outages
	strip := o.Slowest[0].Strip
	assert.Len(t, strip, 65)
	assert.Equal(t, report.Stretch{From: strip[64].From}, strip[64], "the rest is not told apart")
	stripIsWhole(t, o.Slowest[0], o)
}
