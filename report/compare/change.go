package compare

import (
	"fmt"
	"math"
	"slices"

	"github.com/wsheal/wsheal/report"
)

// power is how often a change that is called detectable would be found.
const power = 0.8

// measure compares one metric over the pairs. Worse is decided later, together with the
// other metrics.
func measure(name string, pairs []matched, rule Rule) Change {
	m, _ := report.Lookup(name)
	s, _ := scaleOf(name) // the rule was checked
	x := Change{Metric: name, Unit: m.Unit, Scale: "difference", Margin: rule.Margin, Finding: Unproven, p: 1}
	nan := Number(math.NaN())
	x.Old, x.New, x.Estimate, x.Low, x.High, x.Noise, x.Detectable = nan, nan, nan, nan, nan, nan, nan
	if s.ratio {
		x.Scale = "ratio"
	}
	var spans, noise []span
	var old, now []float64
	for _, p := range pairs {
		a, hasOld := p.old.Measured[name]
		b, hasNew := p.now.Measured[name]
		if !hasOld || !hasNew {
			continue
		}
		old, now = append(old, a), append(now, b)
		spans = append(spans, s.pair(a, b))
		if p.again != nil {
			if again, ok := p.again.Measured[name]; ok {
				noise = append(noise, s.pair(a, again))
			}
		}
	}
	if x.Pairs = len(spans); x.Pairs == 0 {
		x.Finding, x.Why = NoData, errNoPairs.Error()
		return x
	}
	if x.Pairs < len(pairs) {
		x.Finding, x.Why = NoData, fmt.Sprintf("%d of %d pairs have no value of it on both sides", len(pairs)-x.Pairs, len(pairs))
		return x
	}
	if !s.ratio {
		x.Margin = rule.Margin * average(old)
	}
	x.judge(spans, noise, rule)
	slices.Sort(old)
	slices.Sort(now)
	x.Old, x.New = Number(median(old)), Number(median(now))
	return x
}

// judge holds the pairs against the margin.
func (x *Change) judge(spans, noise []span, rule Rule) {
	sample := newSample(spans)
	low, high, level := sample.interval(rule.Confidence)
	limit := x.inScale(x.Margin)
	floor := 0.0
	if len(noise) >= least(rule.Confidence) {
		nlow, nhigh, _ := newSample(noise).interval(rule.Confidence)
		floor = max(-nlow, nhigh)
		x.Noise = Number(x.told(floor))
	}
	x.Estimate, x.Low, x.High = Number(x.told(sample.estimate())), Number(x.told(low)), Number(x.told(high))
	if level < 1 {
		x.Level = level
	}
	x.p = sample.above(max(limit, floor))
	loud := floor > limit
	switch {
	case x.Level == 0:
		x.Why = fmt.Sprintf("too few pairs for an interval of %s: %d, it takes %d", report.FormatShare(rule.Confidence), len(spans), least(rule.Confidence))
	case high < 0 && !loud:
		x.Finding, x.Why = Better, "the interval lies on the better side"
	case high <= limit && !loud:
		x.Finding, x.Why = NotWorse, "the interval ends before the margin"
	case loud:
		x.Why = fmt.Sprintf("two runs of the old may differ by %s, more than the margin: this machine is too noisy for it", x.format(x.Noise))
	case low > limit:
		x.Why = "the interval lies beyond the margin"
	default:
		x.Why = "the interval has the margin in it: more pairs may tell"
	}
	x.deviation(spans)
}

// inScale turns a change as it is told into the scale's number.
func (x *Change) inScale(change float64) float64 {
	if x.Scale == "ratio" {
		return math.Log1p(change)
	}
	return change
}

// told is the inverse of inScale.
func (x *Change) told(v float64) float64 {
	if x.Scale == "ratio" {
		return math.Expm1(v)
	}
	return v
}

// least is the fewest pairs with an interval of that level: 2^(1-n) is what they leave.
func least(confidence float64) int {
	return 1 + int(math.Ceil(-math.Log2(1-confidence)-1e-9))
}

// deviation keeps the standard deviation of the pairs for detectable; it is NaN where a
// pair has no finite value.
func (x *Change) deviation(spans []span) {
	values := make([]float64, len(spans))
	for i, s := range spans {
		values[i] = s.lo
		if s.lo != s.hi {
			values[i] = math.NaN()
		}
	}
	m, sum := average(values), 0.0
	for _, v := range values {
		sum += (v - m) * (v - m)
	}
	x.sd = math.Sqrt(sum / float64(len(values)-1))
	if math.IsInf(m, 0) {
		x.sd = math.NaN()
	}
}

// detectable is the least change that would be called worse in 80 of 100 comparisons at a
// level alpha: margin + (z(1-alpha) + z(power))·sd/sqrt(n·3/pi). Where even the clearest of
// outcomes, 2^-n, is above alpha, there is none.
func (x *Change) detectable(alpha float64) Number {
	n := float64(x.Pairs)
	if math.Exp2(-n) > alpha || math.IsNaN(x.sd) {
		return Number(math.NaN())
	}
	limit := x.inScale(x.Margin)
	if x.Noise.known() {
		limit = max(limit, x.inScale(float64(x.Noise)))
	}
	return Number(x.told(limit + (normal(1-alpha)+normal(power))*x.sd/math.Sqrt(n*3/math.Pi)))
}

// normal is the quantile of the standard normal distribution.
func normal(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

func average(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// format writes a change with its sign.
func (x *Change) format(n Number) string {
	v := float64(n)
	switch {
	case math.IsNaN(v):
		return "not known"
	case math.IsInf(v, 1):
		return "+inf"
	case math.IsInf(v, -1):
		return "-inf"
	}
	sign := ""
	if v > 0 {
		sign = "+"
	}
	if x.Scale == "ratio" {
		return sign + report.FormatShare(v)
	}
	return sign + report.FormatValue(v, x.Unit)
}
