package fit

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// outer is a test that is told how Judge ends.
type outer struct {
	testing.TB
	failed bool
}

func (o *outer) Helper()             {}
func (o *outer) Logf(string, ...any) {}
func (o *outer) Fatalf(string, ...any) {
	o.failed = true
	(&finder{}).FailNow()
}

func TestOnlyWhatIsInvalidIsMadeAgain(t *testing.T) {
	for name, c := range map[string]struct {
		verdicts []report.Verdict // of the runs; the last is repeated
		good     int              // which run's assertions hold; 0: none
		runs     int
		failed   bool
	}{
		"holds at once":                 {[]report.Verdict{report.Pass}, 1, 1, false},
		"holds although invalid":        {[]report.Verdict{report.Invalid}, 1, 1, false},
		"broken":                        {[]report.Verdict{report.Pass}, 0, 1, true},
		"broken and inconclusive":       {[]report.Verdict{report.Inconclusive}, 0, 1, true},
		"invalid, then holds":           {[]report.Verdict{report.Invalid, report.Invalid, report.Pass}, 3, 3, false},
		"invalid, then broken":          {[]report.Verdict{report.Invalid, report.Fail}, 0, 2, true},
		"invalid as often as it may be": {[]report.Verdict{report.Invalid}, 0, tries, true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, stop := range []bool{false, true} {
				o, runs := &outer{TB: t}, 0
				look(o, func(testing.TB) {
					Judge(o, func() *report.Summary {
						runs++
						return &report.Summary{Verdict: c.verdicts[min(runs, len(c.verdicts))-1]}
					}, func(t testing.TB, _ *report.Summary) {
						if stop {
							require.Equal(t, c.good, runs)
						}
						assert.Equal(t, c.good, runs)
					})
				})
				assert.Equal(t, c.runs, runs)
				assert.Equal(t, c.failed, o.failed)
			}
		})
	}
}
