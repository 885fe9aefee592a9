package report

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

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

func words(text string) htmlCell { return htmlCell{shown(text), ""} }

func prose(text string) htmlCell { return htmlCell{shown(text), "prose"} }

func number(text string) htmlCell { return htmlCell{text, "num"} }

func counted(n int64) htmlCell { return number(FormatCount(n)) }

func lasted(ns int64) htmlCell { return number(FormatDuration(ns)) }

// healed and answered are percentiles, which may fall among those that never came.
func healed(ns int64) htmlCell { return number(ended(ns, neverHealed)) }

func answered(ns int64) htmlCell { return number(ended(ns, lostMessage)) }

// judged is a word with its sign, coloured.
func judged(word string) htmlCell {
	word = shown(word)
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

func stormTable(s *Summary) htmlTable {
	t := s.Storm
	table := htmlTable{Caption: "Attempts from the first fault's command to the end", Head: heads("What", ">Value", "Meaning")}
	if t.Lost == 0 && t.Attempts == 0 && t.Moves == 0 {
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
	if t.Moves > 0 {
		row("Planned moves", FormatCount(int64(t.Moves)), "dialled while the old connection was still in use; not among the attempts")
	}
	row("Synchronisation S", FormatNumber(round(t.Sync, 4)), "0: spread, 1: lock-step")
	table.Rows = append(table.Rows, stormRows(s)...)
	return table
}

// sharingTables are what the clients of one pool decided together.
func sharingTables(s *Summary) (spans, admission htmlTable) {
	spans = htmlTable{Caption: "What the clients of the pool decided together", Head: heads("What", ">At", ">For", "Note")}
	admission = htmlTable{Caption: "How long dials waited to be admitted, after the first fault's command", Head: heads("Time", ">n", ">min", ">p50", ">p90", ">p99", ">max")}
	if s.Sharing == nil {
		return spans, admission
	}
	for _, x := range s.Sharing.Spans {
		note := ""
		if x.To < 0 {
			note = "not over at the end"
		}
		spans.Rows = append(spans.Rows, []htmlCell{words(x.title()), lasted(x.From), lasted(x.until(s.Duration) - x.From), prose(note)})
	}
	if n := s.Sharing.More; n > 0 {
		spans.Rows = append(spans.Rows, []htmlCell{words("and " + FormatCount(int64(n)) + " more"), number(""), number(""), prose("not listed")})
	}
	if q := s.Sharing.Admission; q.N > 0 {
		admission.Rows = append(admission.Rows, []htmlCell{words("from asking to the dial"), counted(int64(q.N)), lasted(q.Min), lasted(q.P50), lasted(q.P90), lasted(q.P99), lasted(q.Max)})
	}
	return spans, admission
}

func causeTable(s *Summary) htmlTable {
	table := htmlTable{Caption: "Why connections ended and attempts failed", Head: heads("Cause", ">Count", ">Clients")}
	for _, c := range s.Causes {
		table.Rows = append(table.Rows, []htmlCell{words(c.title()), counted(int64(c.Count)), counted(int64(c.Clients))})
	}
	return table
}

func harnessTable(s *Summary) htmlTable {
	table := htmlTable{Caption: "Harness health", Head: heads("Process", ">CPU, cores", ">Memory", ">Descriptors", ">Of limit", ">Tick late, p99", ">Sends late, p99", ">Timers late, p99", ">Longest GC pause", ">CPU taken by others")}
	for _, h := range s.Harness {
		row := []htmlCell{words(h.Process), number(strconv.FormatFloat(h.CPU, 'f', 2, 64)), number(FormatBytes(h.RSS)), counted(int64(h.FDs)), counted(int64(h.FDLimit))}
		for _, ns := range []int64{h.TickP99, h.LateP99, h.TimerP99, h.GCPause} {
			if ns == 0 {
				row = append(row, number(""))
				continue
			}
			row = append(row, lasted(ns))
		}
		steal := ""
		if h.Steal > 0 {
			steal = FormatShare(h.Steal)
		}
		table.Rows = append(table.Rows, append(row, number(steal)))
	}
	return table
}

// fitnessTable is what the limits of an invalid run are held against.
func fitnessTable(s *Summary) htmlTable {
	f := s.Fitness
	table := htmlTable{Caption: "Fitness of the harness, while the fleet was calm", Head: heads("What", ">Value", "Meaning")}
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
	if f.Stall > 0 {
		row("Longest stall", FormatDuration(f.Stall), "the latest tick from the first fault's command to full recovery and the hold time")
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
	table := htmlTable{Caption: "All metrics that have a value", Head: heads("Metric", ">Value", ">Sample", "Definition")}
	values := s.Values()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		m, _ := Lookup(name)
		table.Rows = append(table.Rows, []htmlCell{words(name), number(FormatValue(values[name], m.Unit)), s.sampleCell(m), prose(m.About)})
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
	if r.Sharing {
		row("sharing", "the clients are one pool")
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
