package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/export"
)

// hostile are names that mean something in one format or another.
var hostile = map[string]string{
	"xml control":      "a\x01\x02\x0b\x1f\uFFFE]]>&amp;<![CDATA[",
	"html":             `</script><img src=x onerror=alert(1)><b>"'`,
	"table":            "a | b\n| c | d |\n|---|",
	"markdown":         "# x\n\n[a](javascript:alert(1)) ![b](http://x/y.png) `c` **d** @everyone <!-- ~~e~~",
	"workflow command": "::error title=x::y\n::set-output name=a::b\r\n##[add-mask]z",
	"formula":          "=HYPERLINK(\"http://x\",\"y\")",
	"formula plus":     "+1+cmd|' /C calc'!A0",
	"formula minus":    "-2+3",
	"formula at":       "@SUM(A1)",
	"formula tab":      "\t=1+1",
	"formula return":   "\r=1+1",
	"label":            `x",evil="y\` + "\n# HELP z\nz 1",
	"nul":              "a\x00b",
	"not utf-8":        "a\xff\xfe\xc3(",
	"escape":           "\x1b[31mred\x1b]8;;http://x\x07",
	"direction":        "abc\u202edcba\u2066",
	"separators":       "a\u2028b\u2029c\u0085d",
	"path":             "../../etc/passwd",
	"blank":            " ",
	"empty":            "",
	"unit":             "x 1 ns/op\nUnit a better=lower\nBenchmarkEvil 1 1 x",
	"slashes":          "a/b=c-8",
	"comment":          "a#b $(touch x) `touch y` 'q' \"r",
	"long":             strings.Repeat("x", 300) + strings.Repeat("é", 300),
	"spreadsheet wide": "\uff1d1+1",
}

// named is a run in which everything that has a name has the given one.
func named(t *testing.T, name string) export.Source {
	t.Helper()
	var journal, hlog bytes.Buffer
	w := report.NewWriter(&journal)
	for _, rec := range []report.Record{
		{Run: &report.Run{
			Schema: report.Schema, Scenario: name, About: name, Policy: name, Version: name, Started: name, Host: name, Clients: 2, Rate: 10,
			Guarantee: name, Endpoints: []string{name}, Command: name, Steady: []string{name}, Gates: []string{name, "messages.lost == 0"},
			Plan:   []report.Planned{{Name: name, To: 2 * sec}},
			Faults: []report.Intended{{Name: name, Kind: name, On: name, Detail: name, Share: 1, At: sec, For: sec}},
		}},
		{Phase: &report.Phase{Name: name}},
		{T: 1, Step: &report.Step{Client: 0, Gen: 1, Event: name, From: "idle", To: "dialing", Cause: name}},
		{T: 2, Step: &report.Step{Client: 0, Gen: 1, Event: "lost", From: "ready", To: "waiting", Cause: name}},
		{T: 3, Fault: &report.Fault{Name: name, Edge: "commanded"}},
		{T: 4, Fault: &report.Fault{Name: name, Edge: "confirmed"}},
		{T: 5, Fault: &report.Fault{Name: name, Edge: "cleared"}},
		{T: 6, Fault: &report.Fault{Name: name, Edge: "evidence", State: name, Why: name}},
		{T: 7, Note: &report.Note{Text: name}},
		{T: 8, Crowd: &report.Crowd{Notice: name, Health: name}},
		{T: 9, Unfit: &report.Unfit{Limit: name, Why: name}},
		{T: 10, Target: &report.Target{Name: name}},
		{T: 11, Steady: &report.Steady{Checks: []report.Check{{Text: name, Why: name}}}},
		{T: sec, Load: &report.Load{Phases: map[string]report.LoadCount{name: {Intended: 10, Sent: 10, Acked: 10}}}},
		{T: 2 * sec, End: &report.End{Reason: name, Why: name}},
	} {
		require.NoError(t, w.Write(rec))
	}
	require.NoError(t, w.Flush())
	l := report.NewLatency()
	l.Record("response", "baseline", "control", ms)
	require.NoError(t, l.Flush(report.NewHlogWriter(&hlog, t0), 0, sec))
	return source(t, journal.Bytes(), hlog.Bytes())
}

// inert is what must hold of a format whatever the names are.
var inert = map[string]func(t *testing.T, text string, names *report.Summary){
	"json": func(t *testing.T, text string, _ *report.Summary) {
		assert.True(t, json.Valid([]byte(text)))
	},
	"html": func(t *testing.T, text string, _ *report.Summary) {
		for _, evil := range []string{"<img", "</script><", `<b>"`, "<!--", "<![CDATA["} {
			assert.False(t, strings.Contains(text, evil), evil)
		}
	},
	"md": func(t *testing.T, text string, _ *report.Summary) {
		for line := range strings.SplitSeq(text, "\n") {
			if strings.HasPrefix(line, "|") {
				cells := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") - 1
				assert.Contains(t, []int{4, 5, 7}, cells, line)
			}
			plain := unescaped(line)
			for _, evil := range []string{"`", "*", "<b", "<i", "<!", "[", "](", "~"} {
				assert.NotContains(t, plain, evil, line)
			}
		}
		assert.NotContains(t, text, "@everyone")
		assert.NotContains(t, text, "http://")
	},
	"junit": func(t *testing.T, text string, s *report.Summary) {
		d := xml.NewDecoder(strings.NewReader(text))
		for {
			tok, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			if e, ok := tok.(xml.StartElement); ok {
				assert.Contains(t, []string{"testsuites", "testsuite", "testcase", "properties", "property", "error", "failure", "system-out"}, e.Name.Local)
			}
		}
		assert.Len(t, readJUnit(t, text).Suites[0].Cases, len(s.Gates))
	},
	"bench": func(t *testing.T, text string, s *report.Summary) {
		b := readBench(t, text)
		assert.Len(t, strings.Split(b.name, "/"), 4, b.name)
		assert.Len(t, b.values, len(s.Metrics)+1)
	},
	"csv":     inertTable,
	"metrics": inertTable,
	"prom": func(t *testing.T, text string, s *report.Summary) {
		families := readProm(t, text)
		assert.NotContains(t, families, "z")
		for _, f := range families {
			for _, m := range f.GetMetric() {
				assert.NotContains(t, labels(m), "evil")
				assert.Contains(t, labels(m), "scenario")
			}
		}
		assert.GreaterOrEqual(t, len(families), len(s.Metrics)+4)
	},
	"hgrm": func(t *testing.T, text string, _ *report.Summary) { plotted(t, text) },
	"ecs": func(t *testing.T, text string, _ *report.Summary) {
		assert.Len(t, readEvents(t, text), 16, "a line for each of 13 records, the gates, the verdict")
	},
	"gitlab": func(t *testing.T, text string, s *report.Summary) {
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		assert.Len(t, lines, len(s.Values())+2)
		for _, line := range lines[:len(lines)-1] {
			assert.Regexp(t, `^wsheal_\w+\{scenario="[\w.-]+",policy="[\w.-]+"\} \S+$`, line)
		}
	},
	"codequality": func(t *testing.T, text string, _ *report.Summary) {
		var findings []struct {
			Location struct{ Path string }
		}
		require.NoError(t, json.Unmarshal([]byte(text), &findings))
		require.NotEmpty(t, findings)
		for _, f := range findings {
			assert.Regexp(t, `^[\w.-]+\.yaml$`, f.Location.Path)
		}
	},
}

