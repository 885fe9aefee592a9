package report_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// A page of everything without end still ends, says so, and says first what matters.
func TestHTMLHasAnEnd(t *testing.T) {
	s := failSample()
	long := strings.Repeat("long & <wide> ", 40)
	for i := range 10_000 {
		name := fmt.Sprintf("%s %d", long, i)
		f := s.Faults[0]
		f.Name, f.Why, f.Commanded = name, name, f.Commanded+int64(i)*msec
		s.Faults = append(s.Faults, f)
		s.Gates = append(s.Gates, report.GateResult{Text: name, Verdict: "fail", Why: name})
		s.Reasons, s.Warnings = append(s.Reasons, name), append(s.Warnings, name)
		s.Events = append(s.Events, report.Event{T: int64(i) * msec, Kind: "note", Text: name})
	}
	page := htmlOf(t, s)
	assert.LessOrEqual(t, len(page), 2<<20)
	assert.Contains(t, page, "<h1><b>FAIL</b> ")
	said := regexp.MustCompile(`This page is cut to stay under 2 MiB: tables end after (\d+) rows, ([\d,]+) are left out, and the timeline that can be zoomed into has one point for each (\d+)\. Nothing is missing in summary\.json\.`).FindStringSubmatch(page)
	require.NotNil(t, said)
	assert.Contains(t, page, "more rows</p>")
	assert.NotContains(t, page, strings.Repeat("long &amp; &lt;wide&gt; ", 39), "nor do names go on for ever")
	assert.Contains(t, page, `"step":0.`)
}

func TestHTMLThatFitsIsWhole(t *testing.T) {
	for _, name := range []string{"pass", "fail", "many"} {
		page := htmlOf(t, samples()[name])
		assert.NotContains(t, page, "This page is cut", name)
		assert.NotContains(t, page, "are left out here", name)
	}
	s := failSample()
	for i := range 410 {
		s.Events = append(s.Events, report.Event{T: int64(i), Kind: "note", Text: "one of many"})
	}
	page := htmlOf(t, s)
	assert.Contains(t, page, fmt.Sprintf("Tables and lists end after 400 rows; %d are left out here.", len(s.Events)-400))
	assert.Contains(t, page, fmt.Sprintf("and %d more rows", len(s.Events)-400))
	assert.Equal(t, 400-(len(s.Events)-410), strings.Count(page, "one of many"))
}

// The library is the one that its README names, and neither script can end its element.
func TestVendoredFilesAreUnchanged(t *testing.T) {
	readme, err := os.ReadFile("uplot/README.md")
	require.NoError(t, err)
	sums := regexp.MustCompile(`(?m)^([0-9a-f]{64})  (\S+)$`).FindAllStringSubmatch(string(readme), -1)
	require.Len(t, sums, 2)
	for _, sum := range sums {
		text, err := os.ReadFile("uplot/" + sum[2])
		require.NoError(t, err)
		assert.Equal(t, sum[1], fmt.Sprintf("%x", sha256.Sum256(text)), sum[2])
	}
	for _, name := range []string{"html.js", "uplot/uPlot.iife.min.js", "uplot/LICENSE"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.NotRegexp(t, `(?i)</script|<!--|eval\(|new Function|innerHTML|fetch\(|XMLHttpRequest`, string(text), name)
	}
	page := htmlOf(t, passSample())
	assert.Contains(t, page, "Copyright (c) 2022 Leon Sorokin", "its licence goes with it")
}
