package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds the length of a line, so that no file can exhaust the memory.
const maxLine = 16 << 20

// maxWarnings bounds how many mistakes of one file are told one by one.
const maxWarnings = 20

// lines reads a file line by line and keeps what was wrong with them. What is wrong with
// one line never keeps the next from being read.
type lines struct {
	name     string // "journal", "latency.hlog"
	r        *bufio.Reader
	n        int64 // number of the current line, from 1
	text     []byte
	whole    bool // the current line ends with a newline
	long     []byte
	warnings []string
	more     int64 // warnings beyond maxWarnings
	skipped  int64 // lines of which nobody knows what they say
	err      error
}

func newLines(name string, r io.Reader) *lines {
	return &lines{name: name, r: bufio.NewReaderSize(r, 256<<10)}
}

// scan moves to the next line that is not too long. At the end, and after an error of
// the underlying reader, it returns false.
func (l *lines) scan() bool {
	for l.err == nil {
		l.n++
		text, err := l.read()
		if err != nil && !errors.Is(err, io.EOF) {
			l.err = fmt.Errorf("%s line %d: %w", l.name, l.n, err)
			return false
		}
		if err != nil && len(text) == 0 {
			return false
		}
		l.whole = err == nil
		if len(text) > maxLine {
			l.skip("longer than %d MiB", maxLine>>20)
			continue
		}
		for n := len(text); n > 0 && (text[n-1] == '\n' || text[n-1] == '\r'); n-- {
			text = text[:n-1]
		}
		l.text = text
		return true
	}
	return false
}

// read returns the next line with its newline. Of one that is too long it keeps just
// enough to show it.
func (l *lines) read() ([]byte, error) {
	text, err := l.r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return text, err
	}
	l.long = l.long[:0]
	for {
		if len(l.long) <= maxLine {
			l.long = append(l.long, text...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, err
		}
		text, err = l.r.ReadSlice('\n')
	}
}

// warn notes what is wrong with the current line.
func (l *lines) warn(format string, args ...any) {
	if len(l.warnings) >= maxWarnings {
		l.more++
		return
	}
	l.warnings = append(l.warnings, fmt.Sprintf("%s line %d: ", l.name, l.n)+fmt.Sprintf(format, args...))
}

// skip notes why the current line is not read.
func (l *lines) skip(format string, args ...any) {
	l.skipped++
	l.warn(format+"; skipped", args...)
}

// told returns the warnings so far, and how many more there were.
func (l *lines) told() []string {
	out := append([]string(nil), l.warnings...)
	if l.more > 0 {
		out = append(out, fmt.Sprintf("%s: and %d more lines with something wrong", l.name, l.more))
	}
	return out
}
