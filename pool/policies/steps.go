package policies

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Steps of a backoff are written in one of two ways: base, cap and factor, or a table.

// steps are the fields of the first way.
var steps = []string{"backoff.base", "backoff.cap", "backoff.factor"}

// ofSteps makes a field one that is not there where there is a table.
func ofSteps(f field) field {
	get := f.get
	f.get = func(p *Policy) string {
		if len(p.Client.Backoff.Table) > 0 {
			return ""
		}
		return get(p)
	}
	return f
}

// stepTable is the second way.
var stepTable = field{
	path: "backoff.table", about: "the steps one by one, the last for all that follow, in the place of base, cap and factor",
	want: "a list of durations, like [0s, 2s, 10s]", preset: unset, list: true,
	shape: map[string]any{"type": "array", "items": durationShape, "minItems": 1, "maxItems": math.MaxUint8},
	set: func(p *Policy, text string) bool {
		p.Client.Backoff.Table = nil
		for item := range strings.SplitSeq(text, ",") {
			d, err := time.ParseDuration(strings.TrimSpace(item))
			if err != nil {
				return false
			}
			p.Client.Backoff.Table = append(p.Client.Backoff.Table, d)
		}
		return true
	},
	get: func(p *Policy) string {
		table := p.Client.Backoff.Table
		if len(table) == 0 {
			return ""
		}
		texts := make([]string, len(table))
		for i, d := range table {
			texts[i] = d.String()
		}
		return "[" + strings.Join(texts, ", ") + "]"
	},
}

// oneWay lets the way that is written replace that of the base, and a jitter that is
// written the bounds of another.
func (d *document) oneWay() {
	b := &d.policy.Client.Backoff
	written := func(path string) bool { _, ok := d.lines[path]; return ok }
	switch table := written(stepTable.path); {
	case d.wrong[stepTable.path] || d.wrong["backoff"]:
	case table && !slices.ContainsFunc(steps, written):
		b.Base, b.Cap, b.Factor, b.BaseMost = 0, 0, 0, 0
	case !table && slices.ContainsFunc(steps, written):
		b.Table = nil
	}
	if written("backoff.jitter") && !written("backoff.low") && !written("backoff.high") {
		b.Low, b.High = 0, 0
	}
}

func number(path, about, want string, of func(*Policy) *float64) field {
	return field{
		path: path, about: about, want: want, shape: numberShape,
		set: func(p *Policy, text string) bool {
			f, err := strconv.ParseFloat(text, 64)
			*of(p) = f
			return err == nil
		},
		get: func(p *Policy) string { return formatNumber(*of(p)) },
	}
}

// optional makes a field one that is zero unless it is written.
func optional(f field) field {
	get := f.get
	zero := get(new(Policy))
	f.preset = unset
	f.get = func(p *Policy) string {
		if text := get(p); text != zero {
			return text
		}
		return ""
	}
	return f
}

// few is a whole number that may be none.
func few[T uint8 | uint16](path, about string, most int, of func(*Policy) *T) field {
	return field{
		path: path, about: about, want: fmt.Sprintf("a whole number from 0 to %d", most), preset: unset,
		shape: map[string]any{"type": "integer", "minimum": 0, "maximum": most},
		set: func(p *Policy, text string) bool {
			n, err := strconv.Atoi(text)
			ok := err == nil && 0 <= n && n <= most
			if ok {
				*of(p) = T(n)
			}
			return ok
		},
		get: func(p *Policy) string { return ifSet(func(n T) string { return strconv.Itoa(int(n)) }, *of(p)) },
	}
}
