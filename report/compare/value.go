package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/wsheal/wsheal/report"
)

// signed are the metrics that may be below 0; all others are times, shares and counts.
var signed = []string{"latency.shift", "latency.control_shift"}

// bounds are between which a value of a metric lies, both included.
type bounds struct {
	low, high float64
	unit      string
}

// The largest that anybody measures: 30 years, and as many of a thing.
const (
	mostSeconds = 1e9
	mostCount   = 1e15
)

func boundsOf(metric string) (bounds, error) {
	m, known := report.Lookup(metric)
	if !known {
		return bounds{}, fmt.Errorf("unknown metric %q, expected one that `wsheal metrics` lists", metric)
	}
	b := bounds{high: mostCount}
	switch {
	case m.Unit == "s":
		b.high, b.unit = mostSeconds, " s"
	case m.Unit == "share" && DirectionOf(metric) == More && metric != "recovery.efficiency":
		b.high = 1 // of a whole
	}
	if slices.Contains(signed, metric) {
		b.low = -b.high
	}
	return b, nil
}

// rounding is by how much a sum may miss the bound that it cannot pass.
const rounding = 1e-6

// readValue reads a metric's value from a file. One that no run can have would decide
// whatever is held against it.
func readValue(metric string, text json.RawMessage) (float64, error) {
	b, err := boundsOf(metric)
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil || v < b.low-rounding || v > b.high+rounding {
		return 0, fmt.Errorf("metric %s: %s, expected a number from %g to %g%s", metric, text, b.low, b.high, b.unit)
	}
	return v, nil
}

var lastName = regexp.MustCompile(`"([^"]*)"\s*:[^:]*$`)

// whereBroken says in which line of a file its JSON is broken, and after which name.
func whereBroken(text []byte, err error) error {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return err
	}
	before := text[:min(int(syntax.Offset), len(text))]
	after := ""
	if m := lastName.FindSubmatch(before); m != nil {
		after = fmt.Sprintf(", after %q", m[1])
	}
	return fmt.Errorf("line %d%s: %w", 1+bytes.Count(before, []byte("\n")), after, err)
}
