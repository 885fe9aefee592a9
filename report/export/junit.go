package export

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/wsheal/wsheal/report"
)

// The elements that all readers of JUnit files agree on; nested suites and properties of
// cases are not among them.
type (
	junitSuites struct {
		XMLName xml.Name   `xml:"testsuites"`
		Suite   junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr,omitempty"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		Out        string          `xml:"system-out,omitempty"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string       `xml:"name,attr"`
		Class   string       `xml:"classname,attr"`
		Time    string       `xml:"time,attr"`
		Failure *junitResult `xml:"failure"`
		Error   *junitResult `xml:"error"`
	}
	junitResult struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes one case per gate. Of a run that proved nothing, or whose harness was
// unfit, every case is an error: a gate that held there is not a passed test. A run
// without gates has one case, its verdict.
func writeJUnit(w io.Writer, s *report.Summary) error {
	suite := junitSuite{
		Name:       limited(s.Run.Scenario, 200),
		Time:       seconds(s.Duration),
		Timestamp:  timestamp(s),
		Properties: junitFacts(s),
		Out:        visible(report.Headline(s)),
	}
	class := "wsheal." + token(s.Run.Scenario)
	seen := map[string]int{}
	for _, g := range s.Gates {
		c := junitCase{Name: limited(g.Text, 200), Class: class, Time: "0.000"}
		if seen[c.Name]++; seen[c.Name] > 1 { // readers drop a case of the same name
			c.Name += " (" + strconv.Itoa(seen[c.Name]) + ")"
		}
		c.Failure, c.Error = junitGate(s, g)
		suite.Cases = append(suite.Cases, c)
	}
	if len(s.Gates) == 0 {
		c := junitCase{Name: "verdict", Class: class, Time: "0.000"}
		if proven(s) {
			if s.Verdict == report.Fail {
				c.Failure = &junitResult{Message: string(s.Verdict), Type: string(s.Verdict), Text: because(s)}
			}
		} else {
			c.Error = junitUnproven(s, "")
		}
		suite.Cases = append(suite.Cases, c)
	}
	for _, c := range suite.Cases {
		suite.Tests++
		if c.Failure != nil {
			suite.Failures++
		}
		if c.Error != nil {
			suite.Errors++
		}
	}
	text, err := xml.MarshalIndent(junitSuites{Suite: suite}, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

// junitGate is what a gate's case has besides its name.
func junitGate(s *report.Summary, g report.GateResult) (failure, problem *junitResult) {
	found := visible(g.Why)
	switch {
	case !proven(s):
		return nil, junitUnproven(s, judged(g))
	case g.Verdict == string(report.Pass):
		return nil, nil
	case g.Verdict == string(report.Fail):
		return &junitResult{Message: found, Type: "fail", Text: visible(g.Text) + "\n" + judged(g)}, nil
	}
	return nil, &junitResult{Message: found, Type: "inconclusive", Text: visible(g.Text) + "\n" + found}
}

// junitUnproven says why the run proves nothing; found is what it found all the same.
func junitUnproven(s *report.Summary, found string) *junitResult {
	first := "nothing was proven"
	if len(s.Reasons) > 0 {
		first = limited(s.Reasons[0], 300)
	}
	text := because(s)
	if found != "" {
		text += "\nthe gate: " + found
	}
	return &junitResult{Message: "the run is " + visible(string(s.Verdict)) + ": " + first, Type: visible(string(s.Verdict)), Text: text}
}

// proven says whether the run's gates mean anything.
func proven(s *report.Summary) bool { return s.Verdict == report.Pass || s.Verdict == report.Fail }

// because is why the verdict is what it is, a line each.
func because(s *report.Summary) string {
	var lines []string
	for _, r := range s.Reasons {
		lines = append(lines, visible(r))
	}
	return strings.Join(lines, "\n")
}

func junitFacts(s *report.Summary) []junitProperty {
	facts := []junitProperty{
		{"verdict", visible(string(s.Verdict))},
		{"policy", visible(s.Run.Policy)},
		{"seed", strconv.FormatUint(s.Run.Seed, 10)},
		{"clients", strconv.Itoa(s.Run.Clients)},
		{"version", visible(s.Run.Version)},
		{"host", visible(s.Run.Host)},
	}
	if s.Run.Command != "" {
		facts = append(facts, junitProperty{"command", visible(s.Run.Command)})
	}
	return facts
}

// seconds writes ns as seconds with three decimals.
func seconds(ns int64) string { return strconv.FormatFloat(float64(ns)/1e9, 'f', 3, 64) }

// timestamp is the run's start without its zone, in UTC, as JUnit's readers expect it; ""
// where it cannot be read.
func timestamp(s *report.Summary) string {
	at, err := time.Parse(time.RFC3339, s.Run.Started)
	if err != nil {
		return ""
	}
	return at.UTC().Format("2006-01-02T15:04:05")
}
