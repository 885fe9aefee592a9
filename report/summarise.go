package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// close computes the summary.
func (b *builder) close(hlog io.Reader) *Summary {
	commanded := b.faults.commanded()
	s := &Summary{
		Schema: Schema, Run: *b.run, Ended: End{Reason: cutOff}, Duration: b.last,
		Steady: b.steady, Gates: []GateResult{}, Causes: b.causes.Result(), Shift: map[string]int64{},
	}
	if b.end != nil {
		s.Ended = *b.end
	}
	b.messages.intervals = apart(b.messages.intervals)
	full := b.recover(s, commanded)
	s.Storm = b.storm.Close(s.Recovery.Lost, b.recovery.losses, b.faults.cleared(), full, b.last)
	s.Balance = b.balance.Close()
	s.Connections = b.open.Close(b.last)
	s.Sharing = b.sharing.Close()
	s.Views = b.views.Close()
	s.Clients = Clients{Usable: b.fleet.n, Reset: b.causes.sawReset(0), Up: b.fleet.up / 1e9, Due: b.fleet.due / 1e9}
	s.Harness, s.Targets, s.Fitness = b.harness.Close(b.healing(commanded, full))
	s.Messages, s.Lost = b.messages.Result()
	s.Raster = b.raster.Close(b.faults.cleared())
	s.Events, s.EventsLeftOut = b.events.Close()
	s.Timeline = b.course.Close(b.messages.answered(), s.Duration)
	s.Pushes, s.Pings = b.pushes.Close(b.run, s.measured()), b.pings.Close()
	s.Budget, s.Guarantee = s.spend(), s.promised(b.messages.ordered > 0 && b.messages.ordered == b.messages.records)
	b.answers(s, commanded)
	missing := b.latencies(s, hlog, commanded)
	s.measure()
	b.judge(s)
	if b.back > 0 {
		b.warn("journal line %d: the clock went back by %s (%s records in all)", b.backLine, FormatDuration(b.backMost), FormatCount(b.back))
	}
	if b.unsaid > 0 {
		b.warnings = append(b.warnings, fmt.Sprintf("and %d more", b.unsaid))
	}
	s.Warnings = append([]string{}, slices.Concat(s.unverified(), b.warnings, b.views.unlike(b.run, s.Ended), s.unasked(), s.smallSamples())...)
	var mixed string
	switch {
	case b.runs > 1:
		mixed = "the journal holds more than one run"
	case b.unsure > 0:
		mixed = "the clock of the journal went back by " + FormatDuration(b.unsure) + ", so that nobody knows what came first"
	case b.skipped > 0:
		mixed = FormatCount(b.skipped) + " of the journal's lines cannot be read, and nobody knows what they say"
	}
	s.decide(b.harness, mixed, missing)
	return s
}

// recover fills in recovery and faults, and returns when the fleet had recovered in full
// after the last fault, 0 when it had not.
func (b *builder) recover(s *Summary, commanded []*FaultResult) (full int64) {
	s.Recovery = b.recovery.Close(commanded)
	var confirmed, cmd, cleared []Marks
	for i, f := range commanded {
		after := next(commanded, i)
		f.Fleet = b.fleet.marks(f.Confirmed, after)
		f.SawReset = b.causes.sawReset(f.Commanded)
		confirmed = append(confirmed, f.Fleet)
		cmd = append(cmd, b.fleet.marks(f.Commanded, after))
		cleared = append(cleared, b.fleet.marks(f.over(), after))
		if full >= 0 {
			full = max(full, f.Confirmed+f.Fleet.T100)
		}
		if f.Fleet.Zero == 0 || f.Fleet.T100 < 0 {
			full = -1
		}
	}
	r := &s.Recovery
	r.Baseline = b.fleet.base
	r.Confirmed, r.Commanded, r.Cleared = worst(confirmed), worst(cmd), worst(cleared)
	r.Held = r.Confirmed.Zero > 0 && r.Confirmed.T100 >= 0
	if len(commanded) == 1 { // of several, nobody knows how many each took
		r.Floor = floor(r.Baseline, r.Lost, b.run.Mu)
		if over := commanded[0].over(); over > 0 {
			r.FloorNoticed = floorNoticed(b.recovery.losing(), over, needed(r.Baseline, r.Lost), b.run.Mu)
		}
	}
	s.Faults = b.faults.Result()
	return max(0, full)
}

