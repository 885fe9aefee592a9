package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/wsheal/wsheal/report"
)

// WriteJSON writes the comparison, indented; the same comparison is the same bytes.
func WriteJSON(w io.Writer, c *Comparison) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(c)
}

// columns of the table of changes; the last is a sentence and is not aligned.
var columns = []string{"metric", "old", "new", "change", "interval", "noise", "sees", "finding"}

// WriteText writes the comparison for a terminal: the verdict first, then a line per metric
// and what may be in the change besides what is compared.
func WriteText(w io.Writer, c *Comparison, style report.Style) error {
	var out strings.Builder
	say := func(format string, args ...any) {
		out.WriteString(style.Printable(fmt.Sprintf(format, args...)) + "\n")
	}
	say("%s %s", mark(c.Verdict), c.headline())
	say("  new: %s", c.New.words())
	say("  old: %s", c.Old.words())
	say("")
	rows := [][]string{columns}
	for i := range c.Changes {
		rows = append(rows, c.Changes[i].row())
	}
	for _, line := range aligned(rows) {
		say("%s", line)
	}
	say("")
	for _, line := range c.legend() {
		say("%s", line)
	}
	for _, r := range c.Reasons {
		say("why: %s", r)
	}
	for _, warning := range c.Warnings {
		say("note: %s", warning)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// WriteMarkdown writes the comparison as a section for a pull request or a step summary.
func WriteMarkdown(w io.Writer, c *Comparison) error {
	var out strings.Builder
	clean := func(text string) string { return report.Markdown(report.Style{Unicode: true}.Printable(text)) }
	fmt.Fprintf(&out, "### %s %s\n\n", mark(c.Verdict), clean(c.headline()))
	fmt.Fprintf(&out, "new: %s<br>old: %s\n\n", clean(c.New.words()), clean(c.Old.words()))
	fmt.Fprintf(&out, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
	for i := range c.Changes {
		row := c.Changes[i].row()
		for j := range row {
			row[j] = clean(row[j])
		}
		fmt.Fprintf(&out, "| %s |\n", strings.Join(row, " | "))
	}
	out.WriteString("\n")
	for _, line := range c.legend() {
		out.WriteString(clean(line) + "\n")
	}
	for _, r := range c.Reasons {
		out.WriteString("- " + clean(r) + "\n")
	}
	for _, warning := range c.Warnings {
		out.WriteString("- note: " + clean(warning) + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func mark(v report.Verdict) string {
	switch v {
	case report.Pass:
		return "✓ PASS"
	case report.Fail:
		return "✗ FAIL"
	}
	return "? " + strings.ToUpper(string(v))
}

// headline is the verdict in a sentence.
func (c *Comparison) headline() string {
	worse, open := 0, 0
	for _, x := range c.Changes {
		switch x.Finding {
		case Worse:
			worse++
		case Unproven, NoData:
			open++
		}
	}
	margin := report.FormatShare(c.Rule.Margin)
	switch {
	case worse > 0:
		return fmt.Sprintf("%s of %d worse by more than %s, in %s", plural(worse, "metric"), len(c.Changes), margin, plural(c.Pairs, "pair"))
	case c.Verdict == report.Pass:
		return fmt.Sprintf("none of %s worse by more than %s, in %s", plural(len(c.Changes), "metric"), margin, plural(c.Pairs, "pair"))
	}
	return fmt.Sprintf("%d of %s not proven to be within %s, in %s", open, plural(len(c.Changes), "metric"), margin, plural(c.Pairs, "pair"))
}

func (a Arm) words() string {
	return fmt.Sprintf("%s of policy %s, wsheal %s, %s", plural(a.Runs, "run"), a.Policy, a.Version, a.Host)
}

// legend explains the columns.
func (c *Comparison) legend() []string {
	out := []string{fmt.Sprintf(
		"%s, paired by %s. old and new are medians; change is Hodges-Lehmann over the pairs, above 0 is worse;",
		plural(c.Pairs, "pair"), c.Paired), fmt.Sprintf(
		"interval %s, exact; sees: the least change that %s would show as worse in 80 of 100 times.",
		report.FormatShare(c.Rule.Confidence), plural(c.Pairs, "such pair"))}
	if c.Again > 0 {
		out = append(out, fmt.Sprintf("noise: what old and old again may differ by, in %s.", plural(c.Again, "pair")))
	}
	return out
}

// row is the change as the table has it.
func (x *Change) row() []string {
	old, now := report.FormatValue(float64(x.Old), x.Unit), report.FormatValue(float64(x.New), x.Unit)
	change, interval, noise, sees := "", "", "", "nothing"
	if x.Estimate.known() || x.Finding != NoData {
		change, interval = x.format(x.Estimate), "none"
	}
	if x.Level > 0 {
		interval = x.format(x.Low) + " … " + x.format(x.High)
	}
	if x.Noise.known() {
		noise = "±" + strings.TrimPrefix(x.format(x.Noise), "+")
	}
	if x.Detectable.known() {
		sees = x.format(x.Detectable)
	}
	finding := string(x.Finding)
	if x.Finding == Unproven || x.Finding == NoData {
		finding += ": " + x.Why
	}
	return []string{x.Metric, old, now, change, interval, noise, sees, finding}
}

// aligned pads all columns but the first and the last to the right, and drops those that
// are empty below their heading.
func aligned(rows [][]string) []string {
	width := make([]int, len(rows[0]))
	used := make([]bool, len(rows[0]))
	for n, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], report.Columns(cell))
			used[i] = used[i] || n > 0 && cell != ""
		}
	}
	var out []string
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-report.Columns(cell))
			switch {
			case !used[i]:
			case i == 0:
				line.WriteString(cell + pad)
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
