package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// margin is the columns of the section names.
const margin = 11

// WriteText writes the result of a run for a terminal: the verdict first, then what it
// rests on, within 60 lines and Style.Width columns. Lists that are longer are cut, and
// say so; report.html has them whole.
func WriteText(w io.Writer, s *Summary, style Style) error {
	t := &text{Style: style, s: s}
	t.all()
	if len(t.lines) > screen { // the gaps between sections are the first to go
		t.lines = slices.DeleteFunc(t.lines, func(line string) bool { return line == "" })
	}
	if len(t.lines) > screen { // then what explains more than it judges
		t = &text{Style: style, s: s, brief: true}
		t.all()
		t.lines = slices.DeleteFunc(t.lines, func(line string) bool { return line == "" })
	}
	_, err := io.WriteString(w, strings.Join(t.lines, "\n")+"\n")
	return err
}

// all writes every section.
func (t *text) all() {
	t.verdict()
	t.section("Gates", t.gates())
	t.section("Steady", t.steady())
	t.section("Targets", t.access())
	t.section("Faults", t.faults())
	t.section("Recovery", t.recovery())
	t.section("Outages", t.outages())
	t.section("Storm", t.storm())
	t.section("Sharing", t.sharing())
	t.section("Balance", t.balance())
	t.section("Wire", t.wire())
	t.section("Messages", t.messages())
	t.section("Pushed", t.pushed())
	t.section("Response", t.latency())
	t.section("Pings", t.pings())
	t.section("Causes", t.causes())
	t.section("Harness", t.harness())
	t.section("Warnings", t.warnings())
}

// screen is the most lines that a result should take.
const screen = 60

type text struct {
	Style
	s     *Summary
	lines []string
	brief bool // without outages, balance and dip
}

func (t *text) line(line string) { t.lines = append(t.lines, line) }

// room is the columns right of the section names.
func (t *text) room() int { return t.width() - margin }

// section writes lines under a name in the margin; none, and there is no section.
func (t *text) section(name string, lines []string) {
	for i, line := range lines {
		if i == 0 {
			t.line("")
		} else {
			name = ""
		}
		t.line(fmt.Sprintf("%-*s%s", margin, name, line))
	}
}

// few keeps the first n lines and says how many there were more.
func few(lines []string, n int) []string {
	if len(lines) <= n {
		return lines
	}
	return append(slices.Clip(lines[:n-1]), fmt.Sprintf("and %s more", FormatCount(int64(len(lines)-n+1))))
}

// mark is the sign and the paint of a judgement, a word of a gate, a fault or a verdict.
func (t *text) mark(word string) cell {
	switch judge(word) {
	case good:
		return cell{text: "✓", paint: green}
	case bad:
		return cell{text: "✗", paint: red}
	}
	return cell{text: "?", paint: yellow}
}

// judgement is what a word of the report amounts to.
type judgement uint8

const (
	unknown judgement = iota // nothing proven
	good
	bad
)

func judge(word string) judgement {
	switch word {
	case string(Pass), "confirmed", "met":
		return good
	case string(Fail), "not met":
		return bad
	}
	return unknown
}

func (t *text) verdict() {
	s := t.s
	word := strings.ToUpper(string(s.Verdict))
	if word == "" {
		word = "NO VERDICT"
	}
	c := t.mark(string(s.Verdict))
	sign := t.Printable(c.text + " " + word)
	rest := ""
	if s.Run.Scenario != "" {
		rest = " " + s.Run.Scenario
	}
	rest += " in " + FormatDuration(s.Duration)
	reasons := s.Reasons
	if len(reasons) == 0 {
		rest += ": " + Headline(s)
	} else {
		rest += ": " + reasons[0]
		reasons = reasons[1:]
	}
	for i, line := range t.wrap(sign+t.Printable(rest), t.width()-2) {
		switch after, whole := strings.CutPrefix(line, sign); {
		case i > 0:
			t.line("  " + line)
		case whole:
			t.line(t.ink("1;"+c.paint, sign) + after)
		default:
			t.line(line)
		}
	}
	var more []string
	for _, r := range reasons {
		more = append(more, t.wrap(t.Printable("also: "+r), t.width()-2)...)
	}
	for _, line := range few(more, 2) {
		t.line("  " + line)
	}
	if line := identity(s); line != "" {
		t.line("  " + t.ink(faint, t.Cut(t.Printable(line), t.width()-2)))
	}
}

// Headline says in one sentence how many gates held and faults were confirmed.
func Headline(s *Summary) string {
	var parts []string
	if n := len(s.Gates); n > 0 {
		held := 0
		for _, g := range s.Gates {
			if judge(g.Verdict) == good {
				held++
			}
		}
		parts = append(parts, fmt.Sprintf("%d of %d gates held", held, n))
	} else {
		parts = append(parts, "no gates")
	}
	if n := len(s.Faults); n > 0 {
		confirmed := 0
		for _, f := range s.Faults {
			if judge(f.State) == good {
				confirmed++
			}
		}
		parts = append(parts, fmt.Sprintf("%d of %d faults confirmed", confirmed, n))
	} else {
		parts = append(parts, "no faults")
	}
	if s.Steady != nil && !s.Steady.Met {
		parts = append(parts, "steady state not met")
	}
	return strings.Join(parts, ", ")
}

