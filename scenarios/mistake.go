package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistake is one thing wrong with a scenario.
type Mistake struct {
	File  string // the file as it was named, or "--set path=value" when that argument is to blame
	Line  int    // 1-based; 0 for an argument
	Field string // dotted path as --set takes it; empty when the file as a whole is meant
	Want  string // what was expected, and what was found
}

// String is "file:line: field: what was expected", without the parts that are empty.
func (m Mistake) String() string {
	var b strings.Builder
	b.WriteString(m.File)
	if m.Line > 0 {
		fmt.Fprintf(&b, ":%d", m.Line)
	}
	b.WriteString(": ")
	if m.Field != "" {
		b.WriteString(m.Field + ": ")
	}
	b.WriteString(m.Want)
	return b.String()
}

// Mistakes is everything wrong with a scenario: its own by line, then those of other
// files, then those of arguments.
type Mistakes []Mistake

// Error is one line per mistake.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, x := range m {
		lines[i] = x.String()
	}
	return strings.Join(lines, "\n")
}

// sort puts the mistakes of the scenario itself first, by line, then those of other
// files, then those of arguments in their order.
func (m Mistakes) sort(scenario string) {
	rank := func(x Mistake) int {
		switch {
		case x.Line == 0:
			return 2
		case x.File != scenario:
			return 1
		}
		return 0
	}
	slices.SortStableFunc(m, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Line, b.Line))
	})
}

// Suggest ends a complaint about an unknown name: with the nearest known one where
// there is a near one, else with all of them.
func Suggest(name string, known []string, plural string) string {
	if near := nearest(name, known); near != "" {
		return "did you mean " + near + "?"
	}
	switch len(known) {
	case 0:
		return "there are no " + plural
	case 1:
		return "the only one is " + known[0]
	}
	return plural + " are " + strings.Join(known, ", ")
}

// nearest returns the known name with the fewest edits to name, "" when even that
// one differs in more than a third of its letters.
func nearest(name string, known []string) string {
	best, least := "", 1<<30
	for _, k := range known {
		if d := edits(strings.ToLower(name), strings.ToLower(k)); d < least && 3*d <= max(len(k), 3) {
			best, least = k, d
		}
	}
	return best
}

// edits counts the letters to insert, delete, change or swap with their neighbour
// (optimal string alignment).
func edits(a, b string) int {
	if len(a) > 64 || len(b) > 64 { // no name is that long
		return 64
	}
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
