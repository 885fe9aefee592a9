package report

// Sources of the definitions of what users notice.
const (
	sourceDip    = "Bruneau et al. (2003): depth, rapidity and the area over a resilience curve; Q is answers per second over the baseline's median"
	sourceBudget = "error budgets (Google SRE workbook), for 99.9 % over 30 days: 43.2 min"
	sourceKept   = "the declared guarantee, counted message by message"
)

// answerMetrics are those of the messages' fate and of the dip in answers per second.
func answerMetrics(t *metricList) {
	kept := func(name, about string, of func(*Guarantee) int64) {
		t.add("messages."+name, "count", about, sourceKept, func(s *Summary) (float64, bool) {
			if s.Guarantee == nil {
				return 0, false
			}
			return float64(of(s.Guarantee)), true
		})
	}
	kept("broken", "Times that the declared guarantee was broken: at-most-once, messages answered again; at-least-once, messages never answered.", func(g *Guarantee) int64 { return g.Broken })
	kept("unsent", "Lost messages that were never handed to the kernel: still waiting, refused by a full queue, or given up.", func(g *Guarantee) int64 { return g.Unsent })
	kept("in_flight", "Lost messages that had been handed to the kernel.", func(g *Guarantee) int64 { return g.InFlight })
	t.add("messages.reordered", "count", "Answers that came after that of a message which was due later to the same client.", "RFC 4737 (reordering): a sequence number below the next expected; answers given again are left out", func(s *Summary) (float64, bool) {
		if s.Guarantee == nil || s.Guarantee.Reordered == nil {
			return 0, false
		}
		return float64(*s.Guarantee.Reordered), true
	})
	t.add("messages.dropped", "count", "Messages that the pool gave up and would not send again.", sourceMessages, func(s *Summary) (float64, bool) {
		all := s.Messages["all"]
		return float64(all.Dropped), all.Intended > 0
	})
	t.add("messages.waited", "count", "Messages due while their client had no usable connection.", sourceMessages, func(s *Summary) (float64, bool) {
		all := s.Messages["all"]
		return float64(all.Waited), all.Intended > 0
	})

	dipped := func(name, unit, about string, of func(*Dip) (float64, bool)) {
		t.add("dip."+name, unit, about, sourceDip, func(s *Summary) (float64, bool) {
			if s.Dip == nil {
				return 0, false
			}
			return of(s.Dip)
		})
		t.sampled(dipStretches, func(s *Summary) int64 { return int64(s.Dip.N) })
	}
	dipped("depth", "share", "Share of the baseline's answers per second that was missing in the worst second after the first fault's command.", func(d *Dip) (float64, bool) { return d.Depth, true })
	dipped("width", "s", "Time after the first fault's command in which answers per second were below the baseline's usual band.", func(d *Dip) (float64, bool) { return seconds(d.Width, true) })
	dipped("area", "s", "Seconds of full outage that would have cost as many answers; catching up is not set against it.", func(d *Dip) (float64, bool) { return d.Area, true })
	dipped("overshoot", "share", "By how much answers per second exceeded the baseline's in the best second: catching up.", func(d *Dip) (float64, bool) { return d.Overshoot, true })
	dipped("slope", "/s", "Share of the baseline's answers regained per second, from the worst second to the first in the usual band.", func(d *Dip) (float64, bool) { return d.Slope, d.Slope > 0 })
	dipped("back", "s", "Time from the end of the last fault until answers per second were back in the usual band for good and for the hold time.", func(d *Dip) (float64, bool) { return seconds(d.Back, true) })
}

// budgetMetrics are those of what users notice, as availability and against an objective.
func budgetMetrics(t *metricList) {
	t.add("avail.msg_1s", "share", "Messages answered within a second of when they were due, of those due from the baseline's start on.", sourceAvail, func(s *Summary) (float64, bool) {
		all, row := s.measured(), s.row("all", "all", "response")
		if row == nil || all.Intended == 0 || row.N < all.Acked-handful(all.Acked) {
			return 0, false
		}
		return min(1, float64(row.Prompt)/float64(all.Intended)), true
	})
	t.add("avail.lost", "s", "Client-seconds not usable from the baseline's start to the end, all clients together.", sourceAvail, func(s *Summary) (float64, bool) {
		return s.Clients.Due - s.Clients.Up, s.Clients.Due > 0
	})
	spent := func(name, unit, about string, of func(*Budget) (float64, bool)) {
		t.add("budget."+name, unit, about, sourceBudget, func(s *Summary) (float64, bool) {
			if s.Budget == nil {
				return 0, false
			}
			return of(s.Budget)
		})
	}
	spent("time", "share", "Share of a month's error budget of 99.9 % that this run's downtime uses, if it happens once a month.", func(b *Budget) (float64, bool) { return b.Down / allowed(), true })
	spent("msg", "share", "Share of a month's error budget of 99.9 % that this run's lost messages use, if it happens once a month under the same load.", func(b *Budget) (float64, bool) {
		if b.Errors == nil {
			return 0, false
		}
		return *b.Errors / allowed(), true
	})
	spent("burn_1h", "count", "How fast an hour that has this run's downtime in it burns a budget of 99.9 %: 1 uses it up in a month, 14.4 is what pages.", func(b *Budget) (float64, bool) { return b.Down / 3600 / (1 - slo), true })
}
