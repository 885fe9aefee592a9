package soak

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// The language of clients and servers. A word and what it is about, a number, and stuffing
// that the number determines, so that bytes which went astray are seen:
//
//	keep KEY N …     at-least-once    have N      everything up to N is kept
//	note KEY N …     at-most-once
//	tell KEY N …     at-most-once
//	ask KEY N …      at-most-once     answer KEY/N
//	look KEY N …     idempotent       answer KEY/N
//	hello KEY 0      of a session     have N
//	                                  push C N    the N-th on connection C
type word struct {
	verb string
	key  string
	n    uint64
}

// id names a message among all.
func (w word) id() string { return w.key + "/" + strconv.FormatUint(w.n, 10) }

// with is the word as a payload of so many bytes at least.
func (w word) with(size int) []byte {
	b := fmt.Appendf(nil, "%s %s %d ", w.verb, w.key, w.n)
	return append(b, bytes.Repeat([]byte{stuffing(w.n)}, max(0, size-len(b)))...)
}

func stuffing(n uint64) byte { return 'a' + byte(n%26) }

// parse reads a payload; false: its stuffing is not what it was.
func parse(payload []byte) (w word, ok bool) {
	f := strings.SplitN(string(payload), " ", 4)
	if len(f) < 3 {
		return w, false
	}
	n, err := strconv.ParseUint(f[2], 10, 64)
	w = word{f[0], f[1], n}
	return w, err == nil && (len(f) == 3 || strings.Trim(f[3], string(stuffing(n))) == "")
}
