package main

import (
	"bytes"
	"io"
)

// longestLine is what is held back of a line, in bytes, until its end comes; a longer one
// goes out in pieces.
const longestLine = 64 << 10

// redacted passes on whole lines, without the secrets in them: one may come in two writes.
type redacted struct {
	to     io.Writer
	redact func(string) string
	line   []byte // whose end has not come
}

// Write never fails: that a log cannot be written is no reason to end who writes to it.
func (r *redacted) Write(p []byte) (int, error) {
	r.line = append(r.line, p...)
	if end := bytes.LastIndexByte(r.line, '\n') + 1; end > 0 {
		r.pass(end)
	}
	if len(r.line) > longestLine {
		r.pass(len(r.line))
	}
	return len(p), nil
}

// Close passes on a line without an end.
func (r *redacted) Close() { r.pass(len(r.line)) }

func (r *redacted) pass(n int) {
	_, _ = io.WriteString(r.to, r.redact(string(r.line[:n])))
	r.line = append(r.line[:0], r.line[n:]...)
}
