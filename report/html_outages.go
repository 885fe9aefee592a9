package report

import "strings"

// outageTables are the outages taken apart, all together and the slowest one by one.
func outageTables(s *Summary) (parts, slowest htmlTable) {
	parts = htmlTable{Caption: "Outages taken apart: from the fault's confirmation to usable again, per client and fault", Head: heads("Part", ">Client-seconds", ">Share", ">p50", ">p90", ">p99", ">max", "Meaning")}
	slowest = htmlTable{Caption: "The longest outages", Head: heads("Client", "Fault", ">Lost at", ">Whole", ">Attempts", "Parts", "As it went")}
	o := s.Recovery.Outages
	if o == nil {
		return parts, slowest
	}
	for i, p := range o.Parts {
		if p.Total == 0 {
			continue
		}
		about := ""
		if i < int(partCount) {
			about = s.Run.meaning(part(i))
		}
		parts.Rows = append(parts.Rows, []htmlCell{words(p.Name), number(FormatNumber(round(p.Total, 3))), number(FormatShare(p.Share)), lasted(p.P50), lasted(p.P90), lasted(p.P99), lasted(p.Max), prose(about)})
	}
	for _, x := range o.Slowest {
		whole := FormatDuration(x.Whole)
		if x.Back < 0 {
			whole = "never healed, " + whole + " or more"
		}
		var of []string
		for _, p := range partNames {
			if ns := x.Parts[p.name]; ns > 0 {
				of = append(of, p.name+" "+FormatDuration(ns))
			}
		}
		slowest.Rows = append(slowest.Rows, []htmlCell{words(FormatCount(int64(x.Client))), words(x.Fault), lasted(x.Lost), number(whole), counted(int64(x.Attempts)), prose(strings.Join(of, ", ")), prose(x.story())})
	}
	return parts, slowest
}

// storyMost is how many stretches of an outage are told in words.
const storyMost = 12

// story tells an outage in the order in which it went, with the causes.
func (o Outage) story() string {
	if len(o.Strip) == 0 {
		return ""
	}
	var of []string
	end := o.Strip[0].From + o.Whole
	for i, p := range o.Strip {
		if i == storyMost {
			of = append(of, FormatCount(int64(len(o.Strip)-i))+" more")
			break
		}
		to := end
		if i+1 < len(o.Strip) {
			to = o.Strip[i+1].From
		}
		text := p.What
		if text == "" {
			text = "the rest"
		}
		if p.Cause != "" {
			text = p.Cause + ": " + text
		}
		of = append(of, text+" "+FormatDuration(to-p.From))
	}
	return strings.Join(of, ", ")
}

// survivalTable is the Kaplan-Meier estimate.
func survivalTable(s *Summary) htmlTable {
	table := htmlTable{Caption: "Share of the outages that last longer, estimated by Kaplan and Meier, with a 95 % interval", Head: heads(">Since the loss", ">Still down", ">From", ">To", ">At risk")}
	points := s.Recovery.Survival
	k := perColumn(len(points), timelineRows)
	for i := k - 1; i < len(points)+k-1; i += k {
		p := points[min(i, len(points)-1)]
		table.Rows = append(table.Rows, []htmlCell{lasted(p.T), number(FormatShare(p.Down)), number(FormatShare(p.Low)), number(FormatShare(p.High)), counted(int64(p.AtRisk))})
	}
	return table
}

// balanceTable is where the usable clients were.
func balanceTable(s *Summary) htmlTable {
	table := htmlTable{Caption: "Usable clients by endpoint, and the attempts from the first fault's command on", Head: heads("Endpoint", ">Before", ">Share", ">At the end", ">Share", ">Attempts", ">Failed")}
	if s.Balance == nil {
		return table
	}
	before := 0
	for _, e := range s.Balance.Endpoints {
		before += e.Before
	}
	for _, e := range s.Balance.Endpoints {
		table.Rows = append(table.Rows, []htmlCell{
			words(e.Name), counted(int64(e.Before)), number(FormatShare(shareOf(e.Before, before))),
			counted(int64(e.After)), number(FormatShare(shareOf(e.After, s.Balance.N))), counted(int64(e.Attempts)), counted(int64(e.Failed)),
		})
	}
	return table
}

// costTable is what users noticed: metrics of several families, where they have a value.
func costTable(s *Summary) htmlTable {
	table := htmlTable{Caption: "What users noticed", Head: heads("Metric", ">Value", "Meaning")}
	values := s.Values()
	for _, name := range []string{
		"avail.time", "avail.msg", "avail.msg_1s", "messages.broken", "messages.unsent", "messages.in_flight", "messages.reordered",
		"dip.depth", "dip.width", "dip.area", "dip.slope", "dip.overshoot", "dip.back", "recovery.caught_up",
		"budget.time", "budget.msg", "budget.burn_1h",
	} {
		v, found := values[name]
		if m, _ := Lookup(name); found {
			table.Rows = append(table.Rows, []htmlCell{words(name), number(FormatValue(v, m.Unit)), prose(m.About)})
		}
	}
	return table
}

// sampleCell is the sample that a metric rests on, and whether it is too small.
func (s *Summary) sampleCell(m Metric) htmlCell {
	n, sampled := s.Samples[m.Name]
	switch {
	case !sampled:
		return number("")
	case s.few(m.Name):
		return number(FormatCount(n) + ", needs " + FormatCount(m.Min))
	}
	return counted(n)
}

// stormRows are the metrics of the storm that are ratios, where they have a value.
func stormRows(s *Summary) [][]htmlCell {
	var rows [][]htmlCell
	for _, name := range []string{"storm.retry_ratio", "storm.wasted", "storm.load", "storm.collateral_rate", "storm.peak_to_mean", "storm.fano", "storm.metastable"} {
		v, found := s.Metrics[name]
		if m, _ := Lookup(name); found {
			rows = append(rows, []htmlCell{words(name), number(FormatValue(v, m.Unit)), prose(m.About)})
		}
	}
	return rows
}
