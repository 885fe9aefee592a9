package live

import (
	"fmt"
	"strings"
	"time"

	"github.com/wsheal/wsheal/report"
)

const (
	label  = 9  // columns of the names at the left
	figure = 27 // columns of the figures at the right
	narrow = 60 // below this many columns there are no pictures
	lanes  = 3  // faults with a line of their own
)

// Paints, as ANSI SGR parameters.
const (
	bold   = "1"
	faint  = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	blue   = "34"
)

// frame lays a state out. All pictures share one time axis, the length of the plan.
type frame struct {
	style report.Style
	width int
	// height is how many rows there are for it; negative: none, 0: enough. A frame that is
	// higher than the screen scrolls at every drawing, and fills what can be scrolled back to.
	height int
	s      State
}

func (f frame) lines() []line {
	all := f.layout(f.width >= narrow)
	if f.height != 0 && len(all) > f.height {
		all = f.layout(false)
	}
	if f.height != 0 {
		all = all[:min(len(all), max(f.height, 0))]
	}
	for i := range all {
		all[i] = f.fit(all[i])
	}
	return all
}

// layout is with pictures, or a few lines of words.
func (f frame) layout(pictures bool) []line {
	out := []line{f.header()}
	if !pictures {
		out = append(out, f.plain("usable", f.usable()), f.plain("dials", f.dials()))
	} else {
		out = append(out, f.phases(), f.bar())
		for i, ft := range f.s.Faults {
			if i == lanes-1 && len(f.s.Faults) > lanes {
				out = append(out, f.plain("", fmt.Sprintf("and %d faults more", len(f.s.Faults)-i)))
				break
			}
			out = append(out, f.fault(i, ft))
		}
		out = append(out, f.picture("usable", blue, f.spark(f.lowest(f.s.History.Usable), float64(f.s.Clients)), f.usable()))
		out = append(out, f.picture("dials", yellow, f.spark(f.rate(f.s.History.Attempts), 0), f.dials()))
		if f.s.Rate > 0 {
			out = append(out, f.picture("answers", green, f.spark(f.rate(f.s.History.Answers), f.s.Rate), f.answers()))
		}
	}
	if f.width < narrow { // too narrow for four stopwatches side by side
		return append(out, f.healing("healing", f.s.Watches[:2]), f.healing("", f.s.Watches[2:]))
	}
	return append(out, f.healing("healing", f.s.Watches[:]))
}

// fit cuts a line to the width.
func (f frame) fit(l line) line {
	left := f.width
	for i := range l {
		l[i].text = f.style.Cut(l[i].text, max(0, left))
		left -= report.Columns(l[i].text)
	}
	return l
}

// axis is the columns of the pictures.
func (f frame) axis() int { return f.width - label - figure }

func (f frame) plain(name, text string) line {
	return line{{f.name(name), faint}, {f.style.Printable(text), ""}}
}

func (f frame) picture(name, paint, picture, text string) line {
	return line{{f.name(name), faint}, {picture, paint}, {"  " + f.style.Printable(text), ""}}
}

func (f frame) name(name string) string { return fmt.Sprintf("%-*s", label, name) }

func (f frame) header() line {
	s := f.s
	l := line{{f.style.Cut(f.style.Printable(s.Scenario), f.width/2), bold}}
	text := "  " + Seconds(s.Now) + " of " + report.FormatDuration(int64(s.Total()))
	if s.Phase != "" {
		text += ", " + s.Phase
	}
	l = append(l, piece{f.style.Printable(text), ""})
	if s.Steady == NotMet {
		l = append(l, piece{f.style.Printable(", steady state not met"), red})
	}
	switch s.Health {
	case Fit:
		if f.width < narrow {
			break
		}
		l = append(l, piece{", harness fit", faint})
	case Strained:
		l = append(l, piece{f.style.Printable(", harness strained: " + s.HealthText), yellow})
	case Unfit:
		l = append(l, piece{f.style.Printable(", harness unfit: " + s.HealthText), red})
	}
	return l
}

// column of a moment on the axis.
func (f frame) column(at time.Duration) int {
	total := f.s.Total()
	if total <= 0 {
		return 0
	}
	return int(min(max(at, 0), total) * time.Duration(f.axis()) / total)
}

// phases are the names above the bar, each at its beginning, as far as they fit.
func (f frame) phases() line {
	l := line{{f.name("phase"), faint}}
	used := 0
	for i, p := range f.s.Phases {
		from, to := f.column(p.From), f.column(p.To)
		room := to - from
		if i < len(f.s.Phases)-1 {
			room-- // a space between two names
		} else {
			room += figure
		}
		name := f.style.Printable(p.Name)
		if report.Columns(name) > room {
			if name = f.style.Cut(name, max(0, room)); room < 3 {
				name = ""
			}
		}
		paint := faint
		if p.Name == f.s.Phase {
			paint = bold
		}
		l = append(l, piece{strings.Repeat(" ", max(0, from-used)), ""}, piece{name, paint})
		used = max(used, from) + report.Columns(name)
	}
	return l
}

