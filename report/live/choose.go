package live

import (
	"fmt"
	"strings"

	"github.com/wsheal/wsheal/report"
)

// Mode is how a run is shown.
type Mode uint8

const (
	None  Mode = iota // not at all
	Lines             // Plain
	Frame             // Terminal
)

// Surroundings are all that the choice of a view rests on.
type Surroundings struct {
	UI       string // as asked for: auto (or empty), live, plain, none
	NoColor  bool   // as asked for
	Terminal bool   // the stream is one
	Width    int    // of the terminal, columns; 0: not known
	Getenv   func(string) string
}

// Choose picks the view and the style. On its own it redraws in place only on a
// terminal that can, and not where CI is set. NO_COLOR, when not empty, forbids colour
// (no-color.org); FORCE_COLOR and CLICOLOR_FORCE, when neither empty nor 0, ask for it
// even in a pipe; else CLICOLOR=0 forbids it, too. Glyphs beyond ASCII need a UTF-8 locale.
func Choose(s Surroundings) (Mode, report.Style, error) {
	dumb := s.Getenv("TERM") == "dumb"
	style := report.Style{Width: s.Width, Unicode: utf8Locale(s.Getenv)}
	switch {
	case s.NoColor || s.Getenv("NO_COLOR") != "":
	case forced(s.Getenv("FORCE_COLOR")) || forced(s.Getenv("CLICOLOR_FORCE")):
		style.Color = true
	default:
		style.Color = s.Terminal && !dumb && s.Getenv("CLICOLOR") != "0"
	}
	switch s.UI {
	case "", "auto":
		if s.Terminal && !dumb && s.Getenv("CI") == "" {
			return Frame, style, nil
		}
		return Lines, style, nil
	case "live":
		return Frame, style, nil
	case "plain":
		return Lines, style, nil
	case "none":
		return None, style, nil
	}
	return None, style, fmt.Errorf("ui %q: expected auto, live, plain or none", s.UI)
}

func forced(v string) bool { return v != "" && v != "0" }

// utf8Locale says whether the locale's character set is UTF-8, by POSIX precedence.
func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}
