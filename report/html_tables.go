package report

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func sections(s *Summary) []htmlSection {
	var list []htmlSection
	add := func(sec htmlSection) {
		if sec.Chart == "" && sec.Note == "" && len(sec.Tables) == 0 {
			return
		}
		for i := range sec.Tables {
			sec.Tables[i].ID = sec.ID + "-" + strconv.Itoa(i+1)
		}
		for i := range sec.Folded {
			sec.Folded[i].ID = sec.ID + "-more-" + strconv.Itoa(i+1)
		}
		list = append(list, sec)
	}
	add(gateSection(s))
	add(timelineSection(s))
	add(faultSection(s))
	add(recoverySection(s))
	add(htmlSection{ID: "storm", Title: "Reconnect storm", Tables: some(stormTable(s), causeTable(s))})
	add(messageSection(s))
	add(htmlSection{ID: "harness", Title: "Harness and targets", Note: harnessNote(s), Tables: some(harnessTable(s), fitnessTable(s), targetTable(s))})
	add(htmlSection{ID: "metrics", Title: "Metrics and configuration", Tables: some(configTable(s)), Folded: some(metricTable(s))})
	return list
}

// drawn is a chart, whose text was escaped as it was drawn.
func drawn(svg string) template.HTML { return template.HTML(svg) } //nolint:gosec // see drawing.text

// some are the tables that have rows, without the columns that are empty in all of them.
func some(tables ...htmlTable) []htmlTable {
	tables = slices.DeleteFunc(tables, func(t htmlTable) bool { return len(t.Rows) == 0 })
	for i := range tables {
		t := &tables[i]
		for c := len(t.Head) - 1; c > t.Name; c-- {
			if !slices.ContainsFunc(t.Rows, func(row []htmlCell) bool { return row[c].Text != "" }) {
				t.Head = slices.Delete(t.Head, c, c+1)
				for r := range t.Rows {
					t.Rows[r] = slices.Delete(t.Rows[r], c, c+1)
				}
			}
		}
	}
	return tables
}

func words(text string) htmlCell  { return htmlCell{visible(text), ""} }
func prose(text string) htmlCell  { return htmlCell{visible(text), "prose"} }
func number(text string) htmlCell { return htmlCell{text, "num"} }
func counted(n int64) htmlCell    { return number(FormatCount(n)) }
func lasted(ns int64) htmlCell    { return number(FormatDuration(ns)) }

// healed and answered are percentiles, which may fall among those that never came.
func healed(ns int64) htmlCell   { return number(ended(ns, neverHealed)) }
func answered(ns int64) htmlCell { return number(ended(ns, lostMessage)) }

// judged is a word with its sign, coloured.
func judged(word string) htmlCell {
	word = visible(word)
	switch judge(word) {
	case good:
		return htmlCell{"✓ " + word, "word pass"}
	case bad:
		return htmlCell{"✗ " + word, "word fail"}
	}
	return htmlCell{"? " + word, "word open"}
}

// heads are column heads; those that begin with > stand over numbers.
func heads(names ...string) []htmlCell {
	var list []htmlCell
	for _, n := range names {
		if n != "" && n[0] == '>' {
			list = append(list, number(n[1:]))
			continue
		}
		list = append(list, htmlCell{Text: n})
	}
	return list
}

func gateSection(s *Summary) htmlSection {
	gates := htmlTable{Caption: "Limits on metrics; broken ones first", Name: 1, Head: heads("Verdict", "Gate", ">Value", ">Of the limit", "Why")}
	for _, g := range ranked(s.Gates) {
		share := ""
		if judge(g.Verdict) != unknown && g.Limit > 0 && !g.Unbounded {
			share = FormatShare(g.Value / g.Limit)
		}
		gates.Rows = append(gates.Rows, []htmlCell{judged(g.Verdict), words(g.Text), number(g.value()), number(share), prose(g.why())})
	}
	steady := htmlTable{Caption: "Steady state, checked at the end of the baseline", Name: 1, Head: heads("Verdict", "Condition", ">Value", "Why")}
	if s.Steady != nil {
		for _, c := range s.Steady.Checks {
			steady.Rows = append(steady.Rows, []htmlCell{judged(c.word()), words(c.Text), number(c.value()), prose(c.Why)})
		}
	}
	sec := htmlSection{ID: "gates", Title: "Gates", Tables: some(gates, steady)}
	if len(s.Gates) == 0 {
		sec.Note = "The scenario sets no gates."
	}
	return sec
}

