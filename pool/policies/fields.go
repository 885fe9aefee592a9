package policies

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// field is one value of a policy's YAML.
type field struct {
	path   string // dotted
	about  string // one line
	want   string // what belongs there
	preset string // what it is where it is not written and there is no base; "": it must be written
	list   bool   // a list of single values, which set gets with commas between them
	shape  map[string]any
	set    func(p *Policy, text string) bool // false: text is not what belongs there
	get    func(p *Policy) string            // as Format writes it; "": not at all
}

// unset is the preset of a field that may stay zero.
const unset = "unset"

// fields in the order in which they are written. Rules are a list, and have a file of
// their own.
var fields = slices.Concat(clientFields, sharedFields)

// clientFields say how one client heals. All are needed where there is no base, save those
// that have a preset: they came later, and what an older file does not name is as it was.
// First is one of two.
var clientFields = []field{
	duration("handshake_timeout", "longest time of TCP, TLS and upgrade together", "", func(p *Policy) *time.Duration { return &p.Client.HandshakeTimeout }),
	duration("prove_timeout", "longest time from the 101 to the first validated exchange", "", func(p *Policy) *time.Duration { return &p.Client.ProveTimeout }),
	duration("ping.every", "longest silence before a ping; 0s: no pings", "", func(p *Policy) *time.Duration { return &p.Client.PingEvery }),
	duration("ping.timeout", "longest time that a ping may stay unanswered", "", func(p *Policy) *time.Duration { return &p.Client.PingTimeout }),
	duration("ping.timeout_min", "shortest such time, for round trips that are quick and even; 0s: always timeout", "0s", func(p *Policy) *time.Duration { return &p.Client.PingTimeoutMin }),
	duration("expect_ping", "longest wait for the server's own pings; 0s: none are expected", "0s", func(p *Policy) *time.Duration { return &p.Client.ExpectPing }),
	duration("write_stall", "longest time that a write may make no progress", "10s", func(p *Policy) *time.Duration { return &p.Client.WriteStall }),
	duration("check.every", "how often a connection is validated again; 0s: never", "0s", func(p *Policy) *time.Duration { return &p.Client.CheckEvery }),
	duration("lifetime", "age at which a connection is replaced; 0s: never", "0s", func(p *Policy) *time.Duration { return &p.Client.Lifetime }),
	duration("drain_timeout", "how long a replaced connection may finish what is in flight; 0s: it is shut at once", "0s", func(p *Policy) *time.Duration { return &p.Client.DrainTimeout }),
	{
		path: "first", about: "the first reconnect after a healed connection was lost", want: "at-once, backoff or {spread: 5s}",
		shape: words(heal.AtOnce.String(), heal.ByBackoff.String()),
		set: func(p *Policy, text string) bool {
			rule, ok := heal.ParseFirstRule(text)
			p.Client.First = heal.First{Rule: rule}
			return ok && rule != heal.Spread
		},
		get: func(p *Policy) string {
			if p.Client.First.Rule == heal.Spread {
				return ""
			}
			return p.Client.First.Rule.String()
		},
	},
	{
		path: "first.spread", about: "the first reconnect waits a random time below that", want: aDuration, preset: unset, shape: durationShape,
		set: func(p *Policy, text string) bool {
			d, err := time.ParseDuration(text)
			p.Client.First = heal.First{Rule: heal.Spread, Within: d}
			return err == nil
		},
		get: func(p *Policy) string {
			if p.Client.First.Rule != heal.Spread {
				return ""
			}
			return p.Client.First.Within.String()
		},
	},
	ofSteps(duration("backoff.base", "the first step", "", func(p *Policy) *time.Duration { return &p.Client.Backoff.Base })),
	ofSteps(duration("backoff.cap", "the largest step", "", func(p *Policy) *time.Duration { return &p.Client.Backoff.Cap })),
	ofSteps(number("backoff.factor", "growth from step to step", "a number of at least 1", func(p *Policy) *float64 { return &p.Client.Backoff.Factor })),
	stepTable,
	word("backoff.jitter", "how a delay is drawn from its step", "", heal.ParseJitter, func(p *Policy) *heal.Jitter { return &p.Client.Backoff.Jitter }),
	optional(number("backoff.low", "scaled: the least share of the step", "a number from 0 to 10", func(p *Policy) *float64 { return &p.Client.Backoff.Low })),
	optional(number("backoff.high", "scaled: the largest share of the step", "a number from 0 to 10", func(p *Policy) *float64 { return &p.Client.Backoff.High })),
	{
		path: "backoff.cap_last", about: "the cap is applied after the jitter, so that delays at the cap are alike", want: "true or false", preset: unset,
		shape: map[string]any{"type": "boolean"},
		set: func(p *Policy, text string) bool {
			p.Client.Backoff.CapLast = text == "true"
			return p.Client.Backoff.CapLast || text == "false"
		},
		get: func(p *Policy) string { return ifSet(strconv.FormatBool, p.Client.Backoff.CapLast) },
	},
	optional(duration("backoff.base_most", "each client draws its base once, from base to that", "", func(p *Policy) *time.Duration { return &p.Client.Backoff.BaseMost })),
	optional(duration("backoff.next", "the step before an endpoint that the round has not tried", "", func(p *Policy) *time.Duration { return &p.Client.Backoff.Next })),
	few("backoff.plain", "the first so many steps are not jittered", math.MaxUint8, func(p *Policy) *uint8 { return &p.Client.Backoff.Plain }),
	few("backoff.tries", "failed attempts in a row after which a client gives up", heal.MaxTries, func(p *Policy) *uint16 { return &p.Client.Backoff.Tries }),
	duration("stable_after", "life after which a proved connection counts as healed", "", func(p *Policy) *time.Duration { return &p.Client.StableAfter }),
	word("reset_on", "when attempts and delays begin afresh", "", heal.ParseResetOn, func(p *Policy) *heal.ResetOn { return &p.Client.ResetOn }),
	{
		path: "heed_server", about: "obey Retry-After, close codes and HTTP statuses", want: "true or false", shape: map[string]any{"type": "boolean"},
		set: func(p *Policy, text string) bool {
			p.Client.Heed = text == "true"
			return p.Client.Heed || text == "false"
		},
		get: func(p *Policy) string { return strconv.FormatBool(p.Client.Heed) },
	},
}
