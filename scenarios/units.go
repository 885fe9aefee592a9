package scenarios

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// longest bounds every duration, so that sums of them stay far from overflow.
const longest = 1000 * time.Hour

// parseDuration reads "250ms", "1m30s" or "0".
func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	switch {
	case err != nil || d < 0:
		return 0, expected("a duration such as 250ms or 8s", text)
	case d > longest:
		return 0, expected("a duration of at most 1000h", text)
	}
	return d, nil
}

// formatDuration is what parseDuration reads back exactly, without zero parts.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// parseRate reads "2000/s", "60/min" or "10/h" as a number per second.
func parseRate(text string) (float64, error) {
	number, per, _ := strings.Cut(text, "/")
	seconds := map[string]float64{"s": 1, "min": 60, "h": 3600}[per]
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || seconds == 0 || !(n >= 0 && n <= 1e9) {
		return 0, expected("a rate such as 2000/s or 60/min", text)
	}
	return n / seconds, nil
}

func formatRate(perSecond float64) string {
	return strconv.FormatFloat(perSecond, 'f', -1, 64) + "/s"
}

// parseSize reads "128", "128B", "64KiB" or "1MiB" as bytes.
func parseSize(text string) (int, error) {
	number, shift := text, 0
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		if n, ok := strings.CutSuffix(text, unit); ok {
			number, shift = n, 10*(i+1)
		}
	}
	if shift == 0 {
		number = strings.TrimSuffix(number, "B")
	}
	n, err := strconv.ParseUint(number, 10, 62)
	if err != nil || n > math.MaxInt>>shift {
		return 0, expected("a size such as 128 or 64KiB", text)
	}
	return int(n) << shift, nil
}

func formatSize(bytes int) string {
	switch {
	case bytes >= 1<<20 && bytes%(1<<20) == 0:
		return strconv.Itoa(bytes>>20) + "MiB"
	case bytes >= 1<<10 && bytes%(1<<10) == 0:
		return strconv.Itoa(bytes>>10) + "KiB"
	}
	return strconv.Itoa(bytes)
}

// parseShare reads "30%" or "0.3" as a part of one.
func parseShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	x, err := strconv.ParseFloat(number, 64)
	if percent {
		x /= 100
	}
	if err != nil || !(x >= 0 && x <= 1) {
		return 0, expected("a share such as 30% or 0.3", text)
	}
	return x, nil
}

// formatShare writes per cent, unless that would not be read back exactly.
func formatShare(x float64) string {
	s := strconv.FormatFloat(x*100, 'f', -1, 64) + "%"
	if back, err := parseShare(s); err != nil || back != x {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return s
}

// moment is a point of the plan as it is written: a phase, and how far into it.
type moment struct {
	phase  string
	offset time.Duration
}

// parseMoment reads "chaos" or "chaos+2s".
func parseMoment(text string) (moment, error) {
	phase, offset, more := strings.Cut(text, "+")
	m := moment{phase: strings.TrimSpace(phase)}
	var err error
	if more {
		m.offset, err = parseDuration(strings.TrimSpace(offset))
	}
	if err != nil || !isPhase(m.phase) {
		return moment{}, expected("a phase with or without an offset, such as chaos or chaos+2s", text)
	}
	return m, nil
}

func parseSeed(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, expected("a whole number from 0 to 2^64-1", text)
	}
	return n, nil
}

func parseBool(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, expected("true or false", text)
}

// expected is the one form of every complaint about a value.
func expected(what, got string) error {
	return fmt.Errorf("expected %s, got %s", what, shown(got))
}

// shown makes a value fit for one line of an error.
func shown(text string) string {
	const most = 60
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	switch {
	case text == "":
		return "nothing"
	case len(text) > most:
		return strconv.Quote(strings.ToValidUTF8(text[:most], "")) + "…"
	case strings.ContainsFunc(text, odd) || strings.TrimSpace(text) != text:
		return strconv.Quote(text)
	}
	return text
}
