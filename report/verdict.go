package report

import (
	"fmt"
	"strings"
	"time"
)

// Reasons of a run that ended before its plan did.
const (
	unsteady = "unsteady" // steady state was not reached
	aborted  = "aborted"  // a gate that says "or abort" was broken
)

// Limits of the harness's fitness. Beyond any of them the run is invalid: what it found
// may be the tool's own doing.
const (
	// lateLimit bounds the lateness of sends and of policy timers, p99: at 100 ms and more
	// the load is no longer the one that the scenario asks for, and the shortest delays that
	// policies draw are no longer the ones that happen. It is also the bin of the
	// synchronisation index, so later timers would make waves of their own.
	lateLimit = int64(100 * time.Millisecond)
	// lateShare turns that p99 into counts, which can be summed over intervals.
	lateShare = 0.01
	// lateMin is the fewest sends or timers to judge by: of fewer than 100, one makes the p99.
	lateMin = 100
	// tickLimit bounds the median over the seconds of a 10 ms ticker's p99 lateness: a
	// process that for half of the run gets its CPU 50 ms late is starved. A storm of the
	// clients' own making is shorter than that.
	tickLimit = int64(50 * time.Millisecond)
	// stallLimit bounds a single tick while something heals: no storm of clients keeps a 10 ms
	// ticker from its CPU for a second, but a stopped process, a suspended machine and a host
	// that is given to others do, and then everybody's timers are served at once afterwards.
	// It bounds the sum of smaller ones, too, where healing takes less than ten seconds: a
	// storm on a small machine may make a few ticks late by 400 ms.
	stallLimit = int64(time.Second)
	// stallShare bounds that sum where healing takes longer: recovery times are then wrong by
	// about as much.
	stallShare = 0.1
	// stallMin is the lateness from which on a tick is a stall: below it are the scheduler
	// and the garbage collector, and lateLimit, which policies do not notice either.
	stallMin = lateLimit
	// faultLimit bounds the lateness of a fault's command, as does half of the time that it
	// is to last: the end of the baseline waits a second for its last answers, and then they
	// are judged. A fault ends when it was to end, so that a late one is a shorter one.
	faultLimit = int64(2 * time.Second)
)

// DescriptorShare is the share of its descriptor limit at which a process counts as out of
// them, and a run as invalid: they are sampled once a second, and between two samples the
// rest is soon used. A run that is known to need as much is not worth starting.
const DescriptorShare = 0.98

// decide fills in the verdict and its reasons, the worst first.
// Mixed and missing are doubts about the files themselves, "" when there are none.
func (s *Summary) decide(h *harness, mixed, missing string) {
	invalid, inconclusive, fail := s.unfitness(h.unfit), s.doubts(mixed, missing), []string(nil)
	for _, g := range s.Gates {
		if g.Verdict == string(Fail) {
			fail = append(fail, fmt.Sprintf("gate %s is broken: %s", g.Text, g.Why))
		}
	}
	if s.Ended.Reason == aborted && len(fail) == 0 {
		inconclusive = append(inconclusive, because("the run was aborted", s.Ended.Why))
	}
	s.Reasons = append(append(append([]string{}, invalid...), inconclusive...), fail...)
	switch {
	case len(invalid) > 0:
		s.Verdict = Invalid
	case len(inconclusive) > 0:
		s.Verdict = Inconclusive
	case len(fail) > 0:
		s.Verdict = Fail
	default:
		s.Verdict = Pass
	}
}

// because joins a sentence and its reason, where there is one.
func because(what, why string) string {
	if why == "" {
		return what
	}
	return what + ": " + why
}

