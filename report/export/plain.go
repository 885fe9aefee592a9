package export

import (
	"strings"

	"github.com/wsheal/wsheal/report"
)

// visible is text from outside on one line: what cannot be seen, or turns the direction of
// writing, becomes "?". The old form of commands to GitHub's runner, which it looks for
// anywhere in a line of the log, is broken up.
func visible(text string) string {
	return oneLine.Replace(report.Style{Unicode: true}.Printable(text))
}

var oneLine = strings.NewReplacer("##[", "# #[", "\u2028", "?", "\u2029", "?")

// limited is visible text of at most n signs, for places where a name that never ends
// would drown the rest.
func limited(text string, n int) string {
	signs := []rune(visible(text))
	if len(signs) > n {
		return string(signs[:n-1]) + "…"
	}
	return string(signs)
}

// token is text for places that take no blanks and give other signs a meaning: all but
// letters, digits, '.', '_' and '-' become '_'. Empty text is "_".
func token(text string) string {
	if text == "" {
		return "_"
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '_'
	}, limited(text, 100))
}
