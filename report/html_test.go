package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

func htmlOf(t *testing.T, s *report.Summary) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.WriteHTML(&b, s))
	return b.String()
}

// embedded are the parts of a page that are files of their own, and their digests.
var embedded = regexp.MustCompile(`(?s)(<style>|<script>|-src &#39;sha256-)(.*?)(</style>|</script>|&#39;)`)

func TestHTMLGolden(t *testing.T) {
	for _, name := range []string{"pass", "fail", "cutoff", "empty", "quiet", "hostile"} {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".html", embedded.ReplaceAll([]byte(htmlOf(t, samples()[name])), []byte("$1…$3")))
		})
	}
}

func TestHTMLIsDeterministicAndSmall(t *testing.T) {
	for name := range samples() {
		page := htmlOf(t, samples()[name])
		assert.Equal(t, page, htmlOf(t, samples()[name]), name)
		assert.Less(t, len(page), 600_000, name)
	}
}

// Besides its own script the page may hold nothing that runs, loads or escapes, whatever
// the names are.
func TestHTMLIsInert(t *testing.T) {
	for name, s := range samples() {
		page := htmlOf(t, s)
		assert.LessOrEqual(t, strings.Count(page, "<script"), 2, name)
		page = regexp.MustCompile(`(?s)<script>.*?</script>`).ReplaceAllString(page, "") // which the policy names by its digest
		page = strings.Replace(page, `<script type="application/json" id="data">`, "", 1)
		lower := strings.ToLower(page)
		for _, banned := range []string{"<script", "<img", "<iframe", "<object", "<base", "<form", "javascript:", "@import", "url(http", "src=\"", " style=\"", "\x00", "\x1b", "\u202e"} {
			assert.NotContains(t, lower, banned, name)
		}
		for _, ref := range regexp.MustCompile(`(?:href|src|action)\s*=\s*"([^"]*)"`).FindAllStringSubmatch(page, -1) {
			assert.Contains(t, []string{"#main", "data:,"}, ref[1], name)
		}
		assert.Empty(t, regexp.MustCompile(`<[^>]*\son[a-z]+\s*=[^>]*>`).FindAllString(page, -1), "%s: an event handler", name)
		for _, u := range regexp.MustCompile(`https?://[^"<\s]*`).FindAllString(page, -1) {
			assert.Equal(t, "http://www.w3.org/2000/svg", u, name)
		}
	}
}

func source(text string) string {
	digest := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'"
}

func TestHTMLPolicyAllowsOnlyItsOwn(t *testing.T) {
	page := htmlOf(t, passSample())
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	require.NotNil(t, policy)
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(page, -1)
	require.Len(t, style, 1)
	script := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllStringSubmatch(page, -1)
	require.Len(t, script, 1)
	assert.Equal(t, "default-src 'none'; style-src "+source(style[0][1])+"; script-src "+source(script[0][1])+"; img-src data:; base-uri 'none'; form-action 'none'", html.UnescapeString(policy[1]))
	assert.NotContains(t, htmlOf(t, samples()["empty"]), "script", "without a timeline there is nothing for a script to do")
}

// Every drawing must be well-formed, say what it shows, and keep its ids to itself.
func TestDrawingsAreWellFormedAndDescribed(t *testing.T) {
	for name, s := range samples() {
		page := htmlOf(t, s)
		seen := map[string]bool{}
		for _, id := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			assert.False(t, seen[id[1]], "%s: id %s twice", name, id[1])
			seen[id[1]] = true
		}
		for _, svg := range regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page, -1) {
			d := xml.NewDecoder(strings.NewReader(svg))
			for {
				_, err := d.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err, name)
			}
			if !strings.Contains(svg, `aria-hidden="true"`) {
				assert.Contains(t, svg, `role="img"`)
				assert.Contains(t, svg, "<title")
				assert.Contains(t, svg, "<desc")
			}
			for _, n := range regexp.MustCompile(`NaN|Inf`).FindAllString(svg, -1) {
				t.Errorf("%s: %s in a drawing", name, n)
			}
		}
	}
}

func TestHTMLSaysTheSameAsTheText(t *testing.T) {
	for name, word := range map[string]string{"pass": "PASS", "fail": "FAIL", "inconclusive": "INCONCLUSIVE", "invalid": "INVALID"} {
		s := samples()[name]
		page := html.UnescapeString(htmlOf(t, s))
		assert.Contains(t, page, "<h1><b>"+word+"</b>", name)
		for _, r := range s.Reasons {
			assert.Contains(t, strings.ToLower(page), strings.ToLower(r), name)
		}
		for _, g := range s.Gates {
			assert.Contains(t, page, g.Text, name)
		}
		assert.Contains(t, page, s.Run.Command, name)
	}
	page := htmlOf(t, failSample())
	assert.Less(t, strings.Index(page, "✗ fail"), strings.Index(page, "✓ pass"), "broken gates come first")
	for _, number := range []string{"9.412 s", "100 %", "5,194", "not reached", "6,203"} {
		assert.Contains(t, page, number)
	}
	assert.Contains(t, htmlOf(t, inconclusiveSample()), "? no data")
}

func TestHTMLReturnsTheWritersError(t *testing.T) {
	full := errors.New("disk full")
	assert.ErrorIs(t, report.WriteHTML(failing{full}, passSample()), full)
}
