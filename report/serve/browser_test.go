package serve_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/chromium"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/serve"
)

// The page as people have it: in a real browser.
func TestPage(t *testing.T) {
	b := chromium.Start(t)
	t.Run("until the report is there", func(t *testing.T) { untilTheReport(t, b) })
	t.Run("without scripts", func(t *testing.T) { withoutScripts(t, b) })
	t.Run("at any width", func(t *testing.T) { atAnyWidth(t, b) })
	t.Run("accessible", func(t *testing.T) { accessible(t, b) })
}

const patience = 20 * time.Second

// awaitText waits until an element of a page has text in it.
func awaitText(t *testing.T, tab *chromium.Tab, element, text string) {
	t.Helper()
	var got string
	for end := time.Now().Add(patience); time.Now().Before(end); {
		tab.Run(fmt.Sprintf(`new Promise(done => {
			let left = 100;
			const look = () => {
				const got = document.querySelector(%q)?.textContent ?? "";
				if (got.includes(%q) || --left === 0) done(got); else setTimeout(look, 10);
			};
			look();
		})`, element, text), &got)
		if strings.Contains(got, text) {
			return
		}
	}
	require.Fail(t, "it never came", "expected %q in %s, there is %q", text, element, got)
}

// untilTheReport: the page follows the run without being loaded again, and becomes its
// report.
func untilTheReport(t *testing.T, b *chromium.Browser) {
	s := served(t)
	tab := b.Tab(t)
	tab.Offline(false)
	tab.Look(chromium.Look{Width: 1280})
	tab.Open(s.URL())
	awaitText(t, tab, "main", "The run has not begun")
	tab.Run(`window.same = true`, nil)

	s.Draw(state())
	awaitText(t, tab, ".numbers", "400 of 1,000, 40 %")
	var same bool
	tab.Run(`window.same === true`, &same)
	assert.True(t, same, "it is the page that was there before")
	var color, fill string
	tab.Run(`getComputedStyle(document.querySelector("svg .usable")).fill`, &fill)
	assert.Equal(t, "rgb(37, 99, 168)", fill, "the style sheet is in force")
	tab.Run(`getComputedStyle(document.querySelector("#gone")).display`, &color)
	assert.Equal(t, "none", color)

	var page bytes.Buffer
	require.NoError(t, report.WriteHTML(&page, &report.Summary{Verdict: report.Pass, Run: report.Run{Scenario: "storm"}}))
	s.Close(state())
	tab.Load("the report", func() { s.Finish(serve.Final{Page: page.Bytes()}) })
	awaitText(t, tab, "h1", "PASS storm")
	assert.Empty(t, tab.Complaints())
	for _, r := range tab.Requests() {
		assert.True(t, strings.HasPrefix(r, s.URL()), r)
	}
}

// withoutScripts: it is loaded again and again.
func withoutScripts(t *testing.T, b *chromium.Browser) {
	s := served(t)
	tab := b.Tab(t)
	tab.Offline(false)
	tab.Scripts(false)
	tab.Open(s.URL())
	requests := func() (n int) {
		for _, r := range tab.Requests() {
			if r == s.URL() {
				n++
			}
		}
		return n
	}
	tab.Load("the page again", func() {})
	assert.GreaterOrEqual(t, requests(), 2)
	assert.NotContains(t, tab.Requests(), s.URL()+"events")
	assert.Empty(t, tab.Complaints())
}

// drawn draws a state with names that are as long as names get.
func drawn(t *testing.T, s *serve.Server) {
	t.Helper()
	st := state()
	st.Scenario, st.Faults[0].Name = strings.Repeat("scenario", 20), strings.Repeat("w", 120)
	st.Events[0].Text = strings.Repeat("x", 300)
	s.Draw(st)
}

func atAnyWidth(t *testing.T, b *chromium.Browser) {
	s := served(t)
	drawn(t, s)
	tab := b.Tab(t)
	tab.Offline(false)
	tab.Open(s.URL())
	awaitText(t, tab, ".numbers", "400 of 1,000")
	for _, width := range []int{320, 480, 768, 1280, 1920} {
		tab.Look(chromium.Look{Width: width})
		var wide []string
		tab.Run(`new Promise(done => setTimeout(() => done([...document.querySelectorAll("body, body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 120))), 50))`, &wide)
		assert.Empty(t, wide, "at %d", width)
	}
	assert.Empty(t, tab.Complaints())
}

func accessible(t *testing.T, b *chromium.Browser) {
	axe := chromium.Script(t, "axe-core/axe.min.js")
	s := served(t)
	drawn(t, s)
	for _, look := range []chromium.Look{{Width: 1280}, {Width: 320, Dark: true}, {Width: 768, Forced: true}} {
		tab := b.Tab(t)
		tab.Offline(false)
		tab.Look(look)
		tab.Open(s.URL())
		awaitText(t, tab, ".numbers", "400 of 1,000")
		tab.Run(axe+"; undefined", nil)
		var violations []string
		tab.Run(`axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.html.slice(0, 200) + " " + n.failureSummary)))`, &violations)
		assert.Empty(t, violations, "%+v", look)
	}
}
