package report

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
)

func sections(s *Summary) []htmlSection {
	var list []htmlSection
	add := func(sec htmlSection) {
		sec.Figures = slices.DeleteFunc(sec.Figures, func(f htmlFigure) bool { return f.Chart == "" })
		if len(sec.Figures) == 0 && sec.Note == "" && len(sec.Tables) == 0 {
			return
		}
		for i := range sec.Figures {
			f := &sec.Figures[i]
			for j := range f.Twins {
				f.Twins[j].ID = fmt.Sprintf("%s-figure-%d-%d", sec.ID, i+1, j+1)
			}
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
	add(outageSection(s))
	add(stormSection(s))
	add(sharingSection(s))
	add(wireSection(s))
	add(htmlSection{ID: "balance", Title: "Balance", Tables: some(balanceTable(s))})
	add(latencySection(s))
	add(messageSection(s))
	add(htmlSection{ID: "harness", Title: "Harness and targets", Note: harnessNote(s), Tables: some(harnessTable(s), fitnessTable(s), targetTable(s))})
	add(eventSection(s))
	add(htmlSection{ID: "metrics", Title: "Metrics and configuration", Tables: some(configTable(s)), Folded: some(metricTable(s))})
	return list
}

// drawn is a chart, whose text was escaped as it was drawn.
func drawn(svg string) template.HTML { return template.HTML(svg) } // escaped by drawing.text

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
	fig := htmlFigure{Label: "Timeline", Chart: drawn(timeline(s)), Live: true}
	if fig.Chart == "" {
		return htmlSection{}
	}
	if len(s.Faults) > 0 {
		fig.Note = "Shaded: a fault, from its command (dashed edge) over its confirmation (solid edge) to its clearing (dotted edge). "
	}
	if s.Sharing != nil && len(s.Sharing.Spans) > 0 {
		fig.Note += "Bars above the panels without shade below: what the clients of the pool decided together. "
	}
	if k := perColumn(len(s.Timeline.Usable), columnsMost); k > 1 {
		fig.Note += "Each point of usable clients stands for " + FormatDuration(int64(k)*s.Timeline.Step) + " and shows the lowest and the highest. "
	}
	if s.hasLoad() {
		fig.Note += "Response times run from the moment at which a message was due, whether or not its client was connected."
	}
	fig.Twins = some(timelineTable(s))
	return htmlSection{ID: "timeline", Title: "Timeline", Figures: []htmlFigure{fig}}
}

func faultSection(s *Summary) htmlSection {
	table := htmlTable{Caption: "What was broken, and the evidence that it was", Name: 1, Head: heads("State", "Fault", "What", "Evidence", ">Commanded", ">Confirmed", ">Cleared", ">Hit", ">Control hit", ">Saw a reset")}
	shift := htmlTable{Caption: "Shift of the median response while a fault was in force, against the baseline", Head: heads("Cohort", ">Shift")}
	for _, cohort := range slices.Sorted(maps.Keys(s.Shift)) {
		shift.Rows = append(shift.Rows, []htmlCell{words(cohort), lasted(s.Shift[cohort])})
	}
	if len(s.Faults) > 1 { // else they are the same
		for _, f := range s.Faults {
			if f.Shift != nil {
				shift.Rows = append(shift.Rows, []htmlCell{words("of " + f.Name), lasted(*f.Shift)})
			}
			if f.ControlShift != nil {
				shift.Rows = append(shift.Rows, []htmlCell{words("control, during " + f.Name), lasted(*f.ControlShift)})
			}
		}
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
	fig := htmlFigure{Label: "Recovery curve", Chart: drawn(recoveryCurve(s))}
	sec.Note = fmt.Sprintf("Share of the %s clients that lost their connection and are usable again. %s healed, %s did not; %s.",
		FormatCount(int64(r.Lost)), FormatCount(int64(r.Healed)), FormatCount(int64(r.Unhealed)), r.held(s.Run.Hold))
	if r.Waited > 0 {
		sec.Note += " The longest had been down for " + FormatDuration(r.Waited) + " at the end."
	}
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
	clients := htmlTable{Caption: "Per client", Head: heads("Time", ">n", ">min", ">p50", ">p90", ">p99", ">max")}
	for _, q := range []struct {
		name string
		Quantiles
	}{
		{"from its loss to usable again", r.Client},
		{"from confirmed to its loss being noticed", r.Detect},
		{"from its loss to its first attempt", r.FirstTry},
		{"from confirmed to usable again", r.Onset},
		{"from the fault's end, or its loss if later, to usable again", r.Lag},
	} {
		if q.N > 0 {
			clients.Rows = append(clients.Rows, []htmlCell{words(q.name), counted(int64(q.N)), healed(q.Min), healed(q.P50), healed(q.P90), healed(q.P99), healed(q.Max)})
		}
	}
	if e := r.Estimate; e != nil {
		clients.Rows = append(clients.Rows, []htmlCell{words("from its loss to usable again, estimated (Kaplan-Meier)"), counted(int64(r.Client.N)), number(""), healed(e.P50), healed(e.P90), healed(e.P99), number("")})
	}
	sec.Tables = some(fleet, clients)
	if m := s.Metastable; m.doubtful() {
		sec.Note += " " + sentence(m.title())
	}
	if points := r.Curve; len(points) > 0 {
		curve := htmlTable{Caption: "The recovery curve as a table", Head: heads(">Since confirmed", ">Back")}
		k := perColumn(len(points), timelineRows)
		for i := k - 1; i < len(points)+k-1; i += k {
			p := points[min(i, len(points)-1)]
			curve.Rows = append(curve.Rows, []htmlCell{lasted(p.T), number(FormatShare(p.V))})
		}
		fig.Twins = some(curve)
	}
	sec.Figures = []htmlFigure{fig, {Label: "Outages that last longer", Chart: drawn(survivalCurve(s)), Twins: some(survivalTable(s))}}
	return sec
}

// outageSection takes the outages apart, all together and the longest one by one.
func outageSection(s *Summary) htmlSection {
	parts, slowest := outageTables(s)
	return htmlSection{ID: "outages", Title: "Outages taken apart", Tables: some(parts), Figures: []htmlFigure{
		{Label: "Outages taken apart", Chart: drawn(outageBar(s))},
		{Label: "The longest outages", Chart: drawn(outageStrips(s)), Twins: some(slowest)},
	}}
}

func stormSection(s *Summary) htmlSection {
	return htmlSection{ID: "storm", Title: "Reconnect storm", Tables: some(stormTable(s), causeTable(s)), Figures: []htmlFigure{{
		Label: "Attempts, client by client", Chart: drawn(stormRaster(s)), Twins: some(rasterTable(s)),
		Note: "What dials in lock-step stands in a line; what is spread is dust.",
	}}}
}

// eventSection is what happened, in words.
func eventSection(s *Summary) htmlSection {
	table := htmlTable{Caption: "What happened, in words", Head: heads(">At", "Kind", "What"), Name: 0}
	for i, e := range s.Events {
		if i == eventsMost && s.EventsLeftOut > 0 {
			table.Rows = append(table.Rows, []htmlCell{number(""), words(""), prose("and " + FormatCount(int64(s.EventsLeftOut)) + " more, which are in the journal")})
		}
		table.Rows = append(table.Rows, []htmlCell{lasted(e.T), words(e.Kind), prose(e.Text)})
	}
	return htmlSection{ID: "events", Title: "Events", Tables: some(table)}
}

func sharingSection(s *Summary) htmlSection {
	if s.Sharing == nil {
		return htmlSection{}
	}
	sec := htmlSection{ID: "sharing", Title: "Sharing", Tables: some(sharingTables(s))}
	if len(s.Sharing.Spans) == 0 {
		sec.Note = "No storm, and no endpoint was ejected."
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

func messageSection(s *Summary) htmlSection {
	table := htmlTable{Caption: "Messages, by the phase in which they were due", Head: heads("Phase", ">Intended", ">Sent", ">Answered", ">Lost", ">Resent", ">Answered twice", ">Waited for a connection", ">Dropped")}
	sec := htmlSection{ID: "messages", Title: "Messages"}
	switch {
	case s.Run.Pattern == Push:
		sec.Note = sentence(s.pushWords())
	case s.Run.Pattern == Silent:
		sec.Note = sentence(s.sentWords())
	}
	if !s.Run.answers() {
		table = htmlTable{Caption: "Messages, by the phase in which they were due, or came", Head: heads("Phase", ">Intended", ">Sent", ">Waited for a connection", ">Dropped", ">Came")}
	}
	for _, phase := range s.messagePhases() {
		m := s.Messages[phase]
		if !s.Run.answers() {
			table.Rows = append(table.Rows, []htmlCell{words(phase), counted(m.Intended), counted(m.Sent), counted(m.Waited), counted(m.Dropped), counted(m.Pushed)})
			continue
		}
		table.Rows = append(table.Rows, []htmlCell{words(phase), counted(m.Intended), counted(m.Sent), counted(m.Acked), counted(s.Lost[phase]), counted(m.Resent), counted(m.Dup), counted(m.Waited), counted(m.Dropped)})
	}
	sec.Tables = some(costTable(s), table)
	return sec
}

// latencySection is how long answers took: by when they came, by percentile, by phase.
func latencySection(s *Summary) htmlSection {
	sec := htmlSection{ID: "latency", Title: "Latency"}
	for i, h := range s.Heat {
		if !slices.Contains(kinds, h.Kind) {
			continue // of no run
		}
		fig := htmlFigure{Label: "Latency heat map, " + h.Kind, Chart: drawn(heatMap(s, "heat-"+strconv.Itoa(i+1), h)), Twins: some(heatTable(s, h))}
		switch h.Kind {
		case "gap":
			fig.Note = "The time between two messages to a client, over reconnects: each field is those of " + FormatDuration(h.Step) + "; the darker, the more, on a log scale."
		case "response":
			fig.Note = "Each field is the answers of " + FormatDuration(h.Step) + " that took about as long; the darker, the more, on a log scale. Edges as in the timeline."
		default:
			fig.Fold = "The same of service times, from the actual send: what waited for a connection is not in them"
		}
		sec.Figures = append(sec.Figures, fig)
	}
	sec.Figures = append(sec.Figures,
		htmlFigure{
			Label: "Response time by percentile", Chart: drawn(percentilePlot(s)), Twins: some(percentileTable(s)),
			Note: "Both axes are log scales, so that the tail is as wide as the body. Lost messages count as slower than any: where a line ends in a cross, the rest never came back.",
		},
		htmlFigure{Label: "Response time by phase", Chart: drawn(latencyRanges(s)), Note: "By the phase in which a message was due."},
	)
	latency := htmlTable{Caption: "Latency; response runs from the intended send time, service from the actual one", Head: heads("Phase", "Cohort", "Kind", ">n", ">Lost", ">p50", ">p90", ">p99", ">p99.9", ">max")}
	if s.Pushes != nil {
		latency.Caption = "Gaps between two messages to a client"
	}
	for _, l := range s.Latency {
		latency.Rows = append(latency.Rows, []htmlCell{words(l.Phase), {shown(l.Cohort), ""}, {shown(l.Kind), ""}, counted(l.N), counted(l.Lost), answered(l.P50), answered(l.P90), answered(l.P99), answered(l.P999), answered(l.Max)})
	}
	sec.Tables = some(latency)
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