// inertTable: no cell that is not a number begins what a spreadsheet calculates.
func inertTable(t *testing.T, text string, _ *report.Summary) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	for _, row := range rows {
		for _, cell := range row {
			if _, err := strconv.ParseFloat(cell, 64); err != nil && cell != "" {
				assert.NotContains(t, "=+-@\t\r\uff1d\uff0b\uff0d\uff20", string([]rune(cell)[0]), cell)
			}
		}
	}
}

// unescaped is a line without what is escaped by a backslash.
func unescaped(line string) string {
	var out strings.Builder
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' {
			i++
			continue
		}
		out.WriteByte(line[i])
	}
	return out.String()
}

// An annotation is one command, whose title and text are what they should be.
func TestAnnotationsAreInert(t *testing.T) {
	for what, name := range hostile {
		lines := export.Annotations(named(t, name).Summary)
		assert.Len(t, lines, 5, what)
		for _, line := range lines {
			rest, found := strings.CutPrefix(line, "::error title=wsheal%3A ")
			require.True(t, found, line)
			title, text, found := strings.Cut(rest, "::")
			require.True(t, found)
			assert.NotContains(t, title, ":")
			assert.NotContains(t, title, ",")
			assert.NotEmpty(t, text)
			assert.NotContains(t, line, "\n")
			assert.NotContains(t, line, "\r")
			assert.Less(t, len(line), 3000)
		}
	}
	assert.Empty(t, export.Annotations(judged(report.Pass, nil).Summary))
	assert.Equal(t, []string{"::error title=wsheal%3A storm%3A fail::100%25, so: it is"},
		export.Annotations(judged(report.Fail, []string{"100%, so: it is"}).Summary))
}

// Names are inert in every format: they are shown, and nothing else happens.
func TestNamesAreInert(t *testing.T) {
	for what, name := range hostile {
		s := named(t, name)
		for _, f := range export.Formats() {
			t.Run(f.Name+"/"+what, func(t *testing.T) {
				text := written(t, f.Name, s)
				require.Contains(t, inert, f.Name, "a format without a check")
				inert[f.Name](t, text, s.Summary)
				assert.True(t, utf8.ValidString(text))
				if f.Name != "json" && f.Name != "html" { // one is data that is quoted, the other has a test of its own
					for _, r := range text {
						assert.False(t, r != '\n' && unicode.IsControl(r) || strings.ContainsRune("\u202e\u2066\u2028\u2029", r), "%q", r)
					}
					assert.NotContains(t, text, "##[")
				}
				for line := range strings.Lines(text) {
					assert.False(t, strings.HasPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::"), "a command to a CI runner: %s", line)
				}
			})
		}
	}
}
