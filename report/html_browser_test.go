package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/chromium"
	"github.com/wsheal/wsheal/report"
)

var widths = []int{320, 480, 768, 1280, 1920}

// The page as people have it: in a real browser.
func TestPage(t *testing.T) {
	b := chromium.Start(t)
	t.Run("from a file", func(t *testing.T) { fromAFile(t, b) })
	t.Run("without scripts", func(t *testing.T) { withoutScripts(t, b) })
	t.Run("under a policy that refuses everything", func(t *testing.T) { underAPolicy(t, b) })
	t.Run("accessible", func(t *testing.T) { accessible(t, b) })
	t.Run("by keyboard", func(t *testing.T) { byKeyboard(t, b) })
}

// fromAFile: the network is off, and the page is whole at any width.
func fromAFile(t *testing.T, b *chromium.Browser) {
	pages := map[string]*report.Summary{
		"reset": resetTape(t).build(), "failover": failoverTape(t).build(), "shared": sharedTape(t).build(),
		"hostile": hostileSample(), "many": manySample(), "cut off": cutoffSample(), "empty": samples()["empty"],
	}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		t.Run(name, func(t *testing.T) {
			s := pages[name]
			file := write(t, s)
			tab := b.Tab(t)
			tab.Look(chromium.Look{Width: 1280})
			tab.Open(file)
			standsAlone(t, tab, file)
			if name != "hostile" { // which is no summary of any run
				sameAsJSON(t, tab, s)
			}
			for _, width := range widths {
				tab.Look(chromium.Look{Width: width})
				fits(t, tab, width)
				legible(t, tab, width)
			}
			// A4; a word without an end is cut on paper.
			tab.Look(chromium.Look{Width: 720, Print: true})
			if name != "hostile" {
				fits(t, tab, 720)
			}
			var printed int
			tab.Run(`[...document.querySelectorAll(".tools,.stage,.readout")].filter(e => e.offsetHeight > 0).length`, &printed)
			assert.Zero(t, printed, "what is for the screen")
			assert.Empty(t, tab.Complaints())
		})
	}
}

func withoutScripts(t *testing.T, b *chromium.Browser) {
	tab := b.Tab(t)
	tab.Scripts(false)
	tab.Look(chromium.Look{Width: 1280})
	s := resetTape(t).build()
	file := write(t, s)
	tab.Open(file)
	standsAlone(t, tab, file)
	sameAsJSON(t, tab, s)
	complete(t, tab)
	legible(t, tab, 1280)
}

// underAPolicy: Jenkins serves what a build leaves under one that refuses styles and
// scripts, too.
func underAPolicy(t *testing.T, b *chromium.Browser) {
	tab := b.Tab(t)
	tab.Offline(false)
	var body bytes.Buffer
	require.NoError(t, report.WriteHTML(&body, resetTape(t).build()))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; img-src 'self'; style-src 'self';")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(body.Bytes())
	}))
	defer server.Close()
	tab.Look(chromium.Look{Width: 1280})
	tab.Open(server.URL)
	complete(t, tab)
	assert.Equal(t, []string{server.URL + "/"}, tab.Requests())
}

// accessible: axe knows what people with a screen reader, with a keyboard or with weak
// eyes stumble on.
func accessible(t *testing.T, b *chromium.Browser) {
	axe := chromium.Script(t, "axe-core/axe.min.js")
	for name, s := range map[string]*report.Summary{"shared": sharedTape(t).build(), "fail": failSample()} {
		for _, look := range []chromium.Look{{Width: 1280}, {Width: 320, Dark: true}, {Width: 768, Forced: true}} {
			t.Run(fmt.Sprintf("%s at %d, dark %t, forced %t", name, look.Width, look.Dark, look.Forced), func(t *testing.T) {
				tab := b.Tab(t)
				tab.Look(look)
				tab.Open(write(t, s))
				tab.Run(`for (const e of document.querySelectorAll("details")) e.open = true`, nil)
				tab.Run(axe+"; undefined", nil)
				var violations []string
				tab.Run(`axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.html.slice(0, 200) + " " + n.failureSummary)))`, &violations)
				assert.Empty(t, violations)
			})
		}
	}
}