// bar is the elapsed part of the plan, phases divided.
func (f frame) bar() line {
	full, empty, cut := "━", "─", "┿"
	if !f.style.Unicode {
		full, empty, cut = "=", "-", "|"
	}
	now := f.column(f.s.Now)
	var done, open strings.Builder
	starts := map[int]bool{}
	for _, p := range f.s.Phases[min(1, len(f.s.Phases)):] {
		starts[f.column(p.From)] = true
	}
	for i := range f.axis() {
		b, sign := &done, full
		if i >= now {
			b, sign = &open, empty
		}
		if starts[i] {
			sign = cut
		}
		b.WriteString(sign)
	}
	left := max(0, f.s.Total()-f.s.Now)
	return line{{f.name(""), ""}, {done.String(), bold}, {open.String(), faint}, {"  " + Seconds(left) + " to go", ""}}
}

// fault is the strip of one fault: planned, commanded, in force, over.
func (f frame) fault(i int, ft Fault) line {
	name := ""
	if i == 0 {
		name = "fault"
	}
	planned, asked, force := "░", "▒", "█"
	if !f.style.Unicode {
		planned, asked, force = ".", "?", "#"
	}
	begin, until, sign, word := ft.At, ft.At+ft.For, planned, "planned"
	paint := faint
	switch {
	case ft.Failed != "":
		word, paint = "failed", red
	case ft.Commanded == 0:
	case ft.Confirmed == 0:
		begin, until, sign, word, paint = ft.Commanded, max(f.s.Now, ft.Commanded), asked, "commanded", yellow
	case ft.Cleared == 0:
		begin, until, sign, word, paint = ft.Commanded, max(f.s.Now, ft.Confirmed), force, "confirmed", red
	default:
		begin, until, sign, word, paint = ft.Commanded, ft.Cleared, force, "cleared", yellow
	}
	a := min(f.column(begin), f.axis()-1)
	b := min(max(f.column(until), a+1), f.axis())
	quiet := " "
	strip := strings.Repeat(quiet, a) + strings.Repeat(sign, b-a)
	pad := strings.Repeat(quiet, f.axis()-b)
	text := f.style.Cut(f.style.Printable(ft.Name+" "+ft.Kind), figure-2-len(word)-1)
	return line{{f.name(name), faint}, {strip, paint}, {pad + "  " + text + " " + word, ""}}
}

// cells are the values of the columns of a picture, each made of the parts of the
// history that fall on it; -1 where no sample was taken.
func (f frame) cells(value func(i int, before float64) float64) []float64 {
	cells := make([]float64, f.axis())
	for c := range cells {
		cells[c] = -1
		from := c * buckets / len(cells)
		for i := from; i < max((c+1)*buckets/len(cells), from+1); i++ {
			if f.s.History.Covered[i] > 0 {
				cells[c] = value(i, cells[c])
			}
		}
	}
	return cells
}

// lowest value of each column.
func (f frame) lowest(parts [buckets]int) []float64 {
	return f.cells(func(i int, before float64) float64 {
		if before < 0 {
			return float64(parts[i])
		}
		return min(before, float64(parts[i]))
	})
}

// rate per second of each column, by the highest of its parts.
func (f frame) rate(parts [buckets]int) []float64 {
	return f.cells(func(i int, before float64) float64 {
		return max(before, float64(parts[i])/f.s.History.Covered[i].Seconds())
	})
}

// spark draws values as columns, scaled to top, or to the highest that is above it.
func (f frame) spark(cells []float64, top float64) string {
	for _, v := range cells {
		top = max(top, v)
	}
	signs := []rune("▁▂▃▄▅▆▇█")
	if !f.style.Unicode {
		signs = []rune("_.:-=+*#")
	}
	var b strings.Builder
	for _, v := range cells {
		switch {
		case v < 0:
			b.WriteByte(' ')
		case top <= 0 || v == 0:
			b.WriteRune(signs[0])
		default: // what is not nothing looks like something
			b.WriteRune(signs[min(len(signs)-1, 1+int(v/top*float64(len(signs)-1)*0.9999))])
		}
	}
	return b.String()
}

func (f frame) usable() string {
	text := report.FormatCount(int64(f.s.Usable)) + " of " + report.FormatCount(int64(f.s.Clients))
	if f.s.Clients > 0 && f.s.Usable < f.s.Clients {
		text += ", " + report.FormatShare(float64(f.s.Usable)/float64(f.s.Clients))
	}
	return text
}

func (f frame) dials() string {
	return report.FormatRate(whole(f.s.Attempts)) + ", peak " + report.FormatRate(whole(f.s.Peak))
}

func (f frame) answers() string {
	return report.FormatCount(int64(whole(f.s.Answers))) + " of " + report.FormatRate(f.s.Rate)
}

// healing is the stopwatches: each runs, holds (is back), or is ticked (was back for the
// hold time).
func (f frame) healing(name string, watches []Watch) line {
	l := line{{f.name(name), faint}}
	tick := " ✓"
	if !f.style.Unicode {
		tick = " ok"
	}
	for i, w := range watches {
		text, paint := "", ""
		switch w.State {
		case Idle:
			text, paint = w.Name+" -", faint
		case Untouched:
			text, paint = w.Name+" untouched", faint
		case Running:
			text, paint = w.Name+" "+Seconds(w.Value)+" runs", yellow
		case Reached:
			text = w.Name + " " + Seconds(w.Value) + " holds"
		case Held:
			text, paint = w.Name+" "+Seconds(w.Value)+tick, green
		}
		if i > 0 {
			text = "  " + text
		}
		l = append(l, piece{text, paint})
	}
	return l
}