func timelineSection(s *Summary) htmlSection {
	sec := htmlSection{ID: "timeline", Title: "Timeline", Chart: drawn(timeline(s))}
	if sec.Chart == "" {
		return htmlSection{}
	}
	if len(s.Faults) > 0 {
		sec.Note = "Shaded: a fault, from its command (dashed edge) over its confirmation (solid edge) to its clearing (dotted edge). "
	}
	if k := perColumn(len(s.Timeline.Usable), columnsMost); k > 1 {
		sec.Note += "Each point of usable clients stands for " + FormatDuration(int64(k)*s.Timeline.Step) + " and shows the lowest and the highest. "
	}
	if s.hasLoad() {
		sec.Note += "Response times run from the moment at which a message was due, whether or not its client was connected."
	}
	sec.Folded = some(timelineTable(s))
	return sec
}

// timelineRows is the most rows of the timeline's table.
const timelineRows = 120

func timelineTable(s *Summary) htmlTable {
	tl := s.Timeline
	step := tl.Step * int64(perColumn(len(tl.Usable), timelineRows))
	step = max(step, 1e9/tl.Step*tl.Step)
	table := htmlTable{Caption: "The timeline as a table", Head: heads(">From", "Phase", ">Usable, last", ">Usable, lowest", ">Attempts", ">Failed")}
	load := s.hasLoad()
	if load {
		table.Head = append(table.Head, heads(">Answers per second", ">Response p99")...)
	}
	per := int(step / tl.Step)
	for i := 0; i < len(tl.Usable); i += per {
		from, to := int64(i)*tl.Step, min(i+per, len(tl.Usable))
		row := []htmlCell{
			lasted(from), words(s.phaseAt(from)), counted(int64(tl.Usable[to-1])), counted(int64(slices.Min(tl.Usable[i:to]))),
			number(FormatNumber(sumOf(within(tl.Attempts, i, to)))), number(FormatNumber(sumOf(within(tl.Failed, i, to)))),
		}
		if load {
			a, b := int(from/tl.AckedStep), int((int64(to)*tl.Step+tl.AckedStep-1)/tl.AckedStep)
			answers, n, p99 := 0.0, 0, int64(-1)
			for _, v := range within(tl.Acked, a, b) {
				answers, n = answers+v, n+1
			}
			for _, v := range within(tl.P99, a, b) {
				p99 = max(p99, v)
			}
			row = append(row, number(FormatNumber(round(answers/float64(max(n, 1)), 1))), number(orNone(p99)))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// within is vs[from:to], as far as it exists.
func within[T any](vs []T, from, to int) []T {
	return vs[min(from, len(vs)):min(to, len(vs))]
}

func orNone(ns int64) string {
	if ns < 0 {
		return "none"
	}
	return FormatDuration(ns)
}

// phaseAt is the planned phase of a moment.
func (s *Summary) phaseAt(t int64) string {
	for _, p := range s.Run.Plan {
		if t >= p.From && t < p.To {
			return p.Name
		}
	}
	return ""
}

func faultSection(s *Summary) htmlSection {
	table := htmlTable{Caption: "What was broken, and the evidence that it was", Name: 1, Head: heads("State", "Fault", "What", "Evidence", ">Commanded", ">Confirmed", ">Cleared", ">Hit", ">Control hit", ">Saw a reset")}
	shift := htmlTable{Caption: "Shift of the median response while a fault was in force, against the baseline", Head: heads("Cohort", ">Shift")}
	for _, cohort := range slices.Sorted(maps.Keys(s.Shift)) {
		shift.Rows = append(shift.Rows, []htmlCell{words(cohort), lasted(s.Shift[cohort])})
	}
	for _, f := range s.Faults {
		edge := func(t int64) htmlCell {
			if t == 0 {
				return number("never")
			}
			return lasted(t)
		}
		after := func(t, from int64) htmlCell {
			if t == 0 || from == 0 {
				return edge(t)
			}
			return number("+" + FormatDuration(t-from))
		}
		cleared := after(f.Cleared, f.Confirmed)
		if f.instant() {
			cleared = number("at once")
		}
		table.Rows = append(table.Rows, []htmlCell{
			judged(f.State), words(f.Name), prose(f.what()), prose(f.Why),
			edge(f.Commanded), after(f.Confirmed, f.Commanded), cleared,
			number(FormatCount(int64(f.Evidence.Hit)) + " of " + FormatCount(int64(f.Evidence.Targeted))), counted(int64(f.Evidence.ControlHit)), counted(int64(f.SawReset)),
		})
	}
	return htmlSection{ID: "faults", Title: "Faults", Tables: some(table, shift)}
}

func recoverySection(s *Summary) htmlSection {
	r := s.Recovery
	sec := htmlSection{ID: "recovery", Title: "Recovery"}
	if r.Lost == 0 {
		if len(s.Faults) > 0 {
			sec.Note = "No client lost its connection."
		}
		return sec
	}
	sec.Chart = drawn(recoveryCurve(s))
	sec.Note = fmt.Sprintf("Share of the %s clients that lost their connection and are usable again. %s healed, %s did not; %s.",
		FormatCount(int64(r.Lost)), FormatCount(int64(r.Healed)), FormatCount(int64(r.Unhealed)), r.held(s.Run.Hold))
	fleet := htmlTable{Caption: "Time until a share of the baseline is usable, and stays so for the hold time", Head: heads("Since the first fault was", ">t50", ">t90", ">t99", ">t100")}
	for _, m := range []struct {
		name string
		Marks
	}{{"commanded", r.Commanded}, {"confirmed", r.Confirmed}, {"cleared", r.Cleared}} {
		fleet.add(m.name, m.Marks)
	}
	if len(s.Faults) > 1 {
		for _, f := range s.Faults {
			fleet.add("confirmed, fault "+f.Name+" alone", f.Fleet)
		}
	}
	clients := htmlTable{Caption: "Per client", Head: heads("", ">n", ">min", ">p50", ">p90", ">p99", ">max")}
	for _, q := range []struct {
		name string
		Quantiles
	}{{"from its loss to usable again", r.Client}, {"from confirmed to its loss being noticed", r.Detect}} {
		if q.N > 0 {
			clients.Rows = append(clients.Rows, []htmlCell{words(q.name), counted(int64(q.N)), healed(q.Min), healed(q.P50), healed(q.P90), healed(q.P99), healed(q.Max)})
		}
	}
	sec.Tables = some(fleet, clients)
	if points := r.Curve; len(points) > 0 {
		curve := htmlTable{Caption: "The recovery curve as a table", Head: heads(">Since confirmed", ">Back")}
		k := perColumn(len(points), timelineRows)
		for i := k - 1; i < len(points)+k-1; i += k {
			p := points[min(i, len(points)-1)]
			curve.Rows = append(curve.Rows, []htmlCell{lasted(p.T), number(FormatShare(p.V))})
		}
		sec.Folded = some(curve)
	}
	return sec
}

// add is a row of recovery times, unless there are none from that zero.
func (t *htmlTable) add(name string, m Marks) {
	if m.Zero == 0 {
		return
	}
	row := []htmlCell{words(name)}
	for _, l := range m.levels() {
		row = append(row, number(m.level(l.after)))
	}
	t.Rows = append(t.Rows, row)
}

func stormTable(s *Summary) htmlTable {
	t := s.Storm
	table := htmlTable{Caption: "Attempts from the first fault's command to the end", Head: heads("", ">Value", "Meaning")}
	if t.Lost == 0 && t.Attempts == 0 {
		return table
	}
	row := func(name, value, meaning string) {
		table.Rows = append(table.Rows, []htmlCell{words(name), number(value), prose(meaning)})
	}
	row("Clients lost", FormatCount(int64(t.Lost)), "that lost their connection")
	row("Connections lost", FormatCount(int64(t.Losses)), "repeated losses of one client included")
	row("Attempts", FormatCount(int64(t.Attempts)), "connections dialled")
	row("Attempts per heal", t.amplification(), "1 is perfect")
	row("Peak in 100 ms", of(t.Peak100ms, t.Lost), "most attempts in any 100 ms, and as a share of the clients lost")
	row("Peak in 1 s", of(t.Peak1s, t.Lost), "most attempts in any second, and as a share of the clients lost")
	row("Hopeless", FormatCount(int64(t.Hopeless)), "failed, begun before the fault was cleared")
	row("Collateral", FormatCount(int64(t.Collateral)), "failed, begun after it was cleared")
	row("Synchronisation S", FormatNumber(round(t.Sync, 4)), "0: spread, 1: lock-step")
	return table
}

func causeTable(s *Summary) htmlTable {
	table := htmlTable{Caption: "Why connections ended and attempts failed", Head: heads("Cause", ">Count", ">Clients")}
	for _, c := range s.Causes {
		table.Rows = append(table.Rows, []htmlCell{words(c.title()), counted(int64(c.Count)), counted(int64(c.Clients))})
	}
	return table
}

func messageSection(s *Summary) htmlSection {
	sec := htmlSection{ID: "messages", Title: "Messages and latency", Chart: drawn(latencyRanges(s))}
	if sec.Chart != "" {
		sec.Note = "Response time of each phase by the messages due in it, on a log scale. Messages that never came back count inside the percentiles."
	}
	table := htmlTable{Caption: "Messages, by the phase in which they were due", Head: heads("Phase", ">Intended", ">Sent", ">Answered", ">Lost", ">Resent", ">Answered twice", ">Waited for a connection", ">Dropped")}
	for _, phase := range s.messagePhases() {
		m := s.Messages[phase]
		table.Rows = append(table.Rows, []htmlCell{words(phase), counted(m.Intended), counted(m.Sent), counted(m.Acked), counted(s.Lost[phase]), counted(m.Resent), counted(m.Dup), counted(m.Waited), counted(m.Dropped)})
	}
	latency := htmlTable{Caption: "Latency; response runs from the intended send time, service from the actual one", Head: heads("Phase", "Cohort", "Kind", ">n", ">Lost", ">p50", ">p90", ">p99", ">p99.9", ">max")}
	for _, l := range s.Latency {
		latency.Rows = append(latency.Rows, []htmlCell{words(l.Phase), {visible(l.Cohort), ""}, {visible(l.Kind), ""}, counted(l.N), counted(l.Lost), answered(l.P50), answered(l.P90), answered(l.P99), answered(l.P999), answered(l.Max)})
	}
	sec.Tables = some(latency, table)
	return sec
}

// messagePhases are the phases of the message table in the order of the plan, others
// by name, and "all" last.
func (s *Summary) messagePhases() []string {
	var list []string
	for _, p := range s.Run.Plan {
		if _, found := s.Messages[p.Name]; found && !slices.Contains(list, p.Name) {
			list = append(list, p.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Messages)) {
		if name != "all" && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	if _, found := s.Messages["all"]; found {
		list = append(list, "all")
	}
	return list
}

func harnessNote(s *Summary) string {
	if len(s.Harness) == 0 {
		return ""
	}
	return "The worst of each process over the run. A harness that was itself unfit makes the run invalid."
}

func harnessTable(s *Summary) htmlTable {
	table := htmlTable{Caption: "Harness health", Head: heads("Process", ">CPU, cores", ">Memory", ">Descriptors", ">Of limit", ">Tick late, p99", ">Sends late, p99", ">Timers late, p99")}
	for _, h := range s.Harness {
		row := []htmlCell{words(h.Process), number(strconv.FormatFloat(h.CPU, 'f', 2, 64)), number(FormatBytes(h.RSS)), counted(int64(h.FDs)), counted(int64(h.FDLimit))}
		for _, ns := range []int64{h.TickP99, h.LateP99, h.TimerP99} {
			if ns == 0 {
				row = append(row, number(""))
				continue
			}
			row = append(row, lasted(ns))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// fitnessTable is what the limits of an invalid run are held against.
func fitnessTable(s *Summary) htmlTable {
	f := s.Fitness
	table := htmlTable{Caption: "Fitness of the harness, while the fleet was calm", Head: heads("", ">Value", "Meaning")}
	row := func(name, value, meaning string) {
		table.Rows = append(table.Rows, []htmlCell{words(name), number(value), prose(meaning)})
	}
	if f.Sends > 0 {
		row("Late sends", FormatCount(f.LateSends)+" of "+FormatCount(f.Sends), "messages on usable connections sent more than 100 ms late")
		row("Send lateness, p99", FormatDuration(f.LateP99), "the highest of one interval")
	}
	if f.Timers > 0 {
		row("Late timers", FormatCount(f.LateTimers)+" of "+FormatCount(f.Timers), "timers of the policy served more than 100 ms late")
		row("Timer lateness, p99", FormatDuration(f.TimerP99), "")
	}
	if f.Ticks > 0 {
		row("Tick lateness, p99", FormatDuration(f.TickP99), "of a 10 ms ticker, median over the intervals: whether there was CPU to be had")
	}
	if f.Processes > 0 {
		row("Descriptors", FormatShare(f.FDs), strings.TrimSpace("highest share of its limit that a process used: "+f.FDProcess))
	}
	return table
}

func targetTable(s *Summary) htmlTable {
	table := htmlTable{Caption: "Targets, by their own last word", Head: heads("Target", ">Live", ">Upgraded", ">Turned away", ">Waiting", ">Stale work", ">Messages")}
	for _, t := range s.Targets {
		table.Rows = append(table.Rows, []htmlCell{words(t.Name), counted(t.Live), counted(t.Upgraded), counted(t.Rejected), counted(t.Queue), counted(t.Stale), counted(t.Messages)})
	}
	return table
}

func metricTable(s *Summary) htmlTable {
	table := htmlTable{Caption: "All metrics that have a value", Head: heads("Metric", ">Value", "Definition")}
	values := s.Values()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		m, _ := Lookup(name)
		table.Rows = append(table.Rows, []htmlCell{words(name), number(FormatValue(values[name], m.Unit)), prose(m.About)})
	}
	return table
}

func configTable(s *Summary) htmlTable {
	r := s.Run
	table := htmlTable{Caption: "What was run", Head: heads("Setting", "Value")}
	row := func(name, value string) {
		if value != "" {
			table.Rows = append(table.Rows, []htmlCell{words(name), prose(value)})
		}
	}
	for _, p := range r.Plan {
		row("phase "+p.Name, FormatDuration(p.From)+" to "+FormatDuration(p.To))
	}
	if r.Hold > 0 {
		row("hold", FormatDuration(r.Hold))
	}
	for i, e := range r.Endpoints {
		row("endpoint "+strconv.Itoa(i), e)
	}
	for _, t := range r.Steady {
		row("steady state", t)
	}
	for _, t := range r.Gates {
		row("gate", t)
	}
	for _, f := range s.Faults {
		value := f.what() + ", at " + FormatDuration(f.At)
		if f.For > 0 {
			value += " for " + FormatDuration(f.For)
		}
		row("fault "+f.Name, value+", cohort of "+FormatCount(int64(f.Cohort))+" clients")
	}
	return table
}
