package heal

import (
	"slices"
	"strconv"
)

// names are the words of one enum, by value. The journal is written in them, so they
// are part of its format.
type names[T ~uint8] []string

// of returns the word for v, and its number when it has none.
func (n names[T]) of(v T) string {
	if int(v) < len(n) {
		return n[v]
	}
	return strconv.Itoa(int(v))
}

// parse returns the value whose word is s.
func (n names[T]) parse(s string) (T, bool) {
	i := slices.Index(n, s)
	return T(max(i, 0)), i >= 0
}
