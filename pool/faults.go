package pool

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
)

// most is how many connections a pool may be asked for, and how many sessions: more is a
// slip, and no process has the descriptors.
const most = 1 << 20

// faults returns all that is wrong with the Config, each once.
func (p *Pool) faults() error {
	c := &p.config
	var all []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			all = append(all, fmt.Errorf(format, args...))
		}
	}
	for _, f := range p.options().Faults() {
		all = append(all, configured(f))
	}
	err := driver.HeaderFaults(c.Header)
	wrong(err != nil, "Header: %w", err)
	wrong(c.Max > most, "Max: expected at most %d, got %d", most, c.Max)
	wrong(c.Min > most, "Min: expected at most %d, got %d", most, c.Min)
	wrong(c.Max < max(c.Min, 1), "Max: expected at least Min and 1, got %d with Min %d", c.Max, c.Min)
	wrong(c.MinReady > max(c.Max, 0), "MinReady: expected at most Max (%d), got %d", c.Max, c.MinReady)
	size := c.Size
	size.Min, size.Max = 0, 1 // they are judged as Config's
	for _, f := range size.Faults() {
		all = append(all, named("", f))
	}
	wrong(c.Sessions < 0 || c.Sessions > most, "Sessions: expected 0 to %d, got %d", most, c.Sessions)
	wrong(c.QueueFull > Disconnect, "QueueFull: expected Wait, FailFast, DropOldest or Disconnect, got %d", c.QueueFull)
	wrong(c.AnswerWithin < 0, "AnswerWithin: expected at least 0, got %v", c.AnswerWithin)
	wrong(0 < c.RestartAfter && c.RestartAfter < heal.Shortest, "RestartAfter: expected at least %v, or 0 for the default, or less for never, got %v", heal.Shortest, c.RestartAfter)
	wrong((c.Correlate.Request == nil) != (c.Correlate.Reply == nil), "Correlate: expected both Request and Reply, or neither")
	wrong(c.ReceiveSlow != Backlog && c.ReceiveSlow != SkipOldest, "ReceiveSlow: expected Backlog or SkipOldest, got %d", c.ReceiveSlow)
	return errors.Join(all...)
}

// configured says in Config's words what is wrong with an option of the fleet.
func configured(f *driver.Fault) error {
	switch f.Option {
	case "Policy":
		return named("Policy.", f.Err)
	case "Shared.Policy":
		return named("Crowd.", f.Err)
	case "QueueFrames":
		return fmt.Errorf("QueueMessages: %w", f.Err)
	}
	return fmt.Errorf("%s: %w", strings.TrimPrefix(f.Option, "Shared."), f.Err)
}

// named says of a fault of a policy which field it is, and not how YAML names it.
func named(in string, err error) error {
	var f heal.Fault
	if !errors.As(err, &f) {
		return err
	}
	return fmt.Errorf("%s%s: expected %s, got %s", in, fieldOf(f.Field), f.Want, f.Got)
}

// fields are the Go names that do not follow from those in YAML.
var fields = map[string]string{
	"first.spread": "First.Within", "first": "First.Rule",
	"shared.admission.dials": "Dials", "shared.admission.endpoint_dials": "EndpointDials", "shared.admission.latency_factor": "LatencyFactor",
	"shared.budget.tokens": "Budget", "shared.budget.floor": "Floor",
	"shared.ejection.after": "EjectAfter", "shared.ejection.for": "EjectFor", "shared.ejection.cap": "EjectCap", "shared.ejection.share": "EjectShare",
	"shared.ejection.probes": "Probes", "shared.ejection.probe_lease": "ProbeLease", "shared.ejection.panic_below": "PanicBelow",
	"shared.failback": "FailbackHold",
	"codes":           "From", "then": "Verdict",
}

// fieldOf is the field that a name in YAML stands for: "ping.every" is PingEvery,
// "backoff.cap" Backoff.Cap, "rules.0.then" Rules[0].Verdict.
func fieldOf(name string) string {
	if field := fields[name]; field != "" {
		return field
	}
	name = strings.TrimPrefix(name, "shared.")
	list, rest, deep := strings.Cut(name, ".")
	switch {
	case !deep:
	case list == "rules" || list == "endpoints":
		at, field, _ := strings.Cut(rest, ".")
		return fmt.Sprintf("%s[%s].%s", camel(list), at, fieldOf(field))
	case list == "backoff" || list == "size":
		return camel(list) + "." + camel(rest)
	}
	return camel(name)
}

// camel is a name without its dots and underscores.
func camel(name string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(name, func(c rune) bool { return c == '.' || c == '_' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// inOurWords says what the fleet says as the pool would.
func inOurWords(err error) error {
	var f *driver.Fault
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		all := many.Unwrap()
		for i := range all {
			all[i] = inOurWords(all[i])
		}
		return errors.Join(all...)
	}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f):
		return configured(f)
	case errors.Is(err, driver.ErrClosed):
		return ErrClosed
	case errors.Is(err, driver.ErrNotText):
		return ErrNotText
	}
	return err
}

// blank tells whether nothing of a policy is set.
func blank(p heal.Policy) bool { return reflect.ValueOf(p).IsZero() }
