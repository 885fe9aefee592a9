package policies

import (
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
)

// sharedFields say what clients decide together. Each stands for a default of package
// crowd where it is zero: zero is not written, and what is written is not zero.
var sharedFields = []field{
	balanceField(),
	share("shared.storm.share", "of the live connections, lost within the window", func(p *Policy) *float64 { return &p.Shared.StormShare }),
	count("shared.storm.least", "connections lost that make a storm at least", func(p *Policy) *int { return &p.Shared.StormLeast }),
	positive("shared.storm.window", "time within which they are lost", func(p *Policy) *time.Duration { return &p.Shared.StormWindow }),
	positive("shared.storm.spread", "window to come back in", func(p *Policy) *time.Duration { return &p.Shared.StormSpread }),
	count("shared.admission.dials", "handshakes under way at once, over all endpoints", func(p *Policy) *int { return &p.Shared.Dials }),
	count("shared.admission.endpoint_dials", "the same to one endpoint, at first and at most", func(p *Policy) *int { return &p.Shared.EndpointDials }),
	above("shared.admission.latency_factor", "a handshake slower than that times the usual halves the limit", 1, func(p *Policy) *float64 { return &p.Shared.LatencyFactor }),
	above("shared.budget.tokens", "most that the retry budget holds, and holds at first", 0, func(p *Policy) *float64 { return &p.Shared.Budget }),
	above("shared.budget.cost", "of a failed attempt; one that timed out costs twice that", 0, func(p *Policy) *float64 { return &p.Shared.BudgetCost }),
	positive("shared.budget.floor", "without budget, one attempt per endpoint in so long", func(p *Policy) *time.Duration { return &p.Shared.Floor }),
	count("shared.ejection.after", "failures in a row after which an endpoint is ejected", func(p *Policy) *int { return &p.Shared.EjectAfter }),
	positive("shared.ejection.for", "the first time, ±20 %; each one is longer", func(p *Policy) *time.Duration { return &p.Shared.EjectFor }),
	positive("shared.ejection.cap", "longest ejection", func(p *Policy) *time.Duration { return &p.Shared.EjectCap }),
	share("shared.ejection.share", "most of the endpoints that may be ejected at once", func(p *Policy) *float64 { return &p.Shared.EjectShare }),
	count("shared.ejection.probes", "attempts at once that find out whether it is fit again", func(p *Policy) *int { return &p.Shared.Probes }),
	positive("shared.ejection.probe_lease", "after which a probe that did not report has failed", func(p *Policy) *time.Duration { return &p.Shared.ProbeLease }),
	share("shared.ejection.panic_below", "share of fit endpoints under which all are used", func(p *Policy) *float64 { return &p.Shared.PanicBelow }),
	positive("shared.warm_up", "how long an endpoint that is fit again takes to get its whole share", func(p *Policy) *time.Duration { return &p.Shared.WarmUp }),
	positive("shared.failback", "how long a better priority must be fit before clients go back to it", func(p *Policy) *time.Duration { return &p.Shared.FailbackHold }),
	{
		path: "shared.rebalance.at", about: "times its share that the fullest endpoint may have; never: clients stay where they are", want: "a number above 1, or never", preset: unset,
		shape: map[string]any{"anyOf": []any{map[string]any{"type": "number", "exclusiveMinimum": 1}, map[string]any{"enum": []any{"never"}}}},
		set: func(p *Policy, text string) bool {
			if p.Shared.RebalanceAt = -1; text == "never" {
				return true
			}
			ok := false
			p.Shared.RebalanceAt, ok = parseNumber(text)
			return ok && p.Shared.RebalanceAt > 1
		},
		get: func(p *Policy) string {
			if p.Shared.RebalanceAt < 0 {
				return "never"
			}
			return ifSet(formatNumber, p.Shared.RebalanceAt)
		},
	},
	positive("shared.rebalance.after", "how long it must have them", func(p *Policy) *time.Duration { return &p.Shared.RebalanceAfter }),
	share("shared.rebalance.rate", "most of all clients that move in a second", func(p *Policy) *float64 { return &p.Shared.RebalanceRate }),
}

// balanceField is written whenever anything of its section is: its zero is a word.
func balanceField() field {
	f := word("shared.balance", "which of the fit endpoints is next", unset, crowd.ParseBalance, func(p *Policy) *crowd.Balance { return &p.Shared.Balance })
	f.get = func(p *Policy) string {
		if p.Shared == (crowd.Policy{}) {
			return ""
		}
		return p.Shared.Balance.String()
	}
	return f
}
