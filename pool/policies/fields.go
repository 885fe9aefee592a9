package policies

import (
	"strconv"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// field is one value of a policy's YAML.
type field struct {
	path string // dotted
	want string // what belongs there
	set  func(p *heal.Policy, text string) bool
}

const aDuration = "a duration like 250ms"

// fields in the order in which they are written. All are needed where there is no base;
// first is one of two.
var fields = []field{
	{"handshake_timeout", aDuration, duration(func(p *heal.Policy) *time.Duration { return &p.HandshakeTimeout })},
	{"prove_timeout", aDuration, duration(func(p *heal.Policy) *time.Duration { return &p.ProveTimeout })},
	{"ping.every", aDuration, duration(func(p *heal.Policy) *time.Duration { return &p.PingEvery })},
	{"ping.timeout", aDuration, duration(func(p *heal.Policy) *time.Duration { return &p.PingTimeout })},
	{"first", "at-once, backoff or {spread: 5s}", func(p *heal.Policy, text string) bool {
		rule, ok := heal.ParseFirstRule(text)
		p.First = heal.First{Rule: rule}
		return ok && rule != heal.Spread
	}},
	{"first.spread", aDuration, func(p *heal.Policy, text string) bool {
		d, err := time.ParseDuration(text)
		p.First = heal.First{Rule: heal.Spread, Within: d}
		return err == nil
	}},
	{"backoff.base", aDuration, duration(func(p *heal.Policy) *time.Duration { return &p.Backoff.Base })},
	{"backoff.cap", aDuration, duration(func(p *heal.Policy) *time.Duration { return &p.Backoff.Cap })},
	{"backoff.factor", "a number of at least 1", func(p *heal.Policy, text string) bool {
		f, err := strconv.ParseFloat(text, 64)
		p.Backoff.Factor = f
		return err == nil
	}},
	{"backoff.jitter", "none, full, equal or decorrelated", word(heal.ParseJitter, func(p *heal.Policy) *heal.Jitter { return &p.Backoff.Jitter })},
	{"stable_after", aDuration, duration(func(p *heal.Policy) *time.Duration { return &p.StableAfter })},
	{"reset_on", "stable or open", word(heal.ParseResetOn, func(p *heal.Policy) *heal.ResetOn { return &p.ResetOn })},
	{"heed_server", "true or false", func(p *heal.Policy, text string) bool {
		p.Heed = text == "true"
		return p.Heed || text == "false"
	}},
}

func duration(of func(*heal.Policy) *time.Duration) func(*heal.Policy, string) bool {
	return func(p *heal.Policy, text string) bool {
		d, err := time.ParseDuration(text)
		*of(p) = d
		return err == nil
	}
}

func word[T any](parse func(string) (T, bool), of func(*heal.Policy) *T) func(*heal.Policy, string) bool {
	return func(p *heal.Policy, text string) bool {
		v, ok := parse(text)
		*of(p) = v
		return ok
	}
}