func identity(s *Summary) string {
	r := s.Run
	if r.Clients == 0 && r.Policy == "" {
		return ""
	}
	line := fmt.Sprintf("%s clients%s, policy %s, seed %d", FormatCount(int64(r.Clients)), r.pool(), r.Policy, r.Seed)
	if r.Rate > 0 {
		line += fmt.Sprintf(", %s of %s", FormatRate(r.Rate), FormatBytes(int64(r.Size)))
	}
	if r.Guarantee != "" && r.Rate > 0 && r.answers() {
		line += " " + r.Guarantee
	}
	if r.Pattern == Push || r.Pattern == Silent {
		line += ", pattern " + r.Pattern
	}
	return line
}

func (t *text) messages() []string {
	m, found := t.s.Messages["all"]
	if !found || m.Intended == 0 {
		return nil
	}
	if !t.s.Run.answers() {
		return t.wrap(t.Printable(t.s.sentWords()), t.room())
	}
	lost := t.s.Lost["all"]
	line := fmt.Sprintf("%s lost, %s dup of %s intended; %s acked, %s resent", FormatCount(lost), FormatCount(m.Dup), FormatCount(m.Intended), FormatCount(m.Acked), FormatCount(m.Resent))
	if m.Waited > 0 {
		line += ", " + FormatCount(m.Waited) + " waited for a connection"
	}
	if m.Dropped > 0 {
		line += ", " + FormatCount(m.Dropped) + " dropped"
	}
	lines := t.wrap(t.Printable(line), t.room())
	if d := t.s.Dip; d != nil && d.Width > 0 && !t.brief {
		lines = append(lines, t.wrap(t.Printable(d.sentence()), t.room())...)
	}
	return lines
}

// latency is the response times of each phase but the warmup; those of the chaos by
// cohort, too.
func (t *text) latency() []string {
	rows := [][]cell{{left(""), header("n"), header("lost"), header("p50"), header("p90"), header("p99"), header("p99.9"), header("max")}}
	for _, l := range t.s.Latency {
		switch {
		case l.Kind != "response" || l.N == 0 && l.Lost == 0:
			continue
		case l.Phase == "warmup" || l.Phase == "all":
			continue
		case l.Cohort != "all" && l.Phase != "chaos":
			continue
		}
		name := l.Phase
		if l.Cohort != "all" {
			name = "  " + l.Cohort
		}
		row := []cell{left(name), right(FormatCount(l.N)), right(FormatCount(l.Lost))}
		for _, v := range []int64{l.P50, l.P90, l.P99, l.P999, l.Max} {
			row = append(row, right(ended(v, lostMessage)))
		}
		rows = append(rows, row)
	}
	if len(rows) == 1 {
		return nil
	}
	return few(t.table(rows, t.room()), 9)
}

// title of a cause: "lost: close 1012", "failed: status 503".
func (c CauseRow) title() string {
	line := c.Event + ": " + c.Cause
	if c.Code != 0 {
		line += " " + strconv.Itoa(int(c.Code))
	}
	return line
}

func (t *text) causes() []string {
	var rows [][]cell
	for _, c := range t.s.Causes {
		rows = append(rows, []cell{left(c.title()), right(FormatCount(int64(c.Count))), left("on " + clientCount(c.Clients))})
	}
	return few(t.table(rows, t.room()), 4)
}

func (t *text) harness() []string {
	if len(t.s.Harness) == 0 {
		return nil
	}
	rows := [][]cell{{left(""), header("cores"), header("memory"), header("descriptors"), header("late p99: tick"), header("sends"), header("timers")}}
	for _, h := range t.s.Harness {
		row := []cell{
			left(h.Process),
			right(strconv.FormatFloat(h.CPU, 'f', 2, 64)),
			right(FormatBytes(h.RSS)),
			right(FormatCount(int64(h.FDs)) + " of " + FormatCount(int64(h.FDLimit))),
		}
		switch {
		case h.TickP99 != 0 && t.s.Run.fromWire():
			row = append(row, right(FormatDuration(h.TickP99)))
		case h.TickP99 != 0 || h.LateP99 != 0 || h.TimerP99 != 0:
			row = append(row, right(FormatDuration(h.TickP99)), right(FormatDuration(h.LateP99)), right(FormatDuration(h.TimerP99)))
		}
		rows = append(rows, row)
	}
	return few(t.table(rows, t.room()), 6)
}

func (t *text) warnings() []string {
	var lines []string
	for _, w := range t.s.Warnings {
		lines = append(lines, t.wrap(t.Printable(w), t.room())...)
	}
	return few(lines, 3)
}

// clientCount is a number of clients in words.
func clientCount(n int) string {
	if n == 1 {
		return "1 client"
	}
	return FormatCount(int64(n)) + " clients"
}
