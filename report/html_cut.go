package report

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

// htmlDetail is how much of a run the page shows.
type htmlDetail struct {
	rows   int // the most rows of a table and entries of a list
	halved int // how often the points of the timeline are halved
}

// lettersMost is the most letters of a name or a sentence on the page; longer ones are
// someone's mistake, or worse, and would be repeated in every table.
const lettersMost = 400

// cut is the page in some detail, with the style, the script and its policy.
func (p htmlPage) cut(s *Summary, d htmlDetail) htmlPage {
	left := 0
	p.Reasons = entries(p.Reasons, d, &left)
	p.Warnings = entries(p.Warnings, d, &left)
	p.Sections = slices.Clone(p.Sections)
	for i := range p.Sections {
		sec := &p.Sections[i]
		sec.Tables, sec.Folded = rowsOf(sec.Tables, d, &left), rowsOf(sec.Folded, d, &left)
		sec.Figures = slices.Clone(sec.Figures)
		for j := range sec.Figures {
			sec.Figures[j].Twins = rowsOf(sec.Figures[j].Twins, d, &left)
		}
	}
	p.CSS = template.CSS(htmlStyle) // ours, embedded
	script := ""
	if data := liveData(s, d.halved); data != "" {
		p.CSS += template.CSS(uplotStyle)                                                        // vendored, embedded
		p.Script = template.JS("/*\n" + uplotLicence + "*/\n" + uplotScript + "\n" + htmlScript) // the same
		p.Data = template.JS(data)                                                               // encoded as JSON, with all that could end a script escaped
		script = "script-src " + digest(string(p.Script)) + "; "
	}
	p.Policy = "default-src 'none'; style-src " + digest(string(p.CSS)) + "; " + script + "img-src data:; base-uri 'none'; form-action 'none'"
	switch {
	case d.halved > 0:
		p.Cut = fmt.Sprintf("This page is cut to stay under 2 MiB: tables end after %d rows, %s are left out, and the timeline that can be zoomed into has one point for each %d. Nothing is missing in summary.json.", d.rows, FormatCount(int64(left)), 1<<d.halved)
	case left > 0:
		p.Cut = fmt.Sprintf("Tables and lists end after %d rows; %s are left out here. Nothing is missing in summary.json.", d.rows, FormatCount(int64(left)))
	}
	return p
}

// digest is a source of a content security policy.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func entries(list []string, d htmlDetail, left *int) []string {
	if len(list) <= d.rows {
		return list
	}
	more := len(list) - d.rows
	*left += more
	return append(slices.Clone(list[:d.rows]), "and "+FormatCount(int64(more))+" more")
}

func rowsOf(tables []htmlTable, d htmlDetail, left *int) []htmlTable {
	tables = slices.Clone(tables)
	for i := range tables {
		if more := len(tables[i].Rows) - d.rows; more > 0 {
			*left += more
			tables[i].Rows = tables[i].Rows[:d.rows]
			tables[i].More = "and " + FormatCount(int64(more)) + " more rows"
		}
	}
	return tables
}

// shown is text as the page shows it: visible, and not too long.
func shown(text string) string {
	if len(text) > 4*lettersMost { // a letter has 4 bytes at most
		text = strings.ToValidUTF8(text[:4*lettersMost], "") + "…"
	}
	return Style{Unicode: true}.Cut(visible(text), lettersMost)
}
