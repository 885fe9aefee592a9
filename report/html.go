package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed html.tmpl
var htmlTemplate string

//go:embed html.css
var htmlStyle string

//go:embed html.js
var htmlScript string

// The chart library, whose licence is to be in all copies: see uplot/README.md.
var (
	//go:embed uplot/uPlot.iife.min.js
	uplotScript string
	//go:embed uplot/uPlot.min.css
	uplotStyle string
	//go:embed uplot/LICENSE
	uplotLicence string
)

var htmlPages = template.Must(template.New("report").Parse(htmlTemplate))

// htmlMost is the most bytes that a page may have.
const htmlMost = 2 << 20

// WriteHTML writes the report as one page that stands alone: no request, its own content
// security policy, charts drawn as SVG with a table beside each. It is complete without
// its script, which lets the timeline be zoomed into. The same summary gives the same
// bytes, 2 MiB at most: what does not fit is left out, and the page says so.
func WriteHTML(w io.Writer, s *Summary) error {
	p := newPage(s)
	var b bytes.Buffer
	for d := (htmlDetail{rows: 400}); ; d.rows, d.halved = d.rows/2, d.halved+1 {
		b.Reset()
		if err := htmlPages.Execute(&b, p.cut(s, d)); err != nil {
			return err
		}
		if b.Len() <= htmlMost || d.rows <= 1 {
			break
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func newPage(s *Summary) htmlPage {
	p := htmlPage{
		Word:     strings.ToUpper(shown(string(s.Verdict))),
		Scenario: shown(s.Run.Scenario),
		About:    shown(s.Run.About),
		Command:  shown(s.Run.Command),
		Warnings: shownAll(s.Warnings),
		Facts:    facts(s),
		Cards:    cards(s),
		Sections: sections(s),
		Footer:   "Written by wsheal " + shown(s.Run.Version) + " from the raw files of the run directory; wsheal report DIR writes it again.",
	}
	switch judge(string(s.Verdict)) {
	case good:
		p.Tone, p.Icon = "pass", icon(`<path d="M14 25l7 7 13-16" fill="none" stroke="#fff" stroke-width="4.5"/>`, "#008a63")
	case bad:
		p.Tone, p.Icon = "fail", icon(`<path d="M16 16l16 16M32 16L16 32" fill="none" stroke="#fff" stroke-width="4.5"/>`, "#c44100")
	default:
		p.Tone, p.Icon = "open", icon(`<path d="M18 19a6 6 0 1 1 8.5 5.4c-1.7.9-2.5 1.9-2.5 4.1M24 33.2v3" fill="none" stroke="#fff" stroke-width="4.2"/>`, "#8a6100")
	}
	if p.Word == "" {
		p.Word = "NO VERDICT"
	}
	p.Title = p.Word + " " + p.Scenario
	switch reasons := shownAll(s.Reasons); len(reasons) {
	case 0:
		p.Sentence = sentence(Headline(s))
	case 1:
		p.Sentence = sentence(reasons[0])
	default:
		p.Sentence, p.Reasons = sentence(Headline(s)), reasons
	}
	return p
}

type htmlPage struct {
	CSS            template.CSS
	Script         template.JS // "": there is nothing for it to do
	Data           template.JS // what the script draws
	Policy         string
	Cut            string // what was left out; "": nothing
	Title          string
	Word           string // the verdict
	Tone           string // class: pass, fail, open
	Icon           template.HTML
	Scenario       string
	Sentence       string
	Reasons        []string
	About, Command string
	Facts          []htmlFact
	Warnings       []string
	Cards          []htmlCard
	Sections       []htmlSection
	Footer         string
}

type htmlFact struct{ Name, Value string }

type htmlCard struct {
	Name, Value string
	Notes       []string
}

// htmlSection is a heading, charts, tables in view and tables folded away.
type htmlSection struct {
	ID, Title string
	Note      string
	Figures   []htmlFigure
	Tables    []htmlTable
	Folded    []htmlTable
}

// htmlFigure is a chart with what it shows as tables.
type htmlFigure struct {
	Label string
	Chart template.HTML
	Note  string
	Twins []htmlTable
	Fold  string // not empty: it is folded away under this title
	Live  bool   // the script takes it over
}

// htmlTable is a table; column Name holds the names of the rows.
type htmlTable struct {
	ID      string // of its caption
	Caption string
	Name    int
	Head    []htmlCell
	Rows    [][]htmlCell
	More    string // rows that were left out; "": none
}

type htmlCell struct{ Text, Class string }

func icon(sign, color string) template.HTML {
	return template.HTML(`<svg aria-hidden="true" viewBox="0 0 48 48"><circle cx="24" cy="24" r="22" fill="` + color + `"/>` + sign + `</svg>`) // ours, no input
}

func shownAll(texts []string) []string {
	var all []string
	for _, t := range texts {
		all = append(all, shown(t))
	}
	return all
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	if !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	if first, _, _ := strings.Cut(s, " "); strings.ContainsAny(first, "._/<>:") {
		return s // a metric's name, not a word
	}
	return capital(s)
}

func facts(s *Summary) []htmlFact {
	r := s.Run
	list := []htmlFact{{"Duration", FormatDuration(s.Duration)}}
	add := func(name, value string) {
		if value != "" {
			list = append(list, htmlFact{name, shown(value)})
		}
	}
	if r.Clients > 0 {
		add("Clients", FormatCount(int64(r.Clients))+r.pool())
	}
	add("Policy", r.Policy)
	add("Seed", fmt.Sprint(r.Seed))
	for i := range r.Access {
		add("Target", r.Access[i].words())
	}
	if r.Pattern == Push || r.Pattern == Silent {
		add("Pattern", r.Pattern)
	}
	if q := s.Pings; q != nil {
		add("Pings", "p50 "+FormatDuration(q.P50)+", p99 "+FormatDuration(q.P99))
	}
	if r.Rate > 0 {
		add("Load", strings.TrimSpace(FormatRate(r.Rate)+" of "+FormatBytes(int64(r.Size))+" "+r.Guarantee))
	}
	if r.Mu > 0 {
		add("Handshake capacity", FormatRate(r.Mu))
	}
	add("Host", r.Host)
	add("Started", r.Started)
	ended := s.Ended.Reason
	if s.Ended.Why != "" {
		ended += ": " + s.Ended.Why
	}
	add("Ended", ended)
	return list
}

// cards are the headline numbers, as far as the run has them.
func cards(s *Summary) []htmlCard {
	var list []htmlCard
	if p := s.Pushes; p != nil {
		list = append(list, htmlCard{"Messages that came", FormatCount(p.Received), []string{"the longest silence was " + FormatDuration(p.Silence)}})
	}
	if r := s.Recovery; r.Lost > 0 {
		list = append(list, htmlCard{"Fleet recovery, t99", r.Confirmed.level(r.Confirmed.T99), []string{
			"t50 " + r.Confirmed.level(r.Confirmed.T50),
			"t100 " + r.Confirmed.level(r.Confirmed.T100),
			FormatCount(int64(r.Unhealed)) + " of " + FormatCount(int64(r.Lost)) + " never healed",
		}})
	}
	if v, found := s.Metrics["avail.time"]; found {
		c := htmlCard{Name: "Availability", Value: FormatShare(v), Notes: []string{"of the clients' time usable"}}
		if v, found := s.Metrics["avail.msg"]; found {
			c.Notes = append(c.Notes, FormatShare(v)+" of messages in time")
		}
		list = append(list, c)
	}
	if t := s.Storm; t.Attempts > 0 && t.Lost > 0 {
		list = append(list, htmlCard{"Storm, worst second", FormatShare(float64(t.Peak1s) / float64(t.Lost)), []string{
			FormatCount(int64(t.Peak1s)) + " dials for " + FormatCount(int64(t.Lost)) + " lost",
			t.amplification() + " dials per heal",
			"synchronisation " + FormatNumber(round(t.Sync, 3)),
		}})
	}
	if m := s.Messages["all"]; m.Intended > 0 && s.Run.answers() {
		list = append(list, htmlCard{"Messages lost", FormatCount(s.Lost["all"]), []string{
			"of " + FormatCount(m.Intended) + " intended",
			FormatCount(m.Dup) + " answered twice",
			FormatCount(m.Resent) + " resent",
		}})
	}
	if c, found := responseCard(s); found {
		list = append(list, c)
	}
	return list
}

// responseCard shows the p99 response of chaos, or of the last phase, with the others.
func responseCard(s *Summary) (htmlCard, bool) {
	var rows []LatencyRow
	head := -1
	for _, l := range s.Latency {
		if l.Kind != "response" || l.Cohort != "all" || l.N == 0 || l.Phase == "warmup" || l.Phase == "all" {
			continue
		}
		if l.Phase == "chaos" {
			head = len(rows)
		}
		rows = append(rows, l)
	}
	if len(rows) == 0 {
		return htmlCard{}, false
	}
	if head < 0 {
		head = len(rows) - 1
	}
	c := htmlCard{Name: "Response p99 in " + shown(rows[head].Phase), Value: ended(rows[head].P99, lostMessage)}
	for i, l := range rows {
		if i != head && len(c.Notes) < 3 {
			c.Notes = append(c.Notes, shown(l.Phase)+" "+ended(l.P99, lostMessage))
		}
	}
	return c, true
}
