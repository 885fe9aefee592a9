package toxi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/chaos/toxi"
	"github.com/wsheal/wsheal/internal/inprocess"
	"github.com/wsheal/wsheal/report"
)

// TestDeafTapProvesNothing runs scenarios through a proxy that confirms every order and
// obeys none. Nothing is broken, so every gate holds; the run must not pass for that.
func TestDeafTapProvesNothing(t *testing.T) {
	for name, state := range map[string]string{
		"reset-storm": "no effect", "latency-spike": "no effect",
		"partition": "unexpected", // bytes crossed that should have been held
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := inprocess.New(t)
			w.Proxy = func() *toxi.Server { return toxi.NewDeafServer(toxi.Options{Clock: proc.Monotonic}) }
			w.Judge(inprocess.Small(t, name,
				"phases={warmup: 2s, baseline: 2s, chaos: 2s, recovery: 2s}", "gates=[messages.lost == 0]"), func(t testing.TB, sum *report.Summary) {
				assert.Equal(t, state, sum.Faults[0].State, sum.Faults[0].Why)
				assert.NotZero(t, sum.Faults[0].Confirmed, "the proxy said that it was in force")
				assert.Equal(t, "pass", sum.Gates[0].Verdict, "nothing was broken, so the gate holds")
				if sum.Verdict != report.Invalid { // a starved machine outranks it, and says so
					assert.Equal(t, report.Inconclusive, sum.Verdict)
				}
				assert.Contains(t, strings.Join(sum.Reasons, "\n"), sum.Faults[0].Name)
			})
		})
	}
}
