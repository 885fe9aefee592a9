package wire

import "unicode/utf8"

// text checks UTF-8 that arrives in pieces, and tells of the first byte that cannot be
// right as soon as it is there. The zero value is at the start of a text.
type text struct {
	tail [utf8.UTFMax]byte // a character that has not arrived whole
	n    int
}

// feed tells whether p may come next.
func (t *text) feed(p []byte) bool {
	for t.n > 0 && len(p) > 0 {
		t.tail[t.n] = p[0]
		t.n++
		p = p[1:]
		if utf8.FullRune(t.tail[:t.n]) {
			if !utf8.Valid(t.tail[:t.n]) {
				return false
			}
			t.n = 0
		}
	}
	whole := len(p)
	for i := len(p) - 1; i >= 0 && i >= len(p)-utf8.UTFMax; i-- {
		if utf8.RuneStart(p[i]) {
			if !utf8.FullRune(p[i:]) {
				whole = i
			}
			break
		}
	}
	if !utf8.Valid(p[:whole]) {
		return false
	}
	t.n += copy(t.tail[t.n:], p[whole:])
	return true
}

// complete tells whether the text may end here.
func (t *text) complete() bool { return t.n == 0 }
