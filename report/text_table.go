package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Style says what the terminal can show. The zero value is plain ASCII of 100 columns.
type Style struct {
	Color   bool // ANSI colours; meaning never rests on them alone
	Unicode bool // glyphs beyond ASCII
	Width   int  // columns; 0: 100. Below 40 it counts as 40, above 100 as 100
}

const (
	minWidth = 40
	maxWidth = 100
)

func (s Style) width() int {
	if s.Width == 0 {
		return maxWidth
	}
	return min(max(s.Width, minWidth), maxWidth)
}

// Paints, as ANSI SGR parameters.
const (
	plain  = ""
	green  = "32"
	red    = "31"
	yellow = "33"
	faint  = "2"
)

// ink writes text with a paint. Widths are counted before it, so that colour moves nothing.
func (s Style) ink(paint, text string) string {
	if !s.Color || paint == plain || text == "" {
		return text
	}
	return "\x1b[" + paint + "m" + text + "\x1b[0m"
}

// ascii spells the few signs of ours that ASCII lacks.
var ascii = strings.NewReplacer("µ", "u", "…", "...", "✓", "ok", "✗", "X", "·", "-", "–", "-", "×", "x", "≥", ">=", "≤", "<=", "±", "+-", "Δ", "d")

// Printable makes text safe for a terminal line: control characters, terminal
// escapes, signs that end a line and those that turn the direction of writing
// become "?", and without Unicode so does all that ASCII lacks.
func (s Style) Printable(text string) string {
	if !s.Unicode {
		text = ascii.Replace(text)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return r
		case r == utf8.RuneError || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp):
			return '?'
		case r >= utf8.RuneSelf && !s.Unicode:
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

// visible is text as a page may show it.
func visible(text string) string { return Style{Unicode: true}.Printable(text) }

// Columns is how many columns text takes: wide signs take two. It may say too much,
// never too little.
func Columns(text string) int {
	n := 0
	for _, r := range text {
		n += columns(r)
	}
	return n
}

func columns(r rune) int {
	switch {
	case r < 0x1100, r >= 0x2010 && r < 0x2e80: // Latin and the like; punctuation, arrows, blocks, ticks
		return 1
	}
	return 2
}

// Cut shortens text to n columns, marking the cut.
func (s Style) Cut(text string, n int) string {
	if Columns(text) <= n {
		return text
	}
	mark := s.Printable("…")
	if n <= Columns(mark) {
		mark = ""
	}
	var b strings.Builder
	left := n - Columns(mark)
	for _, r := range text {
		if left -= columns(r); left < 0 {
			break
		}
		b.WriteRune(r)
	}
	return b.String() + mark
}

// wrap breaks text into lines of at most n columns, at spaces where it can.
func (s Style) wrap(text string, n int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case Columns(line)+1+Columns(word) <= n:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
		line = s.Cut(line, n)
	}
	return append(lines, line)
}

// cell is one field of a table. Right-aligned when it is a number.
type cell struct {
	text  string
	paint string
	right bool
}

func left(text string) cell   { return cell{text: text} }
func right(text string) cell  { return cell{text: text, right: true} }
func header(text string) cell { return cell{text: text, paint: faint, right: true} }

// table aligns rows into lines of at most n columns. Every row's last cell takes what is left.
func (s Style) table(rows [][]cell, n int) []string {
	var widths []int
	for _, row := range rows {
		for i := range row {
			row[i].text = s.Printable(row[i].text)
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if i < len(row)-1 || row[i].right { // a last text cell, of any length, widens no column
				widths[i] = max(widths[i], min(Columns(row[i].text), n/3))
			}
		}
	}
	lines := make([]string, len(rows))
	for r, row := range rows {
		var b strings.Builder
		used := 0
		for i, c := range row {
			gap := 0
			if i > 0 {
				gap = 2
			}
			room := n - used - gap
			if room <= 0 || c.right && room < widths[i] { // half a number is worse than none
				break
			}
			width := min(widths[i], room)
			last := i == len(row)-1
			if last && !c.right {
				width = room
			}
			text := s.Cut(c.text, width)
			pad := strings.Repeat(" ", max(0, width-Columns(text)))
			b.WriteString(strings.Repeat(" ", gap))
			switch {
			case c.right:
				b.WriteString(pad + s.ink(c.paint, text))
			case last:
				b.WriteString(s.ink(c.paint, text))
			default:
				b.WriteString(s.ink(c.paint, text) + pad)
			}
			used += gap + width
		}
		lines[r] = strings.TrimRight(b.String(), " ")
	}
	return lines
}
