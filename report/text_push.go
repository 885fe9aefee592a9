package report

import "fmt"

// pushed is what came from targets that send of their own accord.
func (t *text) pushed() []string {
	p := t.s.Pushes
	if p == nil {
		return nil
	}
	lines := t.wrap(t.Printable(t.s.pushWords()), t.room())
	rows := [][]cell{{left("gaps"), header("n"), header("p50"), header("p90"), header("p99"), header("p99.9"), header("max")}}
	for _, l := range t.s.Latency {
		if l.Kind != "gap" || l.N == 0 || l.Cohort != "all" || l.Phase == warmup || l.Phase == "all" {
			continue
		}
		row := []cell{left(l.Phase), right(FormatCount(l.N))}
		for _, v := range []int64{l.P50, l.P90, l.P99, l.P999, l.Max} {
			row = append(row, right(FormatDuration(v)))
		}
		rows = append(rows, row)
	}
	if len(rows) > 1 {
		lines = append(lines, few(t.table(rows, t.room()), 9)...)
	}
	return lines
}

// pushWords is it in a sentence.
func (s *Summary) pushWords() string {
	p := s.Pushes
	line := FormatCount(p.Received) + " messages came"
	if rate, ok := s.Metrics["push.rate"]; ok {
		line += ", " + FormatRate(rate)
	}
	if c := p.Client; c != nil {
		line += fmt.Sprintf("; a client got %s to %s, median %s", FormatCount(c.Min), FormatCount(c.Max), FormatCount(c.P50))
		if c.Unheard > 0 {
			line += fmt.Sprintf("; %s of %s got none", FormatCount(c.Unheard), FormatCount(c.Clients))
		}
		line += "; the longest silence was " + FormatDuration(p.Silence)
	}
	return line + unmeasured
}

// sentWords is what was sent to targets that answer nothing.
func (s *Summary) sentWords() string {
	m := s.Messages["all"]
	line := fmt.Sprintf("%s sent of %s intended", FormatCount(m.Sent), FormatCount(m.Intended))
	if m.Waited > 0 {
		line += ", " + FormatCount(m.Waited) + " waited for a connection"
	}
	if m.Dropped > 0 {
		line += ", " + FormatCount(m.Dropped) + " dropped"
	}
	return line + unmeasured
}

// unmeasured ends a sentence on messages that nobody answers.
const unmeasured = "; nothing is answered, so latency and loss are not measured"

// pings is how long pings took, where nothing else tells of latency.
func (t *text) pings() []string {
	q := t.s.Pings
	if q == nil || t.s.Run.answers() && t.s.Run.Rate > 0 {
		return nil
	}
	line := fmt.Sprintf("%s pings answered: p50 %s, p90 %s, p99 %s, max %s", FormatCount(int64(q.N)), FormatDuration(q.P50), FormatDuration(q.P90), FormatDuration(q.P99), FormatDuration(q.Max))
	return t.wrap(t.Printable(line), t.room())
}
