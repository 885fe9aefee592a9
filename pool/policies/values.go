package policies

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const aDuration = "a duration like 250ms"

var (
	durationShape = map[string]any{"anyOf": []any{map[string]any{"type": "string", "pattern": `^([0-9.]+(ns|us|µs|ms|s|m|h))+$`}, map[string]any{"const": 0}}}
	numberShape   = map[string]any{"type": "number"}
	shareShape    = map[string]any{"anyOf": []any{map[string]any{"type": "string", "pattern": `^[0-9.]+%$`}, map[string]any{"type": "number", "exclusiveMinimum": 0, "maximum": 1}}}
)

func words(names ...string) map[string]any {
	list := make([]any, len(names))
	for i, n := range names {
		list[i] = n
	}
	return map[string]any{"enum": list}
}

func duration(path, about, preset string, of func(*Policy) *time.Duration) field {
	return field{
		path: path, about: about, want: aDuration, preset: preset, shape: durationShape,
		set: func(p *Policy, text string) bool {
			d, err := time.ParseDuration(text)
			*of(p) = d
			return err == nil
		},
		get: func(p *Policy) string { return of(p).String() },
	}
}

// positive, count, share and above are of fields for which zero is not a value.
func positive(path, about string, of func(*Policy) *time.Duration) field {
	return field{
		path: path, about: about, want: "a duration above 0, at most 24h", preset: unset, shape: durationShape,
		set: func(p *Policy, text string) bool {
			d, err := time.ParseDuration(text)
			*of(p) = d
			return err == nil && 0 < d && d <= 24*time.Hour
		},
		get: func(p *Policy) string { return ifSet(time.Duration.String, *of(p)) },
	}
}

func count(path, about string, of func(*Policy) *int) field {
	return field{
		path: path, about: about, want: fmt.Sprintf("a whole number from 1 to %d", mostCount), preset: unset,
		shape: map[string]any{"type": "integer", "minimum": 1, "maximum": mostCount},
		set: func(p *Policy, text string) bool {
			n, err := strconv.Atoi(text)
			*of(p) = n
			return err == nil && 1 <= n && n <= mostCount
		},
		get: func(p *Policy) string { return ifSet(strconv.Itoa, *of(p)) },
	}
}

// mostCount is more than one machine can have of anything.
const mostCount = 1_000_000

func share(path, about string, of func(*Policy) *float64) field {
	return field{
		path: path, about: about, want: "a share above 0, like 20%", preset: unset, shape: shareShape,
		set: func(p *Policy, text string) bool {
			ok := false
			*of(p), ok = parseShare(text)
			return ok && 0 < *of(p) && *of(p) <= 1
		},
		get: func(p *Policy) string { return ifSet(formatShare, *of(p)) },
	}
}

// above is a number above a least one.
func above(path, about string, least float64, of func(*Policy) *float64) field {
	return field{
		path: path, about: about, want: "a number above " + formatNumber(least), preset: unset,
		shape: map[string]any{"type": "number", "exclusiveMinimum": least},
		set: func(p *Policy, text string) bool {
			ok := false
			*of(p), ok = parseNumber(text)
			return ok && *of(p) > least
		},
		get: func(p *Policy) string { return ifSet(formatNumber, *of(p)) },
	}
}

func word[T interface {
	~uint8
	String() string
}](path, about, preset string, parse func(string) (T, bool), of func(*Policy) *T,
) field {
	names := all(parse)
	return field{
		path: path, about: about, want: orOf(names), preset: preset, shape: words(names...),
		set: func(p *Policy, text string) bool {
			v, ok := parse(text)
			*of(p) = v
			return ok
		},
		get: func(p *Policy) string { return (*of(p)).String() },
	}
}

// all returns the words of an enum, as its String and parse have them.
func all[T interface {
	~uint8
	String() string
}](parse func(string) (T, bool),
) []string {
	var names []string
	for v := T(0); ; v++ {
		name := v.String()
		if back, ok := parse(name); !ok || back != v {
			return names
		}
		if name != "" {
			names = append(names, name)
		}
	}
}

func orOf(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func ifSet[T comparable](format func(T) string, v T) string {
	if v == *new(T) {
		return ""
	}
	return format(v)
}

func parseNumber(text string) (float64, bool) {
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

func formatNumber(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func parseShare(text string) (float64, bool) {
	if percent, ok := strings.CutSuffix(text, "%"); ok {
		f, ok := parseNumber(strings.TrimSpace(percent))
		return f / 100, ok
	}
	return parseNumber(text)
}

// formatShare writes percents where they mean the same.
func formatShare(f float64) string {
	text := strconv.FormatFloat(f*100, 'g', 6, 64) + "%"
	if back, ok := parseShare(text); ok && back == f {
		return text
	}
	return formatNumber(f)
}
