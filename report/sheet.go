package report

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"strings"
)

// Sheet is a page about many runs, in the clothes of a run's report: a verdict, facts,
// and parts of a plot and a table each.
type Sheet struct {
	Verdict        Verdict
	Name           string // what was judged
	Sentence       string
	Reasons        []string
	About, Command string
	Facts          [][2]string // name and value
	Parts          []SheetPart
	Footer         string
}

// SheetPart is a heading, a plot, where there is one, and a table. The second column names
// the row.
type SheetPart struct {
	Title, Note, Caption string
	Scatter              *Scatter
	Head                 []string
	Rows                 [][]string
}

// WriteSheet writes a page that stands alone: no request, no script, its own content
// security policy. The same sheet gives the same bytes.
func WriteSheet(w io.Writer, s Sheet) error {
	p := newPage(&Summary{Verdict: s.Verdict, Run: Run{Scenario: s.Name}})
	p.Sentence, p.Reasons, p.About, p.Command, p.Footer = sentence(shown(s.Sentence)), shownAll(s.Reasons), shown(s.About), shown(s.Command), shown(s.Footer)
	p.Facts, p.Cards, p.Sections = nil, nil, nil
	for _, f := range s.Facts {
		p.Facts = append(p.Facts, htmlFact{shown(f[0]), shown(f[1])})
	}
	for i, part := range s.Parts {
		id := fmt.Sprintf("part-%d", i+1)
		sec := htmlSection{ID: id, Title: shown(part.Title), Note: shown(part.Note)}
		if part.Scatter != nil {
			sec.Figures = []htmlFigure{{Label: shown(part.Scatter.Title), Chart: template.HTML(part.Scatter.draw(id + "-plot"))}} // escaped where it is drawn
		}
		table := htmlTable{ID: id + "-table", Caption: shown(part.Caption), Name: 1}
		for _, text := range part.Head {
			table.Head = append(table.Head, htmlCell{Text: shown(text)})
		}
		for _, row := range part.Rows {
			var cells []htmlCell
			for _, text := range row {
				cells = append(cells, htmlCell{Text: shown(text)})
			}
			table.Rows = append(table.Rows, cells)
		}
		sec.Tables = []htmlTable{table}
		p.Sections = append(p.Sections, sec)
	}
	p.CSS = template.CSS(htmlStyle) // ours, embedded
	p.Policy = "default-src 'none'; style-src " + digest(string(p.CSS)) + "; img-src data:; base-uri 'none'; form-action 'none'"
	var b bytes.Buffer
	if err := htmlPages.Execute(&b, p); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Scatter is a plot of named dots: x on a logarithmic axis, y in seconds on a linear one, and a
// line that nothing can be below.
type Scatter struct {
	Title       string
	XName       string
	XLow, XHigh float64 // above 0
	YHigh       float64 // s
	Frontier    [][2]float64
	Line        string // what the frontier is
	Dots        []ScatterDot
}

// ScatterDot is one dot; a Y below 0 is beyond all.
type ScatterDot struct {
	X, Y   float64
	Name   string
	Marked bool
}

func (s *Scatter) draw(id string) string {
	const width, height, left, right, top, bottom = 960, 420, 70, 30, 44, 50
	var names []string
	for _, dot := range s.Dots {
		names = append(names, dot.Name)
	}
	d := &drawing{}
	d.open(id, s.Title, s.Title+"; "+s.XName+". "+strings.Join(names, ", ")+": as in the table below.", width, height)
	x := axis{lo: s.XLow, hi: s.XHigh, a: left, b: width - right, log: true}
	y := axis{lo: 0, hi: s.YHigh, a: height - bottom, b: top}
	d.text(inkTitle, atStart, left, 16, s.Title)
	for _, v := range linearTicks(s.YHigh, 6, 0.001) {
		d.line(inkGrid, x.a, y.at(v), x.b, y.at(v))
		d.text(inkSoft, atEnd, x.a-8, y.at(v)+4, FormatNumber(v)+" s")
	}
	d.text(inkSoft, atEnd, x.a-8, top-10, "never")
	for decade := decadeBelow(s.XLow); decade <= s.XHigh; decade *= 10 {
		for _, m := range []float64{1, 2, 5} {
			if v := m * decade; v >= s.XLow && v <= s.XHigh {
				d.line(inkGrid, x.at(v), y.a, x.at(v), y.b)
				d.text(inkSoft, atMiddle, x.at(v), y.a+16, FormatNumber(v))
			}
		}
	}
	d.text(inkSoft, atMiddle, (x.a+x.b)/2, height-10, s.XName)
	var line pen
	down := false
	for _, p := range s.Frontier {
		if p[1] > s.YHigh {
			down = false
			continue
		}
		if down {
			line.to(x.at(p[0]), y.at(p[1]))
		} else {
			line.move(x.at(p[0]), y.at(p[1]))
		}
		down = true
	}
	d.path(inkReference, line)
	if n := len(s.Frontier); n > 0 {
		last := s.Frontier[n-1]
		d.text(inkSoft, atEnd, x.b, y.at(min(last[1], s.YHigh))+16, s.Line)
	}
	used := map[[2]int]bool{} // places of names, so that none covers another
	for _, dot := range s.Dots {
		at, up := x.at(dot.X), float64(top-14)
		if dot.Y >= 0 {
			up = y.at(dot.Y)
		}
		if dot.Marked {
			d.dot(inkBlue, at, up, 5)
		} else {
			d.dot(inkPlum, at, up, 3.5)
		}
		shift := 0
		for used[[2]int{int(at) / 60, int(up)/13 + shift}] && shift < 20 {
			shift++
		}
		used[[2]int{int(at) / 60, int(up)/13 + shift}] = true
		side, from := atStart, at+8
		if at+8+textWidth(dot.Name) > width {
			side, from = atEnd, at-8
		}
		d.text(inkHalo, side, from, up+4+13*float64(shift), dot.Name)
	}
	return d.close()
}