// byKeyboard: the timeline can be zoomed into, and says what the cursor is on.
func byKeyboard(t *testing.T, b *chromium.Browser) {
	tab := b.Tab(t)
	s := resetTape(t).build()
	tab.Look(chromium.Look{Width: 1280})
	tab.Open(write(t, s))
	var panels int
	tab.Run(`document.querySelectorAll(".stage canvas").length`, &panels)
	assert.Equal(t, 4, panels)
	picture := func() (url string) {
		tab.Run(`new Promise(done => setTimeout(() => done(document.querySelectorAll(".stage canvas")[0].toDataURL()), 0))`, &url)
		return url
	}
	says := func() (text string) {
		tab.Run(`new Promise(done => setTimeout(() => done(document.querySelector(".readout").textContent), 0))`, &text)
		return text
	}
	whole := picture()
	var blank string
	tab.Run(`(() => { const c = document.querySelector(".stage canvas"), e = document.createElement("canvas"); e.width = c.width; e.height = c.height; return e.toDataURL() })()`, &blank)
	assert.NotEqual(t, blank, whole)

	tab.Run(`document.querySelector(".stage").focus()`, nil)
	for i, want := range []int{0, 1, 2} { // one step of the timeline each
		tab.Key("ArrowRight", "")
		at := s.Timeline.Step * int64(i+1)
		assert.Equal(t, fmt.Sprintf("%.1f s, warmup: %d usable, %d attempts, %d failed, %s answers/s, p99 %s",
			float64(at)/1e9, s.Timeline.Usable[want], s.Timeline.Attempts[want], s.Timeline.Failed[want], report.FormatNumber(s.Timeline.Acked[0]), report.FormatDuration(s.Timeline.P99[0])), says())
	}
	tab.Key("End", "")
	assert.Contains(t, says(), "20.0 s: 10 usable")
	tab.Key("+", "+")
	assert.NotEqual(t, whole, picture(), "zoomed in")
	tab.Key("0", "0")
	assert.Equal(t, whole, picture(), "the whole run again")
	tab.Run(`document.querySelector("[aria-label='Zoom in']").click()`, nil)
	assert.NotEqual(t, whole, picture(), "by its button")
	assert.Empty(t, tab.Complaints())
}

// write leaves the page in a file and returns its address.
func write(t *testing.T, s *report.Summary) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	var b bytes.Buffer
	require.NoError(t, report.WriteHTML(&b, s))
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	return "file://" + path
}

// standsAlone: one request, nothing to complain of, and nothing in the page that is not ours.
func standsAlone(t *testing.T, tab *chromium.Tab, file string) {
	t.Helper()
	assert.Empty(t, tab.Complaints())
	assert.Equal(t, []string{file}, tab.Requests())
	var strange []string
	tab.Run(`[...document.querySelectorAll("img,iframe,object,embed,form,base,audio,video,[onload],[onerror],[onclick],a:not([href='#main'])")].map(e => e.outerHTML)`, &strange)
	assert.Empty(t, strange)
}

// complete: what is said is there without styles and scripts.
func complete(t *testing.T, tab *chromium.Tab) {
	t.Helper()
	var has struct {
		Verdict           string
		Gates, Tables     int
		Charts, Invisible int
	}
	tab.Run(`({
		verdict: document.querySelector("h1").innerText,
		gates: document.querySelectorAll("[aria-labelledby=h-gates] tbody tr").length,
		tables: document.querySelectorAll("table").length,
		charts: document.querySelectorAll("figure svg").length,
		invisible: [...document.querySelectorAll("figure svg")].filter(e => !e.closest("details") && e.getBoundingClientRect().height < 50).length,
	})`, &has)
	assert.Equal(t, "INCONCLUSIVE reset", has.Verdict)
	assert.Equal(t, 5, has.Gates, "with the condition of the steady state")
	assert.Greater(t, has.Tables, 15)
	assert.Equal(t, 10, has.Charts)
	assert.Zero(t, has.Invisible)
}

