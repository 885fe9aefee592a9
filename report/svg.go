package report

import (
	"html"
	"math"
	"strconv"
	"strings"
)

// drawing is one inline SVG. Colours are presentation attributes, so that it shows
// where style sheets are refused, and each carries a class, so that a style sheet can
// turn it dark. It has no script and refers to nothing outside itself.
type drawing struct{ b strings.Builder }

// An ink is the class and the presentation attributes of a shape.
type ink string

// The palette is that of Okabe and Ito, which holds for the colour-blind; what colour
// says, dashes, hatching or words say too.
const (
	inkGrid      ink = `class="c-grid" stroke="#d8dee4" stroke-width="1" fill="none"`
	inkAxis      ink = `class="c-axis" stroke="#8b949e" stroke-width="1" fill="none"`
	inkText      ink = `class="c-text" fill="#24292f" font-size="12"`
	inkHalo      ink = `class="c-text c-halo" fill="#24292f" stroke="#ffffff" stroke-width="4" stroke-linejoin="round" paint-order="stroke" font-size="12"` // over lines
	inkSoft      ink = `class="c-soft" fill="#57606a" font-size="11"`
	inkTitle     ink = `class="c-title" fill="#24292f" font-size="12.5" font-weight="600"`
	inkPhase     ink = `class="c-phase" fill="#eaeef2" stroke="#ffffff" stroke-width="1"`
	inkBand      ink = `class="c-band" fill="#E69F00" fill-opacity="0.22"`
	inkCommand   ink = `class="c-edge" stroke="#a35f00" stroke-width="1.2" stroke-dasharray="4 3" fill="none"`
	inkConfirm   ink = `class="c-edge" stroke="#a35f00" stroke-width="1.6" fill="none"`
	inkClear     ink = `class="c-edge" stroke="#a35f00" stroke-width="1.2" stroke-dasharray="1 3" fill="none"`
	inkEnd       ink = `class="c-axis" stroke="#57606a" stroke-width="1.5" stroke-dasharray="8 3 2 3" fill="none"`
	inkBlueArea  ink = `class="c-area-blue" fill="#0072B2" fill-opacity="0.16" stroke="none"`
	inkBlueLine  ink = `class="c-blue" stroke="#0072B2" stroke-width="1.8" fill="none" stroke-linejoin="round"`
	inkBlue      ink = `class="c-fill-blue" fill="#0072B2"`
	inkRed       ink = `class="c-fill-red" fill="#D55E00"`
	inkHatch     ink = `class="c-hatch" stroke="#ffffff" stroke-width="1.2" stroke-opacity="0.75"`
	inkGreenArea ink = `class="c-area-green" fill="#009E73" fill-opacity="0.16" stroke="none"`
	inkGreenLine ink = `class="c-green" stroke="#009E73" stroke-width="1.8" fill="none" stroke-linejoin="round"`
	inkPlumLine  ink = `class="c-plum" stroke="#a3487b" stroke-width="1.8" fill="none" stroke-linejoin="round"`
	inkPlum      ink = `class="c-fill-plum" fill="#a3487b"`
	inkReference ink = `class="c-ref" stroke="#57606a" stroke-width="1.2" stroke-dasharray="6 4" fill="none"`
)

// open begins a drawing of that many user units. Title and description are what a
// screen reader says of it; id must be unique on the page.
func (d *drawing) open(id, title, description string, width, height float64) {
	d.put(`<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="`, id, `-t `, id, `-d" viewBox="0 0 `, num(width), ` `, num(height),
		`" width="`, num(width), `" height="`, num(height), `" font-family="system-ui, sans-serif"><title id="`, id, `-t">`, esc(title), `</title><desc id="`, id, `-d">`, esc(description), `</desc>`)
}

func (d *drawing) close() string {
	d.put(`</svg>`)
	return d.b.String()
}

func (d *drawing) put(parts ...string) {
	for _, p := range parts {
		d.b.WriteString(p)
	}
}

func (d *drawing) line(k ink, x1, y1, x2, y2 float64) {
	d.put(`<path `, string(k), ` d="M`, num(x1), ` `, num(y1), `L`, num(x2), ` `, num(y2), `"/>`)
}

func (d *drawing) rect(k ink, x, y, width, height float64) {
	d.put(`<rect `, string(k), ` x="`, num(x), `" y="`, num(y), `" width="`, num(max(0, width)), `" height="`, num(max(0, height)), `"/>`)
}

// path draws what a pen has drawn; an empty one draws nothing.
func (d *drawing) path(k ink, p pen) {
	if p.b.Len() > 0 {
		d.put(`<path `, string(k), ` d="`, p.b.String(), `"/>`)
	}
}

func (d *drawing) dot(k ink, x, y, radius float64) {
	d.put(`<circle `, string(k), ` cx="`, num(x), `" cy="`, num(y), `" r="`, num(radius), `"/>`)
}

// An anchor says which part of a text stands at its point.
type anchor string

const (
	atStart  anchor = "start"
	atMiddle anchor = "middle"
	atEnd    anchor = "end"
)

func (d *drawing) text(k ink, at anchor, x, y float64, s string) {
	d.put(`<text `, string(k))
	if at != atStart {
		d.put(` text-anchor="`, string(at), `"`)
	}
	d.put(` x="`, num(x), `" y="`, num(y), `">`, esc(s), `</text>`)
}

// pen writes path data.
type pen struct{ b strings.Builder }

func (p *pen) move(x, y float64) { p.write("M", x, y) }
func (p *pen) to(x, y float64)   { p.write("L", x, y) }
func (p *pen) bar(x, y, width, height float64) {
	p.write("M", x, y)
	p.b.WriteString("h" + num(width) + "v" + num(height) + "h" + num(-width) + "z")
}

func (p *pen) write(command string, x, y float64) {
	p.b.WriteString(command + num(x) + " " + num(y))
}

// num writes a coordinate, to a tenth of a unit.
func num(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	s := strconv.FormatFloat(min(max(v, -1e6), 1e6), 'f', 1, 64)
	s = strings.TrimSuffix(s, ".0")
	if s == "-0" {
		return "0"
	}
	return s
}

func esc(s string) string { return html.EscapeString(shown(s)) }

// textWidth estimates the width of s at 11 or 12 units of a sans-serif font. It is
// rather too much than too little.
func textWidth(s string) float64 { return letter * float64(Columns(s)) }

// letter is the width of a letter.
const letter = 6.0

// fitted cuts s to a width in user units; what is too narrow for a letter and the mark is "".
func fitted(s string, width float64) string {
	n := int(width/letter + 1e-9)
	if n < 2 && Columns(s) > n {
		return ""
	}
	return Style{Unicode: true}.Cut(s, n)
}

// capital begins a text with a capital.
func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
