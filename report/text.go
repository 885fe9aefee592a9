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
	t.verdict()
	t.section("Gates", t.gates())
	t.section("Steady", t.steady())
	t.section("Faults", t.faults())
	t.section("Recovery", t.recovery())
	t.section("Storm", t.storm())
	t.section("Messages", t.messages())
	t.section("Response", t.latency())
	t.section("Causes", t.causes())
	t.section("Harness", t.harness())
	t.section("Warnings", t.warnings())
	if len(t.lines) > screen { // the gaps between sections are the first to go
		t.lines = slices.DeleteFunc(t.lines, func(line string) bool { return line == "" })
	}
	_, err := io.WriteString(w, strings.Join(t.lines, "\n")+"\n")
	return err
}

// screen is the most lines that a result should take.
const screen = 60

type text struct {
	Style
	s     *Summary
	lines []string
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
	line := fmt.Sprintf("%s clients, policy %s, seed %d", FormatCount(int64(r.Clients)), r.Policy, r.Seed)
	if r.Rate > 0 {
		line += fmt.Sprintf(", %s of %s", FormatRate(r.Rate), FormatBytes(int64(r.Size)))
	}
	if r.Guarantee != "" && r.Rate > 0 {
		line += " " + r.Guarantee
	}
	return line
}

// ranked puts broken gates first, then those without data; else as written.
func ranked(gates []GateResult) []GateResult {
	rank := func(g GateResult) int {
		switch judge(g.Verdict) {
		case bad:
			return 0
		case good:
			return 2
		}
		return 1
	}
	sorted := slices.Clone(gates)
	slices.SortStableFunc(sorted, func(a, b GateResult) int { return rank(a) - rank(b) })
	return sorted
}

// value of a gate, or that there is none.
func (g GateResult) value() string {
	switch {
	case judge(g.Verdict) == unknown:
		return "no data"
	case g.Unbounded:
		return "unbounded"
	}
	return FormatValue(g.Value, g.Unit)
}

// why is what the value alone does not say.
func (g GateResult) why() string {
	if g.Why == "it was "+g.value() {
		return ""
	}
	return g.Why
}

func (t *text) gates() []string {
	var rows [][]cell
	for _, g := range ranked(t.s.Gates) {
		v := right(g.value())
		v.paint = t.mark(g.Verdict).paint
		if judge(g.Verdict) == good {
			v.paint = plain
		}
		rows = append(rows, []cell{t.mark(g.Verdict), left(g.Text), v, left(g.why())})
	}
	return few(t.table(rows, t.room()), 7)
}

func (t *text) steady() []string {
	if t.s.Steady == nil {
		return nil
	}
	var rows [][]cell
	for _, c := range t.s.Steady.Checks {
		rows = append(rows, []cell{t.mark(c.word()), left(c.Text), right(c.value()), left(c.Why)})
	}
	return few(t.table(rows, t.room()), 4)
}

// word is the judgement of a check.
func (c Check) word() string {
	if c.Met {
		return "met"
	}
	return "not met"
}

// value of a check in the unit of the metric that its text begins with.
func (c Check) value() string {
	name, _, _ := strings.Cut(c.Text, " ")
	m, _ := Lookup(name)
	return FormatValue(c.Value, m.Unit)
}

func (t *text) faults() []string {
	var lines []string
	for i, f := range t.s.Faults {
		if i == 3 {
			return append(lines, fmt.Sprintf("and %d more", len(t.s.Faults)-i))
		}
		state := f.State
		if f.Why != "" {
			state += ": " + f.Why
		}
		m := t.mark(f.State)
		sign := t.Printable(m.text)
		indent := strings.Repeat(" ", Columns(sign)+2)
		room := t.room() - len(indent)
		for j, line := range few(t.wrap(t.Printable(f.Name+" "+f.what()+"; "+state), room), 3) {
			if j == 0 {
				lines = append(lines, t.ink(m.paint, sign)+"  "+line)
				continue
			}
			lines = append(lines, indent+line)
		}
		for _, line := range t.wrap(t.Printable(f.when()), room) {
			lines = append(lines, indent+t.ink(faint, line))
		}
	}
	return lines
}

// what is broken, where and for whom: "reset on blue, 100 %".
func (f FaultResult) what() string {
	line := f.Kind
	if f.Detail != "" {
		line += " " + f.Detail
	}
	if f.On != "" {
		line += " on " + f.On
	}
	return line + ", " + FormatShare(f.Share)
}

// when it was in force: "commanded 11.0 s, confirmed +1.2 ms, cleared +16.0 ms", and
// the shift of the median response where it was measured.
func (f FaultResult) when() string {
	if f.Commanded == 0 {
		return "never commanded, planned at " + FormatDuration(f.At)
	}
	parts := []string{"commanded at " + FormatDuration(f.Commanded)}
	if f.Confirmed == 0 {
		parts = append(parts, "never confirmed")
	} else {
		parts = append(parts, "confirmed +"+FormatDuration(f.Confirmed-f.Commanded))
	}
	from := f.Confirmed
	if from == 0 {
		from = f.Commanded
	}
	switch {
	case f.Cleared != 0:
		parts = append(parts, "cleared +"+FormatDuration(f.Cleared-from))
	case !f.instant():
		parts = append(parts, "never cleared")
	}
	if f.Shift != 0 || f.ControlShift != 0 {
		parts = append(parts, "median shift "+FormatDuration(f.Shift), "of control "+FormatDuration(f.ControlShift))
	}
	return strings.Join(parts, ", ")
}

