package compare

import (
	"fmt"
	"slices"
)

// Defaults of a Rule, and of how many pairs are run. DefaultPairs is what the experiment in
// testdata/aa shows to be enough for the noisiest of the metrics alone, and the fewest
// (15) of which one may go astray and not hide what the others show, with a pair to spare.
const (
	DefaultMargin     = 0.10
	DefaultConfidence = 0.95
	DefaultPairs      = 16
)

// primary are the metrics that decide where none are named: how soon most and nearly all
// of the fleet is back, what coming back does to the server, and what users notice of it.
var primary = []string{"recovery.t50", "recovery.t99", "storm.peak_1s", "latency.p99", "messages.lost"}

// Rule says what counts as worse. The zero value has the defaults.
type Rule struct {
	Margin     float64  `json:"margin"`     // a change for the worse that is still accepted, as a share; 0: DefaultMargin
	Confidence float64  `json:"confidence"` // of the intervals, two-sided; 0: DefaultConfidence
	Metrics    []string `json:"metrics"`    // which decide; empty: the primary ones, as far as the runs have them
	asked      bool     // Metrics were named, so that all of them must have data
}

// Check fills in the defaults, and says what is wrong with a rule.
func (r Rule) Check() (Rule, error) {
	r.asked = len(r.Metrics) > 0
	if !r.asked {
		r.Metrics = slices.Clone(primary)
	}
	if r.Margin == 0 {
		r.Margin = DefaultMargin
	}
	if r.Confidence == 0 {
		r.Confidence = DefaultConfidence
	}
	if !(r.Margin > 0 && r.Margin <= 10) {
		return r, fmt.Errorf("margin %v: expected a share above 0 and up to 10, such as 0.1", r.Margin)
	}
	if !(r.Confidence >= 0.5 && r.Confidence < 1) {
		return r, fmt.Errorf("confidence %v: expected 0.5 or more and less than 1, such as 0.95", r.Confidence)
	}
	for i, name := range r.Metrics {
		if _, err := scaleOf(name); err != nil {
			return r, err
		}
		if slices.Contains(r.Metrics[:i], name) {
			return r, fmt.Errorf("metric %s is named twice", name)
		}
	}
	return r, nil
}
