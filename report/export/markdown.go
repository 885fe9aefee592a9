package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/wsheal/wsheal/report"
)

// listed is how many rows a table of the Markdown summary has at most: GitHub takes 1 MiB
// for all of a step.
const listed = 50

// writeMarkdown writes the summary for a pull request: the verdict and why, the gates, the
// faults, recovery and latency, and how to run it again.
func writeMarkdown(out io.Writer, s *report.Summary) error {
	w := markdown{bufio.NewWriter(out)}
	fmt.Fprintf(w, "## %s %s %s\n\n", sign(string(s.Verdict)), strings.ToUpper(text(string(s.Verdict))), text(s.Run.Scenario))
	fmt.Fprintf(w, "%s, in %s. %s clients, policy %s, seed %d.\n", text(report.Headline(s)), report.FormatDuration(s.Duration), report.FormatCount(int64(s.Run.Clients)), text(s.Run.Policy), s.Run.Seed)
	if s.Run.Seen == report.FromWire {
		fmt.Fprintf(w, "\n%s\n", text(report.SeenFromWire))
	}
	if len(s.Reasons) > 0 {
		fmt.Fprintln(w)
		for i, r := range s.Reasons {
			if i == listed {
				fmt.Fprintf(w, "- and %d more\n", len(s.Reasons)-listed)
				break
			}
			fmt.Fprintf(w, "- %s\n", text(r))
		}
	}
	w.gates(s)
	w.faults(s)
	w.recovery(s)
	w.latency(s)
	if s.Run.Command != "" {
		fmt.Fprintf(w, "\nAgain: <code>%s</code>\n", text(s.Run.Command))
	}
	return w.Flush()
}

type markdown struct{ *bufio.Writer }

// table writes a table, its cells as they are.
func (w markdown) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	line := func(cells []string) { fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }
	fmt.Fprintln(w)
	line(head)
	fmt.Fprintf(w, "|%s\n", strings.Repeat(" --- |", len(head)))
	for i, row := range rows {
		if i == listed {
			more := make([]string, len(head))
			more[len(more)-1] = fmt.Sprintf("and %d more", len(rows)-listed)
			line(more)
			break
		}
		line(row)
	}
}

func (w markdown) gates(s *report.Summary) {
	var rows [][]string
	for _, verdict := range []string{string(report.Fail), "", string(report.Pass)} { // what needs to be looked at first
		for _, g := range s.Gates {
			known := g.Verdict == string(report.Fail) || g.Verdict == string(report.Pass)
			if known && g.Verdict != verdict || !known && verdict != "" {
				continue
			}
			rows = append(rows, []string{sign(g.Verdict), text(g.Text), text(gateValue(g)), text(gateWhy(g))})
		}
	}
	w.table([]string{"", "gate", "value", "why"}, rows)
}

func (w markdown) faults(s *report.Summary) {
	var rows [][]string
	for _, f := range s.Faults {
		rows = append(rows, []string{sign(f.State), text(f.Name), text(f.Kind), report.FormatShare(f.Share), text(f.State + ": " + f.Why)})
	}
	w.table([]string{"", "fault", "kind", "share", "what it did"}, rows)
}

func (w markdown) recovery(s *report.Summary) {
	var rows [][]string
	for _, m := range []struct {
		from  string
		marks report.Marks
	}{{"confirmed", s.Recovery.Confirmed}, {"cleared", s.Recovery.Cleared}} {
		if m.marks.Zero != 0 {
			rows = append(rows, []string{"since " + m.from, mark(m.marks.T50), mark(m.marks.T90), mark(m.marks.T99), mark(m.marks.T100)})
		}
	}
	w.table([]string{"recovery", "t50", "t90", "t99", "t100"}, rows)
}

func (w markdown) latency(s *report.Summary) {
	var rows [][]string
	for _, r := range s.Latency {
		if r.Kind == "response" && r.Cohort == "all" {
			rows = append(rows, []string{text(r.Phase), report.FormatCount(r.N), report.FormatCount(r.Lost), mark(r.P50), mark(r.P99), mark(r.P999), mark(r.Max)})
		}
	}
	w.table([]string{"response", "n", "lost", "p50", "p99", "p99.9", "max"}, rows)
}

// mark is a duration that may have no finite value.
func mark(ns int64) string {
	if ns < 0 {
		return "unbounded"
	}
	return report.FormatDuration(ns)
}

func sign(word string) string {
	switch word {
	case string(report.Pass), "confirmed":
		return "✅"
	case string(report.Fail):
		return "❌"
	}
	return "❔"
}

// text is text from outside, of one line, that Markdown shows as it is.
func text(t string) string { return report.Markdown(limited(t, 500)) }
