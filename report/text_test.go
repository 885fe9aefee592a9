package report_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

func init() {
	if flag.Lookup("update") == nil { // other tests of this package may have it too
		flag.Bool("update", false, "write the golden files anew")
	}
}

// golden compares got with testdata/golden/name, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("..", "testdata", "golden", name)
	if flag.Lookup("update").Value.String() == "true" {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "go test ./report -update writes it")
	if bytes.Equal(want, got) {
		return
	}
	w, g := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range max(len(w), len(g)) { // the first difference is enough of a page
		if i >= len(w) || i >= len(g) || w[i] != g[i] {
			t.Fatalf("%s line %d differs; go test ./report -update, then read the diff\nwant %.300s\ngot  %.300s", name, i+1, lineAt(w, i), lineAt(g, i))
		}
	}
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

func textOf(t *testing.T, s *report.Summary, style report.Style) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.WriteText(&b, s, style))
	return b.String()
}

func TestTextGolden(t *testing.T) {
	for name, s := range samples() {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".txt", []byte(textOf(t, s, report.Style{Unicode: true})))
		})
	}
	t.Run("ascii", func(t *testing.T) {
		golden(t, "fail-ascii.txt", []byte(textOf(t, failSample(), report.Style{Width: 72})))
	})
	t.Run("color", func(t *testing.T) {
		golden(t, "fail-color.txt", []byte(textOf(t, failSample(), report.Style{Color: true, Unicode: true})))
	})
}

func TestTextFitsTheScreen(t *testing.T) {
	for name, s := range samples() {
		for _, width := range []int{0, 1, 40, 60, 80, 100, 500} {
			style := report.Style{Unicode: true, Width: width}
			lines := strings.Split(strings.TrimSuffix(textOf(t, s, style), "\n"), "\n")
			limit := 100
			if width > 0 {
				limit = min(100, max(40, width))
			}
			if limit >= 80 {
				assert.LessOrEqual(t, len(lines), 60, "%s at %d columns", name, width)
			}
			for _, line := range lines {
				assert.LessOrEqual(t, report.Columns(line), limit, "%s at %d columns: %q", name, width, line)
				assert.Equal(t, strings.TrimRight(line, " "), line, "trailing space")
			}
		}
	}
}

func TestTextVerdictComesFirst(t *testing.T) {
	first := func(s *report.Summary) string {
		line, _, _ := strings.Cut(textOf(t, s, report.Style{Unicode: true}), "\n")
		return line
	}
	assert.Equal(t, "✓ PASS reset-storm in 26.1 s: 3 of 3 gates held, 1 of 1 faults confirmed", first(passSample()))
	assert.Equal(t, "✗ FAIL reset-storm in 26.1 s: storm.peak_1s is 100 % of the connections lost; the limit is < 40 %", first(failSample()))
	assert.Contains(t, first(inconclusiveSample()), "? INCONCLUSIVE partition in 26.1 s: fault split had no effect")
	assert.Contains(t, first(invalidSample()), "? INVALID reset-storm in 26.1 s: the harness was starved of CPU")
}

func TestTextIsSafeForTerminals(t *testing.T) {
	for name, s := range samples() {
		for _, style := range []report.Style{{}, {Unicode: true}} {
			out := textOf(t, s, style)
			assert.True(t, utf8.ValidString(out))
			for _, r := range out {
				if r != '\n' && (r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e || !style.Unicode && r > 0x7f) {
					t.Errorf("%s, unicode %v: %q in the output", name, style.Unicode, r)
				}
			}
		}
	}
}

func TestWhatIsPrintable(t *testing.T) {
	const text = "a\tb\nc\x1bd\u0085e\u00a0f\u202eg\u2028h\u2029i\xffµ"
	assert.Equal(t, "a?b?c?d?e\u00a0f?g?h?i?µ", report.Style{Unicode: true}.Printable(text))
	assert.Equal(t, "a?b?c?d?e?f?g?h?i?u", report.Style{}.Printable(text))
}

func TestTextColorChangesNoText(t *testing.T) {
	for name, s := range samples() {
		plain := textOf(t, s, report.Style{Unicode: true})
		color := textOf(t, s, report.Style{Unicode: true, Color: true})
		if name != "empty" {
			assert.NotEqual(t, plain, color)
		}
		for _, code := range []string{"\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[1;32m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[2m", "\x1b[0m"} {
			color = strings.ReplaceAll(color, code, "")
		}
		assert.Equal(t, plain, color, name)
	}
}

func TestTextReturnsTheWritersError(t *testing.T) {
	full := errors.New("disk full")
	assert.ErrorIs(t, report.WriteText(failing{full}, passSample(), report.Style{}), full)
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// A fault that is over as it is done was not left in force.
func TestTextOfAFaultWithNothingToClear(t *testing.T) {
	s := passSample()
	s.Faults[0].Cleared = 0
	assert.NotContains(t, textOf(t, s, report.Style{}), "never cleared")
	s.Faults[0].State = "not cleared"
	assert.Contains(t, textOf(t, s, report.Style{}), "never cleared")
	s.Faults[0].State, s.Faults[0].For = "confirmed", secs
	assert.Contains(t, textOf(t, s, report.Style{}), "never cleared")
}