// unfitness lists why the harness could not do its work.
func (s *Summary) unfitness(unfit []Unfit) []string {
	var out []string
	for _, u := range unfit {
		out = append(out, because("the harness ran out of "+u.Limit, u.Why))
	}
	if s.Ended.Reason == "unfit" && len(unfit) == 0 {
		out = append(out, because("the harness was unfit", s.Ended.Why))
	}
	f := s.Fitness
	if late(f.LateSends, f.Sends) {
		out = append(out, fmt.Sprintf("the load generator was late: %s of %s sends on usable connections went out more than %s after their time, limit %s",
			FormatCount(f.LateSends), FormatCount(f.Sends), FormatDuration(lateLimit), FormatShare(lateShare)))
	}
	if late(f.LateTimers, f.Timers) {
		out = append(out, fmt.Sprintf("the policy's timers were late: %s of %s were served more than %s after their time, limit %s",
			FormatCount(f.LateTimers), FormatCount(f.Timers), FormatDuration(lateLimit), FormatShare(lateShare)))
	}
	if f.TickP99 > tickLimit {
		out = append(out, fmt.Sprintf("the CPU was starved: in half of the seconds a 10 ms ticker came %s late or more (p99), limit %s",
			FormatDuration(f.TickP99), FormatDuration(tickLimit)))
	}
	switch {
	case f.Stall > stallLimit:
		out = append(out, fmt.Sprintf("the harness stood still for %s during the recovery: starved CPU or a stopped process", FormatDuration(f.Stall)))
	case f.Stalls > max(stallLimit, int64(stallShare*float64(f.Healing))):
		out = append(out, fmt.Sprintf("the harness stood still for %s of the %s of the recovery, more than %s at a time: starved CPU or a stopped process, limit %s",
			FormatDuration(f.Stalls), FormatDuration(f.Healing), FormatDuration(stallMin), FormatShare(stallShare)))
	}
	for _, r := range s.Faults {
		limit := faultLimit
		if r.For > 0 {
			limit = min(limit, r.For/2)
		}
		if late := r.Commanded - r.At; r.Commanded > 0 && late > limit {
			out = append(out, fmt.Sprintf("fault %s was commanded %s after its time, limit %s", r.Name, FormatDuration(late), FormatDuration(limit)))
		}
	}
	for _, row := range s.Harness {
		if row.FDLimit > 0 && float64(row.FDs) >= DescriptorShare*float64(row.FDLimit) {
			out = append(out, fmt.Sprintf("descriptors ran out: process %s had %s of %s open, limit %s",
				row.Process, FormatCount(int64(row.FDs)), FormatCount(int64(row.FDLimit)), FormatShare(DescriptorShare)))
		}
	}
	return out
}

func late(n, of int64) bool { return of >= lateMin && float64(n) > lateShare*float64(of) }

// doubts lists why nothing was proven.
func (s *Summary) doubts(mixed, missing string) []string {
	var out []string
	if mixed != "" {
		out = append(out, mixed)
	}
	switch s.Ended.Reason {
	case "complete", "aborted", "unfit":
	case cutOff:
		out = append(out, "the run was cut off: the journal ends at "+FormatDuration(s.Duration)+" without saying why")
	case "interrupted":
		out = append(out, because("the run was interrupted", s.Ended.Why))
	case unsteady:
		if s.Steady == nil || s.Steady.Met {
			out = append(out, s.notSteady(s.Ended.Why))
		}
	default:
		out = append(out, because("the run ended early", s.Ended.Why))
	}
	switch {
	case s.Steady != nil && !s.Steady.Met:
		out = append(out, s.notSteady(s.unmet()))
	case s.Steady == nil && len(s.Run.Steady) > 0:
		out = append(out, "steady state was never checked")
	}
	// Of a run that ended there, faults that never were and gates without data are the
	// consequence, which would only hide the reason.
	// The same goes for a run that was ended by a gate, which is broken.
	ended := s.Ended.Reason == unsteady || s.Ended.Reason == aborted && s.Ended.Gate != ""
	for _, f := range s.Faults {
		if f.State != "confirmed" && !(ended && f.Commanded == 0) {
			out = append(out, because(fmt.Sprintf("fault %s is not confirmed: %s", f.Name, f.State), f.Why))
		}
	}
	for _, g := range s.Gates {
		if unread := g.Metric == ""; g.Verdict == noData && (unread || !ended) {
			out = append(out, fmt.Sprintf("gate %s has no data: %s", g.Text, g.Why))
		}
	}
	if missing != "" {
		out = append(out, missing)
	}
	return out
}

// notSteady says why steady state was not reached, and what went wrong most often until
// then.
func (s *Summary) notSteady(why string) string {
	out := because("steady state was not reached", why)
	if len(s.Causes) == 0 {
		return out
	}
	c := s.Causes[0]
	clients := "clients"
	if c.Clients == 1 {
		clients = "client"
	}
	return fmt.Sprintf("%s; %s, %s on %s %s", out, c.title(), FormatCount(int64(c.Count)), FormatCount(int64(c.Clients)), clients)
}

// unmet names the conditions of the steady state that were not met.
func (s *Summary) unmet() string {
	var out []string
	for _, c := range s.Steady.Checks {
		if !c.Met {
			out = append(out, because(c.Text, c.Why))
		}
	}
	return strings.Join(out, "; ")
}

// smallSamples warns of gates on metrics that rest on fewer values than they need.
func (s *Summary) smallSamples() []string {
	var out []string
	for _, g := range s.Gates {
		if m, _ := Lookup(g.Metric); g.Few && g.N > 0 {
			out = append(out, fmt.Sprintf("gate %s rests on %s values; %s is trustworthy from %s on", g.Text, FormatCount(g.N), m.what(), FormatCount(m.Min)))
		}
	}
	return out
}

// what the metric is, as its sample size is told.
func (m Metric) what() string {
	switch m.Name[strings.LastIndexByte(m.Name, '.')+1:] {
	case "p50", "p90", "p99", "p99_9":
		return "a percentile as high as that"
	}
	return "it"
}
