package report

import (
	"fmt"
	"slices"
)

// partInks are the colours of the parts of an outage by their names; what has no name was
// not told apart. The lighter ones carry dark text.
var partInks = map[string]ink{
	"detect":    `class="c-part-detect" fill="#57606a"`,
	"backoff":   `class="c-part-backoff" fill="#9ecae9"`,
	"admission": `class="c-part-admission" fill="#56b99a"`,
	"failed":    `class="c-part-failed" fill="#D55E00"`,
	"relapse":   `class="c-part-relapse" fill="#a3487b"`,
	"stopped":   `class="c-part-stopped" fill="#1f2328"`,
	"tcp":       `class="c-part-tcp" fill="#00405f"`,
	"tls":       `class="c-part-tls" fill="#5b9fc9"`,
	"prove":     `class="c-part-prove" fill="#E69F00"`,
	"":          `class="c-part-rest" fill="#d8dee4"`,
}

// inkDial is that of the upgrade, and of a dial that is not told apart.
const inkDial ink = `class="c-part-dial" fill="#0072B2"`

func partInk(name string) ink {
	if k, found := partInks[name]; found {
		return k
	}
	return inkDial
}

const (
	barHeight   = 26.0
	stripHeight = 17.0
	stripGap    = 5.0
)

// outageBar draws all outages together as one bar: of the clients' time out of use, what
// they were at. It is "" when there was none.
func outageBar(s *Summary) string {
	o := s.Recovery.Outages
	if o == nil || o.Total <= 0 {
		return ""
	}
	x := axis{lo: 0, hi: 1, a: chartLeft, b: chartWidth - chartRight}
	const top = 24.0
	words := fmt.Sprintf("%s client-seconds in %s outages.", FormatNumber(round(o.Total, 3)), FormatCount(int64(o.N)))
	for _, p := range o.Parts {
		if p.Total > 0 {
			words += " " + capital(p.Name) + ": " + FormatShare(p.Share) + "."
		}
	}
	var d drawing
	d.open("outage-parts", "Outages taken apart", words, chartWidth, top+barHeight+26)
	d.text(inkTitle, atStart, x.a, 12, "What the clients were at, of "+FormatNumber(round(o.Total, 1))+" client-seconds out of use")
	from, left := 0.0, x.a
	for _, p := range o.Parts {
		if p.Total <= 0 {
			continue
		}
		a, b := x.at(from), x.at(from+p.Share)
		d.rect(partInk(p.Name), a, top, max(b-a-1, 0.6), barHeight)
		from += p.Share
		text := p.Name + " " + FormatShare(p.Share)
		if left+16+textWidth(text) > x.b {
			continue // the table has it
		}
		d.rect(partInk(p.Name), left, top+barHeight+11, 10, 10)
		d.text(inkSoft, atStart, left+15, top+barHeight+20, text)
		left += textWidth(text) + 34
	}
	return d.close()
}

// outageStrips draws the longest outages one by one: a row per client, from its fault's
// confirmation to its being back. It is "" when there was none.
func outageStrips(s *Summary) string {
	o := s.Recovery.Outages
	if o == nil || len(o.Slowest) == 0 {
		return ""
	}
	confirmed := map[string]int64{}
	for _, f := range s.Faults {
		confirmed[f.Name] = f.Confirmed
	}
	rows := o.Slowest
	left, span := chartLeft, int64(1)
	zero := func(x Outage) int64 {
		if c := confirmed[x.Fault]; c > 0 && c < x.Lost {
			return c
		}
		return x.Lost
	}
	for _, x := range rows {
		left = max(left, min(200, textWidth(x.name(s))+12))
		span = max(span, x.Whole)
	}
	const top = 40.0
	x := axis{lo: 0, hi: float64(span), a: left, b: chartWidth - 130}
	bottom := top + (stripHeight+stripGap)*float64(len(rows))
	words := fmt.Sprintf("The %s longest outages, the longest %s.", FormatCount(int64(len(rows))), FormatDuration(rows[0].Whole))
	var d drawing
	d.open("outage-strips", "The longest outages, client by client", words+" The table below the chart has their parts.", chartWidth, bottom+42)
	d.text(inkTitle, atStart, 0, 12, "The longest outages, client by client")
	stripLegend(&d, rows)
	for _, t := range timeTicks(span, 10) {
		at := x.at(float64(t))
		d.line(inkGrid, at, top-6, at, bottom)
		d.line(inkAxis, at, bottom, at, bottom+5)
		d.text(inkSoft, atMiddle, at, bottom+18, timeLabel(t, span))
	}
	d.text(inkSoft, atEnd, chartWidth-chartRight, bottom+36, "since the fault was confirmed, or the loss if that came first")
	for i, out := range rows {
		y := top + (stripHeight+stripGap)*float64(i)
		d.text(inkText, atEnd, left-8, y+stripHeight-4, fitted(shown(out.name(s)), left-10))
		from := zero(out)
		end := from + out.Whole
		if len(out.Strip) == 0 {
			d.rect(partInk(""), x.at(0), y, x.at(float64(out.Whole))-x.at(0), stripHeight)
		}
		for j, part := range out.Strip {
			to := end
			if j+1 < len(out.Strip) {
				to = out.Strip[j+1].From
			}
			a, b := x.at(float64(part.From-from)), x.at(float64(to-from))
			d.rect(partInk(part.What), a, y, max(b-a, 1.2), stripHeight)
		}
		note := FormatDuration(out.Whole)
		if out.Back < 0 {
			note = "never, " + note
		}
		d.text(inkSoft, atStart, x.at(float64(out.Whole))+7, y+stripHeight-4, note)
	}
	d.line(inkAxis, x.a, bottom, x.b, bottom)
	return d.close()
}

// name of an outage's row: its client, and its fault where there are several.
func (o Outage) name(s *Summary) string {
	text := "client " + FormatCount(int64(o.Client))
	if len(s.Faults) > 1 {
		text += ", " + o.Fault
	}
	return text
}

// stripLegend names the parts that occur.
func stripLegend(d *drawing, rows []Outage) {
	seen := map[string]bool{}
	var names []string
	for _, o := range rows {
		for _, part := range o.Strip {
			if !seen[part.What] {
				seen[part.What] = true
				names = append(names, part.What)
			}
		}
	}
	order := func(name string) int {
		return slices.IndexFunc(partNames[:], func(p struct{ name, words string }) bool { return p.name == name })
	}
	slices.SortFunc(names, func(a, b string) int { return order(a) - order(b) })
	left := 0.0
	for _, name := range names {
		text := name
		if name == "" {
			text = "not told apart"
		}
		d.rect(partInk(name), left, 20, 10, 10)
		d.text(inkSoft, atStart, left+15, 29, text)
		left += textWidth(text) + 34
	}
}
