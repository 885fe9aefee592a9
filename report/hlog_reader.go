package report

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// HlogReader reads latency.hlog interval by interval, in the manner of Reader. It reads
// what HlogWriter writes and what other writers of the format do, as long as their times
// are relative to the base time.
type HlogReader struct {
	lines    *lines
	interval Interval
	err      error
}

// hlogVersion begins the line that says which version of the format a log has.
const hlogVersion = "#[Histogram log format version "

// NewHlogReader returns a reader of the log in r.
func NewHlogReader(r io.Reader) *HlogReader { return &HlogReader{lines: newLines("latency.hlog", r)} }

// Scan moves to the next interval; false at the end, or after an error of the
// underlying reader. Lines that cannot be understood are skipped and told by Warnings.
func (r *HlogReader) Scan() bool {
	for r.err == nil && r.lines.scan() {
		line := string(r.lines.text)
		if version, found := strings.CutPrefix(line, hlogVersion); found {
			major, _, _ := strings.Cut(version, ".")
			if n, err := strconv.Atoi(major); err == nil && n > 1 {
				r.err = fmt.Errorf("latency.hlog has format version %q, this wsheal reads versions 1.x", brief(strings.TrimSuffix(version, "]")))
				return false
			}
		}
		if line == "" || line[0] == '#' || line[0] == '"' {
			continue
		}
		iv, err := parseInterval(line)
		if err != nil {
			if !r.lines.whole {
				err = errors.New("cut off in the middle")
			}
			r.lines.skip("%s", err)
			continue
		}
		r.interval = iv
		return true
	}
	return false
}

// Interval returns what Scan moved to. Its histogram is the caller's.
func (r *HlogReader) Interval() Interval { return r.interval }

// Err returns what ended the reading early, an error of the underlying reader or a version
// of the format that is not known; nil at the end.
func (r *HlogReader) Err() error {
	if r.err != nil {
		return r.err
	}
	return r.lines.err
}

// Warnings returns what was wrong with lines that were skipped, with their numbers.
func (r *HlogReader) Warnings() []string { return r.lines.told() }

func parseInterval(line string) (iv Interval, err error) {
	if rest, found := strings.CutPrefix(line, "Tag="); found {
		tag, after, comma := strings.Cut(rest, ",")
		if !comma || !validTag.MatchString(tag) {
			return iv, fmt.Errorf("tag %q, expected letters, digits, '.', '_' and '-', then a comma", brief(tag))
		}
		iv.Tag, line = tag, after
	}
	fields := strings.Split(line, ",")
	if len(fields) != 4 {
		return iv, fmt.Errorf("%d fields, expected start, length, maximum and histogram", len(fields))
	}
	from, err1 := scaled(fields[0], 1e9)
	length, err2 := scaled(fields[1], 1e9)
	maximum, err3 := scaled(fields[2], 1e6)
	if err := errors.Join(err1, err2, err3); err != nil {
		return iv, errors.New("start, length or maximum is not a number of 0 or more")
	}
	if from > math.MaxInt64-length {
		return iv, errors.New("the interval ends beyond what can be counted")
	}
	iv.From, iv.To, iv.Max = from, from+length, maximum
	if iv.Hist, err = hdrhistogram.Decode([]byte(fields[3])); err != nil {
		return iv, fmt.Errorf("histogram: %w", err)
	}
	return iv, nil
}

// scaled reads a decimal number of 0 or more and multiplies it, to the nearest integer.
func scaled(text string, unit float64) (int64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return 0, err
	}
	if v *= unit; !(v >= 0 && v < math.MaxInt64) {
		return 0, strconv.ErrRange
	}
	return int64(math.Round(v)), nil
}

// brief cuts what is quoted in a message.
func brief(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