// answers fills in what the faults did to the answers, and whether the failure outlived
// them.
func (b *builder) answers(s *Summary, commanded []*FaultResult) {
	if len(commanded) == 0 {
		return
	}
	over := b.faults.cleared()
	end := int64(math.MaxInt64)
	if n := len(b.run.Plan); n > 0 {
		end = b.run.Plan[n-1].To
	}
	s.Dip = b.messages.dip(b.fleet.baselineFrom, commanded[0].Commanded, over, end, b.run.Hold)
	if ns, ok := b.messages.caughtUp(b.fleet.baselineFrom, commanded[0].Commanded, over, end); ok && over < math.MaxInt64 {
		s.Recovery.CaughtUp = &ns
	}
	s.Metastable = s.metastable(over)
}

// latencies reads latency.hlog. Missing says in a sentence that it does not have what a
// gate needs; "" when it does.
func (b *builder) latencies(s *Summary, hlog io.Reader, commanded []*FaultResult) (missing string) {
	var from int64
	if s.Recovery.Held {
		for _, f := range commanded {
			from = max(from, f.Confirmed+f.Fleet.T100+b.run.Hold)
		}
	}
	lost := missed{due: map[string]int64{}, sent: map[string]int64{}}
	for phase, n := range s.Lost {
		lost.due[phase] = n
		lost.sent[phase] = max(0, s.Messages[phase].Sent-s.Messages[phase].Acked)
	}
	all := s.measured()
	lost.due["all"], lost.sent["all"] = s.measuredLost(), max(0, all.Sent-all.Acked)
	if from > 0 {
		lost.due[settled], lost.sent[settled] = b.messages.lostSince(from)
	}
	fold := newLatency(from, b.run.Faults, commanded, &s.Timeline)
	if hlog == nil {
		b.warn("there is no latency.hlog")
	} else {
		r := NewHlogReader(hlog)
		for r.Scan() {
			iv := r.Interval()
			if why := fold.Add(iv); why != "" {
				b.warn("latency.hlog line %d: tag %q, %s; skipped", r.lines.n, brief(iv.Tag), why)
			}
		}
		if r.Err() != nil {
			b.warn("%v; the rest is missing", r.Err())
		}
		b.warnings = append(b.warnings, r.Warnings()...)
	}
	s.Latency, s.Heat = fold.Close(lost), fold.heats()
	b.latency = fold
	for _, cohort := range cohorts[1:] {
		if v, ok := fold.shifts.of("", cohort); ok {
			s.Shift[cohort] = v
		}
	}
	for i := range s.Faults {
		f := &s.Faults[i]
		if v, ok := fold.shifts.of(f.Name, "faulted"); ok {
			f.Shift = &v
		}
		if v, ok := fold.shifts.of(f.Name, "control"); ok {
			f.ControlShift = &v
		}
	}
	return b.incomplete(s)
}

// incomplete compares the answers in latency.hlog with those that the journal counts. At
// the end of a run a handful may fall between the two.
func (b *builder) incomplete(s *Summary) string {
	acked := s.measured().Acked
	var have int64
	if row := s.row("all", "all", "response"); row != nil {
		have = row.N
	}
	if have-acked > handful(acked) && s.Ended.Reason != cutOff { // of a run that was killed the log may be the longer one
		b.warn("latency.hlog has %s answers, %s more than the journal counts", FormatCount(have), FormatCount(have-acked))
	}
	if acked-have <= handful(acked) {
		return ""
	}
	text := fmt.Sprintf("latency.hlog lacks %s of the %s answers that the journal counts", FormatCount(acked-have), FormatCount(acked))
	for _, g := range b.run.Gates {
		if strings.HasPrefix(strings.TrimSpace(g), "latency.") {
			return text
		}
	}
	b.warn("%s", text)
	return ""
}

// handful is how many of the answers may be in one file and not in the other.
func handful(answers int64) int64 { return max(10, answers/1000) }

// WriteJSON writes the summary as summary.json: indented, maps in order of their keys, so
// that the same summary is the same bytes.
func WriteJSON(w io.Writer, s *Summary) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(s)
}