// instant says that there was nothing to clear: it was over as it was done.
func (f FaultResult) instant() bool {
	return f.For == 0 && f.Cleared == 0 && f.Confirmed != 0 && f.State != "not cleared"
}

// until is when it was no longer in force: at the run's end when it was never cleared.
func (f FaultResult) until(end int64) int64 {
	switch {
	case f.Cleared != 0:
		return f.Cleared
	case f.instant():
		return f.Confirmed
	}
	return end
}

func (t *text) recovery() []string {
	r := t.s.Recovery
	if r.Lost == 0 {
		if len(t.s.Faults) == 0 {
			return nil
		}
		return t.wrap(fmt.Sprintf("no client lost its connection; %s usable at baseline", FormatNumber(r.Baseline)), t.room())
	}
	rows := [][]cell{{left(""), header("t50"), header("t90"), header("t99"), header("t100")}}
	mark := func(from string, m Marks) {
		row := []cell{left("from " + from)}
		for _, v := range []int64{m.T50, m.T90, m.T99, m.T100} {
			row = append(row, right(m.level(v)))
		}
		rows = append(rows, row)
	}
	mark("confirmed", r.Confirmed)
	if r.Cleared.Zero != 0 && r.Cleared.Zero != r.Confirmed.Zero {
		mark("cleared", r.Cleared)
	}
	rows = append(rows, []cell{left(""), header("p50"), header("p90"), header("p99"), header("max")})
	quantiles := func(name string, q Quantiles) {
		if q.N > 0 {
			rows = append(rows, []cell{left(name), right(ended(q.P50, neverHealed)), right(ended(q.P90, neverHealed)), right(ended(q.P99, neverHealed)), right(ended(q.Max, neverHealed)), left("n " + FormatCount(int64(q.N)))})
		}
	}
	quantiles("per client, loss to usable", r.Client)
	quantiles("confirmed to loss noticed", r.Detect)
	lost := fmt.Sprintf("%s lost, %s healed, %s unhealed; %s usable at baseline; %s", FormatCount(int64(r.Lost)), FormatCount(int64(r.Healed)), FormatCount(int64(r.Unhealed)), FormatNumber(r.Baseline), r.held(t.s.Run.Hold))
	return append(t.wrap(t.Printable(lost), t.room()), t.table(rows, t.room())...)
}

// held says whether the recovery lasted.
func (r Recovery) held(hold int64) string {
	switch {
	case r.Held:
		return "held for " + FormatDuration(hold)
	case r.Confirmed.Zero == 0 || r.Confirmed.T100 < 0:
		return "full recovery not reached"
	}
	return "not held for " + FormatDuration(hold)
}

// level writes one mark of a recovery.
func (m Marks) level(ns int64) string {
	switch {
	case m.Zero == 0:
		return "no data"
	case ns < 0:
		return "not reached"
	}
	return FormatDuration(ns)
}

// ended is a duration, or what stands for one that has no end.
func ended(ns int64, endless string) string {
	if ns < 0 {
		return endless
	}
	return FormatDuration(ns)
}

// What stands for a percentile that falls among those that never came.
const (
	lostMessage = "lost"
	neverHealed = "never"
)

// of writes a part, its whole and the share.
func of(part, whole int) string {
	if whole == 0 {
		return FormatCount(int64(part))
	}
	return FormatCount(int64(part)) + " (" + FormatShare(float64(part)/float64(whole)) + ")"
}

// amplification is attempts per heal.
func (s Storm) amplification() string {
	if s.Healed == 0 {
		return "no data"
	}
	return FormatNumber(float64(s.Attempts) / float64(s.Healed))
}

func (t *text) storm() []string {
	s := t.s.Storm
	if s.Lost == 0 && s.Attempts == 0 {
		return nil
	}
	var lines []string
	for _, line := range []string{
		fmt.Sprintf("%s attempts for %s lost clients, %s per heal; S %s (0 spread, 1 lock-step)",
			FormatCount(int64(s.Attempts)), FormatCount(int64(s.Lost)), s.amplification(), FormatNumber(round(s.Sync, 3))),
		fmt.Sprintf("peak %s in 100 ms, %s in 1 s; failed: %s hopeless, %s collateral",
			of(s.Peak100ms, s.Lost), of(s.Peak1s, s.Lost), FormatCount(int64(s.Hopeless)), FormatCount(int64(s.Collateral))),
	} {
		lines = append(lines, t.wrap(t.Printable(line), t.room())...)
	}
	return lines
}

func (t *text) messages() []string {
	m, found := t.s.Messages["all"]
	if !found || m.Intended == 0 {
		return nil
	}
	lost := t.s.Lost["all"]
	line := fmt.Sprintf("%s lost, %s dup of %s intended; %s acked, %s resent", FormatCount(lost), FormatCount(m.Dup), FormatCount(m.Intended), FormatCount(m.Acked), FormatCount(m.Resent))
	if m.Waited > 0 {
		line += ", " + FormatCount(m.Waited) + " waited for a connection"
	}
	if m.Dropped > 0 {
		line += ", " + FormatCount(m.Dropped) + " dropped"
	}
	return t.wrap(t.Printable(line), t.room())
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
		rows = append(rows, []cell{left(c.title()), right(FormatCount(int64(c.Count))), left("on " + FormatCount(int64(c.Clients)) + " clients")})
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
		if h.TickP99 != 0 || h.LateP99 != 0 || h.TimerP99 != 0 {
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
