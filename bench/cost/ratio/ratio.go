// Package ratio judges ratios of paired measurements against a bar.
//
// A pair is two measurements, one right after the other, so that what the machine does
// meanwhile touches both; only ratios within pairs are compared. Of them the median is
// told, with the interval of the sign test: bounded by order statistics, it needs no
// assumption about how ratios are distributed. Of 10 pairs it goes from the 2nd to the
// 9th, with 97.9 % confidence; fewer than 6 pairs have no interval of 95 %.
package ratio

import (
	"fmt"
	"math"

	"github.com/aclements/go-moremath/stats"
)

// Confidence is the least that intervals are asked for.
const Confidence = 0.95

// Estimate is the median of a sample and an interval around it.
type Estimate struct {
	N          int
	Median     float64
	Low, High  float64 // ±Inf where the sample is too small
	Confidence float64 // that the true median lies from Low to High; at least Confidence where both are finite
}

// Of estimates the median of xs; of none it is NaN.
func Of(xs []float64) Estimate {
	if len(xs) == 0 {
		return Estimate{Median: math.NaN(), Low: math.Inf(-1), High: math.Inf(1), Confidence: 1}
	}
	ci := stats.QuantileCI(len(xs), 0.5, Confidence)
	e := Estimate{N: len(xs), Confidence: ci.Confidence}
	e.Median, e.Low, e.High = ci.SampleCI(stats.Sample{Xs: xs})
	return e
}

// Bounded tells whether the sample was large enough for an interval.
func (e Estimate) Bounded() bool { return !math.IsInf(e.Low, -1) && !math.IsInf(e.High, 1) }

// Interval reads "1.10 to 1.25", or "none" where there is none.
func (e Estimate) Interval() string {
	if !e.Bounded() {
		return "none"
	}
	return fmt.Sprintf("%.3g to %.3g", e.Low, e.High)
}

// Bar is what a ratio has to keep to.
type Bar struct {
	Limit   float64
	AtLeast bool // the ratio must reach Limit; false: it must not exceed it
}

func (b Bar) String() string {
	if b.AtLeast {
		return fmt.Sprintf(">= %g", b.Limit)
	}
	return fmt.Sprintf("<= %g", b.Limit)
}

// Verdict is what an estimate says of a bar.
type Verdict uint8

const (
	Open   Verdict = iota // the interval contains the limit, or there is none: measure more pairs
	Holds                 // the whole interval keeps to the bar
	Broken                // none of it does
)

func (v Verdict) String() string {
	switch v {
	case Holds:
		return "holds"
	case Broken:
		return "broken"
	}
	return "open"
}

// Judge decides.
func (b Bar) Judge(e Estimate) Verdict {
	low, high := e.Low, e.High
	if !e.Bounded() {
		return Open
	}
	keeps := func(x float64) bool {
		if b.AtLeast {
			return x >= b.Limit
		}
		return x <= b.Limit
	}
	switch {
	case keeps(low) && keeps(high):
		return Holds
	case !keeps(low) && !keeps(high):
		return Broken
	}
	return Open
}
