package live

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/wsheal/wsheal/report"
)

// What a frame leaves over of the one before it is erased behind its lines and below them,
// never before it is drawn: that would flicker, and a terminal that is erased from its
// first row on may keep what was there as history (tmux does).
const (
	eraseRight = "\x1b[K"
	eraseBelow = "\x1b[J"
)

// Terminal redraws a frame of at most 12 lines in place. It uses neither the alternate
// screen nor a hidden cursor: the cursor rests below the frame, so that nothing has to
// be restored however the process ends, and the last frame stays.
type Terminal struct {
	out   io.Writer
	style report.Style
	size  func() (width, height int)
	drawn []int // columns of each line on the screen
	dead  bool
}

// NewTerminal makes a view that redraws in place. The size in columns and rows is asked
// before every frame, so that a resized terminal needs no signal; 0 means that it is not
// known, and counts as 80 columns and as rows enough.
func NewTerminal(out io.Writer, style report.Style, size func() (width, height int)) *Terminal {
	return &Terminal{out: out, style: style, size: size}
}

// Draw replaces the frame on the screen.
func (t *Terminal) Draw(s State) {
	width, height := t.size()
	if width <= 0 {
		width = 80
	}
	var b strings.Builder
	// A line that was drawn on a wider screen has been broken into several rows.
	rows := 0
	for _, columns := range t.drawn {
		rows += max(1, (columns+width-1)/width)
	}
	if rows > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r", rows)
	}
	for _, e := range s.Events {
		if e.Note {
			note := t.style.Printable(Seconds(e.At) + "  " + e.Text)
			b.WriteString(note)
			if report.Columns(note)%width != 0 { // else the row is full, and its last sign would be erased
				b.WriteString(eraseRight)
			}
			b.WriteString("\n")
		}
	}
	t.drawn = t.drawn[:0]
	f := frame{style: t.style, width: min(width-1, 100), s: s} // the last column would wrap on some terminals
	if height > 0 {
		f.height = cmp.Or(height-1, -1) // the cursor has a row, too
	}
	for _, line := range f.lines() {
		b.WriteString(line.paint(t.style) + eraseRight + "\n")
		t.drawn = append(t.drawn, line.columns())
	}
	if t.dead || b.Len() == 0 { // no row for a frame, and no note
		return
	}
	b.WriteString(eraseBelow)
	if _, err := io.WriteString(t.out, b.String()); err != nil {
		t.dead = true
	}
}

// Close draws the last frame.
func (t *Terminal) Close(s State) { t.Draw(s) }

// line is a row of the frame: pieces of one paint each.
type line []piece

type piece struct{ text, paint string }

func (l line) columns() int {
	n := 0
	for _, p := range l {
		n += report.Columns(p.text)
	}
	return n
}

func (l line) paint(style report.Style) string {
	var b strings.Builder
	for _, p := range l {
		if style.Color && p.paint != "" && p.text != "" {
			b.WriteString("\x1b[" + p.paint + "m" + p.text + "\x1b[0m")
			continue
		}
		b.WriteString(p.text)
	}
	return b.String()
}