// sameAsJSON: the numbers of the page are those of summary.json.
func sameAsJSON(t *testing.T, tab *chromium.Tab, s *report.Summary) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.WriteJSON(&b, s))
	var read report.Summary
	require.NoError(t, json.Unmarshal(b.Bytes(), &read))
	var rows map[string][][]string
	tab.Run(`Object.fromEntries([...document.querySelectorAll("table")].map(t => [document.getElementById(t.getAttribute("aria-labelledby")).textContent,
		[...t.tBodies[0].rows].map(r => [...r.cells].map(c => c.textContent))]))`, &rows)
	metrics := rows["All metrics that have a value"]
	values := read.Values()
	require.Len(t, metrics, len(values))
	for _, row := range metrics {
		m, _ := report.Lookup(row[0])
		v, found := values[row[0]]
		require.True(t, found, row[0])
		assert.Equal(t, report.FormatValue(v, m.Unit), row[1], row[0])
	}
	gates := rows["Limits on metrics; broken ones first"]
	require.Len(t, gates, len(read.Gates))
	for _, row := range gates {
		i := slices.IndexFunc(read.Gates, func(g report.GateResult) bool { return visible(g.Text) == row[1] })
		require.GreaterOrEqual(t, i, 0, row[1])
		if g := read.Gates[i]; g.Verdict == "pass" || g.Verdict == "fail" {
			assert.Equal(t, g.Verdict, strings.TrimLeft(row[0], "✓✗? "))
			v := g.Value
			if g.Unbounded {
				v = math.Inf(1)
			}
			if !g.Unbounded {
				assert.Equal(t, report.FormatValue(v, g.Unit), row[2], g.Text)
			}
		}
	}
	var cards, want map[string]string
	want = map[string]string{"Messages lost": report.FormatCount(read.Lost["all"])}
	if v, found := values["avail.time"]; found {
		want["Availability"] = report.FormatShare(v)
	}
	if st := read.Storm; st.Lost > 0 {
		want["Storm, worst second"] = report.FormatShare(float64(st.Peak1s) / float64(st.Lost))
	}
	tab.Run(`Object.fromEntries([...document.querySelectorAll(".card")].map(c => [c.querySelector("h2").textContent, c.querySelector("strong").textContent]))`, &cards)
	for name, value := range cards {
		if w, found := want[name]; found {
			assert.Equal(t, w, value, name)
		}
	}
}

func visible(text string) string { return report.Style{Unicode: true}.Printable(text) }

// fits: nothing is wider than the window, save what scrolls in its own box, and the verdict
// is in sight.
func fits(t *testing.T, tab *chromium.Tab, width int) {
	t.Helper()
	var res struct {
		Width, Verdict float64
		Wide           []string
	}
	tab.Run(`new Promise(done => setTimeout(() => done({
		width: document.documentElement.scrollWidth,
		verdict: document.querySelector("h1").getBoundingClientRect().bottom,
		wide: [...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll,.stage,.skip") && e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 120)),
	}), 50))`, &res)
	assert.LessOrEqual(t, res.Width, float64(width), "at %d", width)
	assert.Less(t, res.Verdict, 900., "at %d", width)
	assert.Empty(t, res.Wide, "at %d", width)
}

// legible: no texts of a drawing lie on each other.
func legible(t *testing.T, tab *chromium.Tab, width int) {
	t.Helper()
	var over []string
	tab.Run(`[...document.querySelectorAll("figure svg")].flatMap(svg => {
		const texts = [...svg.querySelectorAll("text")].map(e => [e.textContent, e.getBoundingClientRect()]).filter(([, r]) => r.width > 0);
		const out = [];
		texts.forEach(([a, p], i) => texts.slice(i + 1).forEach(([b, q]) => {
			const w = Math.min(p.right, q.right) - Math.max(p.left, q.left), h = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
			if (w > 1 && h > p.height / 4) out.push(svg.querySelector("title").textContent + ": " + a + " / " + b);
		}));
		return out;
	})`, &over)
	assert.Empty(t, over, "at %d", width)
}
