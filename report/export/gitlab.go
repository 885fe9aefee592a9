package export

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/wsheal/wsheal/report"
)

// writeGitLab writes GitLab's metrics report: a name and a value a line, in OpenMetrics.
// GitLab compares values as strings, so they have three significant digits: more would
// make every merge request differ.
func writeGitLab(out io.Writer, s *report.Summary) error {
	w := bufio.NewWriter(out)
	values := s.Values()
	// GitLab splits a line as a shell does and takes what follows # for a comment.
	label := fmt.Sprintf("{scenario=%q,policy=%q}", token(s.Run.Scenario), token(s.Run.Policy))
	for _, m := range report.Metrics() {
		if v, found := values[m.Name]; found {
			fmt.Fprintf(w, "%s%s %s\n", promName(m), label, threeDigits(v))
		}
	}
	fmt.Fprintf(w, "wsheal_pass%s %d\n# EOF\n", label, int(truth(s.Verdict == report.Pass)))
	return w.Flush()
}

func threeDigits(v float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil { // no number is written so that it cannot be read
		rounded = v
	}
	return promNumber(rounded)
}

// quality is one finding of GitLab's code quality report.
type quality struct {
	Description string          `json:"description"`
	Check       string          `json:"check_name"`
	Fingerprint string          `json:"fingerprint"` // the same finding in two reports
	Severity    string          `json:"severity"`    // info minor major critical blocker
	Location    qualityLocation `json:"location"`
}

type qualityLocation struct {
	Path  string `json:"path"`
	Lines struct {
		Begin int `json:"begin"`
	} `json:"lines"`
}

// writeCodeQuality writes what a merge request should look at: broken gates as major, and
// why nothing was proven as critical. Findings have no line of the source; they are shown at
// the first one of the scenario.
func writeCodeQuality(w io.Writer, s *report.Summary) error {
	findings := []quality{}
	add := func(check, severity, key, text string) {
		digest := sha256.Sum256([]byte(s.Run.Scenario + "\x00" + s.Run.Policy + "\x00" + check + "\x00" + key))
		f := quality{Check: check, Severity: severity, Fingerprint: hex.EncodeToString(digest[:16]), Description: limited(s.Run.Scenario, 100) + ": " + limited(text, 400)}
		f.Location.Path, f.Location.Lines.Begin = token(s.Run.Scenario)+".yaml", 1
		findings = append(findings, f)
	}
	if !proven(s) {
		for _, r := range s.Reasons {
			add("wsheal."+token(string(s.Verdict)), "critical", r, r)
		}
	}
	for _, g := range s.Gates {
		if g.Verdict == string(report.Fail) {
			add("wsheal.gate", "major", g.Text, "gate "+g.Text+" is broken: "+g.Why)
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(findings)
}
