package policies

import (
	"fmt"
	"strings"
)

// Mistake is one thing wrong with a policy.
type Mistake struct {
	File  string // as it was named
	Line  int    // as the YAML node has it: 1-based in a file
	Field string // "backoff.cap"; "" when the policy as a whole is meant
	Want  string // what was expected, and what was found
}

// Error is "file:line: field: what was expected", without the parts that are empty.
func (m *Mistake) Error() string {
	var b strings.Builder
	b.WriteString(m.File)
	if m.Line > 0 {
		fmt.Fprintf(&b, ":%d", m.Line)
	}
	b.WriteString(": ")
	if m.Field != "" {
		b.WriteString(m.Field + ": ")
	}
	return b.String() + m.Want
}

// Mistakes is everything wrong with a policy, in the order of its lines, then what is
// wrong with the files that it is based on.
type Mistakes []*Mistake

// Error is one line per mistake.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, x := range m {
		lines[i] = x.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the first mistake.
func (m Mistakes) Unwrap() []error {
	errs := make([]error, len(m))
	for i, x := range m {
		errs[i] = x
	}
	return errs
}

// err is nil when there is no mistake.
func (m Mistakes) err() error {
	if len(m) == 0 {
		return nil
	}
	return m
}
