package report

import (
	"fmt"
)

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
			rows = append(rows, []cell{left(name), right(ended(q.P50, neverHealed)), right(ended(q.P90, neverHealed)), right(ended(q.P99, neverHealed)), right(ended(q.Max, neverHealed)), left(q.sample())})
		}
	}
	quantiles("per client, loss to usable", r.Client)
	quantiles("confirmed to loss noticed", r.Detect)
	lost := fmt.Sprintf("%s lost, %s healed, %s; %s usable at baseline; %s", FormatCount(int64(r.Lost)), FormatCount(int64(r.Healed)), r.unhealed(), FormatNumber(r.Baseline), r.held(t.s.Run.Hold))
	if v, found := t.s.Metrics["recovery.efficiency"]; found && !t.brief {
		lost += fmt.Sprintf("; floor %s at %s, efficiency %s", FormatDuration(r.Floor), FormatRate(t.s.Run.Mu), FormatShare(v))
	}
	if m := t.s.Metastable; m != nil && m.State == "suspected" {
		lost += "; " + m.title()
	}
	return append(t.wrap(t.Printable(lost), t.room()), t.table(rows, t.room())...)
}

// unhealed says how many never healed, and how long they had been down at least.
func (r Recovery) unhealed() string {
	line := FormatCount(int64(r.Unhealed)) + " unhealed"
	if r.Waited > 0 {
		line += ", down for " + FormatDuration(r.Waited) + " or more"
	}
	return line
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

// sample is its size, and the highest percentile that it is too small for.
func (q Quantiles) sample() string {
	line := "n " + FormatCount(int64(q.N))
	for _, x := range quantileNames {
		if int64(q.N) < x.min {
			return line + ", few for " + x.name
		}
	}
	return line
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
	if s.Lost == 0 && s.Attempts == 0 && s.Moves == 0 {
		return nil
	}
	texts := []string{
		fmt.Sprintf("%s attempts for %s lost clients, %s per heal; S %s (0 spread, 1 lock-step)",
			FormatCount(int64(s.Attempts)), FormatCount(int64(s.Lost)), s.amplification(), FormatNumber(round(s.Sync, 3))),
		fmt.Sprintf("peak %s in 100 ms, %s in 1 s; failed: %s hopeless, %s collateral",
			of(s.Peak100ms, s.Lost), of(s.Peak1s, s.Lost), FormatCount(int64(s.Hopeless)), FormatCount(int64(s.Collateral))),
	}
	if s.Moves > 0 {
		texts = append(texts, FormatCount(int64(s.Moves))+" planned moves beside them, begun from a usable connection")
	}
	var lines []string
	for _, line := range texts {
		lines = append(lines, t.wrap(t.Printable(line), t.room())...)
	}
	return lines
}
