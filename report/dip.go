package report

import (
	"math"
	"slices"
	"time"
)

const (
	// stretchLeast is the shortest time over which answers per second are counted: what a
	// fault's edge cuts off shorter is counted with what follows.
	stretchLeast = int64(500 * time.Millisecond)
	// dipStretches is the fewest stretches of the baseline that say what is usual.
	dipStretches = 3
	// dipBand is the least by which answers must fall short of the baseline's median to be
	// out of the usual band; where the baseline itself wavers more, its wavering is.
	dipBand = 0.05
	// edgeSlack is how far an interval may reach over an edge and still count as wholly on
	// one side of it: intervals end a little after whole seconds.
	edgeSlack = int64(50 * time.Millisecond)
)

// Dip is how far the answers per second, by the second in which they came, fell short of
// the baseline's median: Q = rate/Base. It is computed over stretches of a second, from
// the first fault's command to the end of the plan. (After Bruneau et al., 2003.)
type Dip struct {
	Base      float64 `json:"base"`      // median answers per second over the baseline
	N         int     `json:"n"`         // stretches of the baseline
	Band      float64 `json:"band"`      // Q below which answers are missing: 1 less 3 median absolute deviations of the baseline (as a standard deviation), 95 % at most
	Depth     float64 `json:"depth"`     // 1 - lowest Q
	Width     int64   `json:"width"`     // ns with Q below the band
	Area      float64 `json:"area"`      // integral of 1 - Q where that is above 0: seconds of full outage that are worth the same
	Overshoot float64 `json:"overshoot"` // highest Q - 1: catching up; never subtracted from Area
	Slope     float64 `json:"slope"`     // Q regained per second, from the lowest stretch to the first in the band after it; 0: there was no dip, or no such stretch
	Back      int64   `json:"back"`      // ns from the end of the last fault until Q was in the band for good; -1: not by the end, or not for the hold time
	Last      float64 `json:"last"`      // Q over the last ten seconds
	Resent    int64   `json:"resent"`    // messages sent again in them
	Kept      float64 `json:"kept"`      // 1 - Area over the time: the share of the baseline's answers that came all the same
}

// stretch is some time of the load, a second as a rule.
type stretch struct {
	from, to      int64
	acked, resent int64
}

func (s stretch) rate() float64 { return float64(s.acked) / (float64(s.to-s.from) / 1e9) }

// stretches joins the intervals of the load that begin and end within spans of time, so
// that no stretch is shorter than stretchLeast. A rest that is shorter is left out. What
// is beyond the end of the load is cut off, for nothing was due then.
func (m *messages) stretches(from, to func(t int64) bool, end int64) []stretch {
	var out []stretch
	var open stretch
	for _, iv := range m.intervals {
		if !from(iv.from) || !to(iv.to) || iv.to <= iv.from || iv.from >= end {
			continue
		}
		if open.to == open.from {
			open = stretch{from: iv.from}
		}
		open.to = max(open.to, min(iv.to, end))
		open.acked += iv.acked
		open.resent += iv.resent
		if open.to-open.from >= stretchLeast {
			out = append(out, open)
			open = stretch{}
		}
	}
	return out
}

// dip measures it, given when the baseline began, the first fault's command, when the
// last fault was over (the end of time: never), and the end of the plan; nil where there is too little to say.
func (m *messages) dip(begun, commanded, over, end, hold int64) *Dip {
	split := commanded + edgeSlack
	before := m.stretches(func(t int64) bool { return t >= begun-edgeSlack }, func(t int64) bool { return t <= split }, end)
	after := m.stretches(func(int64) bool { return true }, func(t int64) bool { return t > split }, end)
	rates := make([]float64, len(before))
	for i, s := range before {
		rates[i] = s.rate()
	}
	base := middleOf(rates)
	if len(before) < dipStretches || len(after) == 0 || base <= 0 {
		return nil
	}
	for i := range rates {
		rates[i] = math.Abs(rates[i] - base)
	}
	d := &Dip{Base: base, N: len(before), Band: 1 - max(dipBand, 3*1.4826*middleOf(rates)/base)}
	lowest, back := math.Inf(1), int64(0)
	var trough stretch
	var whole float64
	for _, s := range after {
		q, ns := s.rate()/base, s.to-s.from
		seconds := float64(ns) / 1e9
		whole += seconds
		d.Area += float64(max(0, 1-q) * seconds)
		d.Overshoot = max(d.Overshoot, q-1)
		if q < lowest {
			lowest, trough, d.Slope = q, s, 0
		}
		switch {
		case q < d.Band:
			d.Width += ns
			back = s.to
		case lowest < d.Band && d.Slope == 0:
			if apart := float64(s.from+s.to-trough.from-trough.to) / 2e9; apart > 0 {
				d.Slope = (q - lowest) / apart
			}
		}
	}
	d.Depth, d.Kept = min(1, max(0, 1-lowest)), 1-d.Area/whole
	last := after[len(after)-1].to
	d.Last, d.Resent = lately(after, last-int64(tailOf), base)
	switch {
	case back == 0:
	case over == math.MaxInt64:
		d.Back = -1
	case back <= over:
	case last-back < hold:
		d.Back = -1
	default:
		d.Back = back - over
	}
	return d
}

// lately is Q over the stretches that began after a moment, and what was sent again then.
func lately(all []stretch, from int64, base float64) (q float64, resent int64) {
	var acked, ns int64
	for _, s := range all {
		if s.from >= from {
			acked, ns, resent = acked+s.acked, ns+s.to-s.from, resent+s.resent
		}
	}
	if ns == 0 {
		return 0, 0
	}
	return float64(acked) / (float64(ns) / 1e9) / base, resent
}

// middleOf is the median of some values, the lower of two; 0 of none.
func middleOf(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}
