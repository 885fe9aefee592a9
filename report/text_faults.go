package report

import (
	"fmt"
	"slices"
	"strings"
)

func (t *text) faults() []string {
	var lines []string
	for i, f := range t.s.Faults {
		if i == 3 {
			return append(lines, fmt.Sprintf("and %d more", len(t.s.Faults)-i))
		}
		state := f.State
		if f.Why != "" {
			state += ": " + f.Why
		}
		m := t.mark(f.State)
		sign := t.Printable(m.text)
		indent := strings.Repeat(" ", Columns(sign)+2)
		room := t.room() - len(indent)
		for j, line := range bothEnds(t.wrap(t.Printable(f.Name+" "+f.what()+"; "+state), room), faultLines) {
			if j == 0 {
				lines = append(lines, t.ink(m.paint, sign)+"  "+line)
				continue
			}
			lines = append(lines, indent+line)
		}
		for _, line := range t.wrap(t.Printable(f.when()), room) {
			lines = append(lines, indent+t.ink(faint, line))
		}
	}
	return lines
}

// faultLines are the most that one fault has for what came of it.
const faultLines = 6

// bothEnds keeps the first lines and the last two, in all n: what is broken and its state
// come first, and what a client saw of it last.
func bothEnds(lines []string, n int) []string {
	const last = 2
	if len(lines) <= n {
		return lines
	}
	left := len(lines) - n + 1
	out := slices.Clone(lines[:n-last-1])
	out = append(out, fmt.Sprintf("(%s more lines)", FormatCount(int64(left))))
	return append(out, lines[len(lines)-last:]...)
}

// what is broken, where and for whom: "reset on blue, 100 %".
func (f FaultResult) what() string {
	line := f.Kind
	if f.Detail != "" {
		line += " " + f.Detail
	}
	if f.On != "" {
		line += " on " + f.On
	}
	return line + ", " + FormatShare(f.Share)
}

// when it was in force: "commanded 11.0 s, confirmed +1.2 ms, cleared +16.0 ms", and
// the shift of the median response where it was measured.
func (f FaultResult) when() string {
	if f.Commanded == 0 {
		return "never commanded, planned at " + FormatDuration(f.At)
	}
	parts := []string{"commanded at " + FormatDuration(f.Commanded)}
	if f.Confirmed == 0 {
		parts = append(parts, "never confirmed")
	} else {
		parts = append(parts, "confirmed +"+FormatDuration(f.Confirmed-f.Commanded))
	}
	from := f.Confirmed
	if from == 0 {
		from = f.Commanded
	}
	switch {
	case f.Cleared != 0:
		parts = append(parts, "cleared +"+FormatDuration(f.Cleared-from))
	case !f.instant():
		parts = append(parts, "never cleared")
	}
	shift := "median shift "
	if f.Shift != nil {
		parts, shift = append(parts, shift+FormatDuration(*f.Shift)), ""
	}
	if f.ControlShift != nil {
		parts = append(parts, shift+"of control "+FormatDuration(*f.ControlShift))
	}
	return strings.Join(parts, ", ")
}

// instant says that there was nothing to clear: it was over as it was done.
func (f FaultResult) instant() bool {
	return f.For == 0 && f.Cleared == 0 && f.Confirmed != 0 && f.State != "not cleared"
}

// until is when it was no longer in force: at the run's end when it was never cleared.
func (f FaultResult) until(end int64) int64 {
	switch {
	case f.Cleared != 0:
		return f.Cleared
	case f.instant():
		return f.Confirmed
	}
	return end
}
