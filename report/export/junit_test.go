package export_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// suites is what a reader of JUnit files sees.
type suites struct {
	Suites []struct {
		Name       string `xml:"name,attr"`
		Tests      int    `xml:"tests,attr"`
		Failures   int    `xml:"failures,attr"`
		Errors     int    `xml:"errors,attr"`
		Time       string `xml:"time,attr"`
		Timestamp  string `xml:"timestamp,attr"`
		Properties []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"properties>property"`
		Cases []struct {
			Name    string  `xml:"name,attr"`
			Class   string  `xml:"classname,attr"`
			Failure *result `xml:"failure"`
			Error   *result `xml:"error"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

type result struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

func readJUnit(t *testing.T, text string) suites {
	t.Helper()
	var out suites
	require.NoError(t, xml.Unmarshal([]byte(text), &out))
	require.Len(t, out.Suites, 1)
	return out
}

func gate(text string, verdict report.Verdict, why string) report.GateResult {
	return report.GateResult{Text: text, Verdict: string(verdict), Why: why}
}

// A case a gate: broken is a failure, without data an error; of a run that proved nothing
// all are errors, those that held, too.
func TestJUnitCases(t *testing.T) {
	held, failed, unknown := gate("messages.lost == 0", report.Pass, "it was 0"), gate("recovery.t99 < 8s", report.Fail, "it was 9 s"), gate("dip.depth < 10%", "no data", "the scenario has no load")
	for _, c := range []struct {
		verdict report.Verdict
		reasons []string
		gates   []report.GateResult
		want    []string // per case: name, then "failure" or "error" with the message
	}{
		{report.Pass, nil, []report.GateResult{held}, []string{"messages.lost == 0"}},
		{
			report.Fail,
			[]string{"gate is broken"},
			[]report.GateResult{held, failed},
			[]string{"messages.lost == 0", "recovery.t99 < 8s failure it was 9 s"},
		},
		{
			report.Inconclusive,
			[]string{"fault cut is not confirmed: no effect", "and more"},
			[]report.GateResult{held, failed, unknown},
			[]string{
				"messages.lost == 0 error the run is inconclusive: fault cut is not confirmed: no effect",
				"recovery.t99 < 8s error the run is inconclusive: fault cut is not confirmed: no effect",
				"dip.depth < 10% error the run is inconclusive: fault cut is not confirmed: no effect",
			},
		},
		{report.Invalid, []string{"the CPU was starved"}, []report.GateResult{held}, []string{"messages.lost == 0 error the run is invalid: the CPU was starved"}},
		{report.Invalid, nil, []report.GateResult{held}, []string{"messages.lost == 0 error the run is invalid: nothing was proven"}},
		{report.Pass, nil, []report.GateResult{unknown}, []string{"dip.depth < 10% error the scenario has no load"}},
		{report.Pass, nil, []report.GateResult{held, held}, []string{"messages.lost == 0", "messages.lost == 0 (2)"}},
		{report.Pass, nil, nil, []string{"verdict"}},
		{report.Inconclusive, []string{"cut off"}, nil, []string{"verdict error the run is inconclusive: cut off"}},
	} {
		suite := readJUnit(t, written(t, "junit", judged(c.verdict, c.reasons, c.gates...))).Suites[0]
		var got []string
		failures, errors := 0, 0
		for _, x := range suite.Cases {
			assert.Equal(t, "wsheal.storm", x.Class)
			line := x.Name
			if x.Failure != nil {
				failures++
				line += " failure " + x.Failure.Message
			}
			if x.Error != nil {
				errors++
				line += " error " + x.Error.Message
			}
			got = append(got, line)
		}
		assert.Equal(t, c.want, got)
		assert.Equal(t, [3]int{len(c.want), failures, errors}, [3]int{suite.Tests, suite.Failures, suite.Errors})
	}
}

// Where bounds of the value are known they are told, one or both.
func TestGateBounds(t *testing.T) {
	for want, bounds := range map[string][2]*float64{
		"": {nil, nil}, "95 % from 8.500 s": {new(8.5), nil}, "95 % to 11.2 s": {nil, new(11.2)}, "95 % from 8.500 s to 11.2 s": {new(8.5), new(11.2)},
	} {
		g := gate("recovery.t99 < 8s", report.Fail, "it was 9 s")
		g.Unit, g.Value, g.Low, g.High = "s", 9, bounds[0], bounds[1]
		s := judged(report.Fail, []string{"broken"}, g)
		assert.Contains(t, written(t, "md", s), "| recovery.t99 \\< 8s | 9 s | "+want+" |\n")
		text := "recovery.t99 < 8s\nfail: it was 9 s"
		if want != "" {
			text += "; " + want
		}
		assert.Equal(t, text, readJUnit(t, written(t, "junit", s)).Suites[0].Cases[0].Failure.Text)
	}
}

func TestJUnitSuite(t *testing.T) {
	suite := readJUnit(t, written(t, "junit", judged(report.Pass, nil))).Suites[0]
	assert.Equal(t, "storm", suite.Name)
	assert.Equal(t, "26.000", suite.Time)
	assert.Equal(t, "2026-01-02T03:04:05", suite.Timestamp, "in UTC, without a zone")
	assert.Contains(t, suite.Properties, struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}{"seed", "42"})

	s := judged(report.Pass, nil)
	s.Summary.Run.Started = "yesterday"
	assert.NotContains(t, written(t, "junit", s), "timestamp")
}

func TestJUnitGolden(t *testing.T) {
	text := written(t, "junit", kept(t, "partition"))
	golden(t, "partition.junit.xml", text)
	assert.True(t, strings.HasPrefix(text, `<?xml version="1.0" encoding="UTF-8"?>`))
}
