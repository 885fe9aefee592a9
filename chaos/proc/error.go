package proc

import (
	"errors"
	"strings"
)

// ErrUnsupported is returned for what this system cannot tell.
var ErrUnsupported = errors.New("process measurements need /proc, which only Linux has")

// ErrEnded is returned for measurements of a child that is gone.
var ErrEnded = errors.New("the process has ended")

// ExitError is a child that ended without being asked, or never became ready.
type ExitError struct {
	Name    string // of the child, as in "target blue"
	Command string // its command line
	State   string // what happened: "ended with exit status 1", "ended with signal: killed"
	Tail    string // the last it wrote to stdout, then to stderr, up to 8 KiB of each
}

const shownLines = 24

// Error names the child, its command and what happened, and shows the last lines of its
// output on lines of their own.
func (e *ExitError) Error() string {
	var b strings.Builder
	b.WriteString(e.Name)
	if e.Command != e.Name {
		b.WriteString(" (" + e.Command + ")")
	}
	b.WriteString(" " + e.State)
	out := strings.TrimSpace(e.Tail)
	if out == "" {
		b.WriteString("; it wrote no output")
		return b.String()
	}
	lines := strings.Split(out, "\n")
	b.WriteString("; its last output:")
	for _, l := range lines[max(0, len(lines)-shownLines):] {
		b.WriteString("\n  " + strings.TrimRight(l, "\r"))
	}
	return b.String()
}
