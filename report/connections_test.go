package report_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// counted is a run of four clients whose two targets say, second by second, how many
// connections they have open; -1: nothing.
func counted(t *testing.T, blue, green []int64) *report.Connections {
	p := newTape(t, report.Run{
		Scenario: "counted", Policy: "by-hand", Clients: 4, Hold: sec, Endpoints: []string{"blue", "green"},
		Plan: []report.Planned{{Name: "warmup", To: 2 * sec}, {Name: "baseline", From: 2 * sec, To: 5 * sec}, {Name: "recovery", From: 5 * sec, To: 10 * sec}},
	})
	p.begin(0, "warmup")
	for i := range blue {
		at := int64(i) * sec
		switch i {
		case 2:
			p.begin(at, "baseline")
		case 5:
			p.begin(at, "recovery")
		}
		for name, n := range map[string]int64{"blue": blue[i], "green": green[i]} {
			if n >= 0 {
				p.write(report.Record{T: at + 1, Target: &report.Target{Name: name, Live: n}})
			}
		}
	}
	p.write(report.Record{T: int64(len(blue)) * sec, End: &report.End{Reason: "complete"}})
	return p.build().Connections
}

func TestConnectionsAreWhatTheTargetsCount(t *testing.T) {
	same := []int64{0, 1, 2, 2, 2, 2, 2, 2}
	assert.Equal(t, &report.Connections{PerClient: 1, Baseline: 4, After: 4}, counted(t, same, same))

	twice := []int64{0, 2, 4, 4, 4, 0, 4, 4}
	assert.Equal(t, &report.Connections{PerClient: 2, Baseline: 8, After: 8}, counted(t, twice, twice), "two for each, before and after")

	leaks := []int64{0, 1, 2, 2, 2, 2, 4, 5}
	assert.Equal(t, &report.Connections{PerClient: 1, Baseline: 4, After: 7, LeftOver: 3}, counted(t, leaks, same))

	fewer := []int64{0, 1, 2, 2, 2, 2, 1, 0}
	c := counted(t, fewer, same)
	require.NotNil(t, c)
	assert.Zero(t, c.LeftOver, "clients that are down left nothing behind")
}

func TestConnectionsOfATargetThatIsSilentAreNotKnown(t *testing.T) {
	same := []int64{0, 1, 2, 2, 2, 2, 2, 2}
	assert.Nil(t, counted(t, same, []int64{0, 1, 2, 2, 2, 2, -1, -1}), "its last word is too old")
	assert.Nil(t, counted(t, []int64{-1, -1, -1, -1, -1, 2, 2, 2}, []int64{-1, -1, -1, -1, -1, 2, 2, 2}), "nobody counted in the baseline")
}
