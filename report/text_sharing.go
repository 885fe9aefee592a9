package report

import "fmt"

// sharing is what clients of one pool decided together.
func (t *text) sharing() []string {
	s := t.s.Sharing
	if s == nil {
		return nil
	}
	var lines []string
	for _, x := range s.Spans {
		lines = append(lines, t.wrap(t.Printable(x.title()+" "+x.span(t.s.Duration)), t.room())...)
	}
	lines = few(lines, 4)
	if s.More > 0 {
		lines = append(lines, fmt.Sprintf("and %s more that are not listed", FormatCount(int64(s.More))))
	}
	if len(lines) == 0 {
		lines = []string{"no storm, no endpoint ejected"}
	}
	if q := s.Admission; q.N > 0 {
		lines = append(lines, t.table([][]cell{
			{left(""), header("p50"), header("p90"), header("p99"), header("max")},
			{left("per dial, asked to admitted"), right(FormatDuration(q.P50)), right(FormatDuration(q.P90)), right(FormatDuration(q.P99)), right(FormatDuration(q.Max)), left(q.sample())},
		}, t.room())...)
	}
	return lines
}
