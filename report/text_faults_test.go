package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/report"
)

// faultsOf are the lines that a text has for its faults, without the margin.
func faultsOf(t *testing.T, why string) []string {
	t.Helper()
	s := &report.Summary{Faults: []report.FaultResult{{
		Intended: report.Intended{
			Name: "az", Kind: "zone", Detail: "a by kill", On: "blue, red", Share: 1, At: 1e9,
		}, State: "confirmed", Why: why,
	}}}
	lines := strings.Split(textOf(t, s, report.Style{}), "\n")
	from := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "Faults") })
	to := slices.Index(lines[from:], "")
	if to < 0 {
		to = len(lines) - from
	}
	return lines[from : from+to]
}

// TestFaultTellsItsEnd: what a canary saw is there however much stands before it, and a
// fault has only so many lines.
func TestFaultTellsItsEnd(t *testing.T) {
	short := "it acted on 1000 of 1000 connected clients of its cohort and on nobody else: 1000 connections reset; a canary saw reset"
	text := strings.Join(faultsOf(t, short), "\n")
	assert.Contains(t, text, "a canary saw reset")
	assert.NotContains(t, text, "more lines")

	var parts []string
	for i := range 30 {
		parts = append(parts, fmt.Sprintf("target%d 1 process killed, which held 30 connections", i))
	}
	long := faultsOf(t, "30 of 30 parts confirmed: "+strings.Join(parts, "; ")+"; a canary saw reset, refused")
	assert.Len(t, long, 7, "six, and when it was in force")
	assert.Contains(t, long[0], "az zone a by kill on blue, red, 100 %; confirmed: 30 of 30 parts")
	assert.Regexp(t, `^ +\(\d+ more lines\)$`, long[3])
	assert.Contains(t, strings.Join(strings.Fields(strings.Join(long[4:6], " ")), " "), "a canary saw reset, refused")
}
