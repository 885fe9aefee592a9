package league

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/wsheal/wsheal/report"
)

// columns of the table; the last stands left.
var columns = []string{"", "policy", "t50", "t99", "t100", "peak", "peak/mu", "amp", "S", "lost", "not back", "efficiency", "verdict"}

// cells of a row as the table has them; letter is the one that it has in the plot.
func (r Row) cells(letter string) []string {
	name := r.Policy
	if r.Front {
		name += " *"
	}
	if r.Told {
		name += " (told)"
	}
	if r.Runs == 0 {
		return []string{letter, name, "", "", "", "", "", "", "", "", "", "", r.verdict()}
	}
	time := func(f Figure) string {
		return f.text(func(v float64) string {
			if math.IsInf(v, 1) && !math.IsNaN(float64(r.After)) {
				return "> " + report.FormatValue(float64(r.After), "s")
			}
			return report.FormatValue(v, "s")
		})
	}
	as := func(f Figure, unit string) string {
		return f.text(func(v float64) string { return report.FormatValue(v, unit) })
	}
	short := func(f Figure) string {
		return f.text(func(v float64) string { return report.FormatNumber(math.Round(100*v) / 100) })
	}
	return []string{
		letter, name, time(r.T50), time(r.T99), time(r.T100), as(r.Peak, "share"), short(r.Sigma), short(r.Amp), short(r.Sync),
		as(r.Lost, "count"), as(r.Unhealed, "count"), as(r.Efficiency, "share"), r.verdict(),
	}
}

// verdict of the scenario's own gates, round by round where they differ.
func (r Row) verdict() string {
	text := string(r.Verdict)
	if r.Runs > 0 && r.Passed > 0 && r.Passed < r.Runs {
		text = fmt.Sprintf("%d of %d pass", r.Passed, r.Runs)
	}
	switch {
	case r.Runs == 0:
		text += ": " + strings.TrimPrefix(r.Why, text+": ")
	case r.LeftOut > 0:
		text += fmt.Sprintf(", %d left out", r.LeftOut)
	}
	return text
}

// text is the figure, with its interval where there is one and it says something.
func (f Figure) text(format func(float64) string) string {
	if !f.known() {
		return ""
	}
	text := format(float64(f.Mid))
	if low, high := format(float64(f.Low)), format(float64(f.High)); f.Level > 0 && low != high {
		text += " [" + low + " … " + high + "]"
	}
	return text
}

// ruled are the lines of a plot where there is only ASCII.
var ruled = strings.NewReplacer("│", "|", "└", "+", "┴", "+", "─", "-")

// WriteText writes the tables and plots for a terminal.
func (t *Table) WriteText(w io.Writer, style report.Style) error {
	var out strings.Builder
	say := func(format string, args ...any) {
		line := fmt.Sprintf(format, args...)
		if !style.Unicode {
			line = ruled.Replace(line)
		}
		out.WriteString(style.Printable(line) + "\n")
	}
	say("%s", t.headline())
	say("  again: %s", t.Plan.Command)
	for _, why := range t.Reasons {
		say("  why: %s", why)
	}
	for _, s := range t.Scenarios {
		say("")
		say("%s: %s", s.Scenario, s.words())
		say("")
		rows := [][]string{columns}
		for i, r := range s.Rows {
			rows = append(rows, r.cells(letter(i)))
		}
		for _, line := range aligned(rows) {
			say("%s", line)
		}
		if lines := s.plot(); lines != nil {
			say("")
			for _, line := range lines {
				say("%s", line)
			}
		}
	}
	say("")
	for _, line := range t.legend() {
		say("%s", line)
	}
	for _, j := range t.Judged {
		say("gate %s, %s: %s%s", j.Gate, j.Scenario, j.Verdict, j.because())
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (j Judged) because() string {
	if j.Why == "" {
		return ""
	}
	return ": " + j.Why
}

// headline is the trial in a sentence.
func (t *Table) headline() string {
	sign := "?"
	switch t.Verdict {
	case report.Pass:
		sign = "✓"
	case report.Fail:
		sign = "✗"
	}
	runs, left := 0, 0
	for _, s := range t.Scenarios {
		for _, r := range s.Rows {
			runs, left = runs+r.Runs+r.LeftOut, left+r.LeftOut
		}
	}
	text := fmt.Sprintf("%s %s trial of %s in %s, %s: %s", sign, strings.ToUpper(string(t.Verdict)), plural(len(t.Plan.Policies), "policy", "policies"),
		plural(len(t.Scenarios), "scenario", "scenarios"), plural(t.Plan.Rounds, "round", "rounds"), plural(runs, "run", "runs"))
	if planned := len(t.Scenarios) * len(t.Plan.Policies) * t.Plan.Rounds; runs < planned {
		text += fmt.Sprintf(" of %d", planned)
	}
	if left > 0 {
		text += fmt.Sprintf(", of which %d prove nothing", left)
	}
	if t.Plan.Parallel > 1 {
		text += fmt.Sprintf("; %d at once", t.Plan.Parallel)
	}
	return text
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// words are what a scenario's table stands on.
func (s Standings) words() string {
	text := s.About
	if floor := float64(s.Floor); !math.IsNaN(floor) {
		text += fmt.Sprintf(" F = %s: nobody takes %d clients back sooner at %s.", report.FormatValue(floor, "s"), s.Clients, report.FormatRate(s.Mu))
	}
	return text
}

// legend explains the columns.
func (t *Table) legend() []string {
	out := []string{
		"t50, t99, t100: from when capacity returned until that share of the fleet is back for good; >: not within that time.",
		"peak: attempts in the worst second, of the clients lost; peak/mu: the same over the handshakes that the server completes in one.",
		"amp: attempts per heal; S: 0 spread, 1 lock-step; lost: messages; not back: clients at the end; efficiency: F / t99; verdict: the scenario's gates.",
		"*: no other policy had both t99 and peak as low. · is T = F·max(1, mu/peak), which no policy can cross.",
	}
	if t.Plan.Rounds > 1 {
		out = append(out, "Figures are medians over the rounds; intervals, from six rounds on, are exact ones of 95 % or more.")
	}
	return out
}

// letter is the name of the n-th policy in a plot.
func letter(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if n < len(letters) {
		return letters[n : n+1]
	}
	return "+"
}

// aligned pads all columns but the first two and the last to the right.
func aligned(rows [][]string) []string {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], report.Columns(cell))
		}
	}
	var out []string
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-report.Columns(cell))
			switch {
			case i == 0:
				line.WriteString(cell + pad)
			case i == 1:
				line.WriteString(" " + cell + pad)
			case i == len(row)-1:
				line.WriteString("  " + cell)
			default:
				line.WriteString("  " + pad + cell)
			}
		}
		out = append(out, strings.TrimRight(line.String(), " "))
	}
	return out
}
