package heal

import "slices"

// What doc.go says of ends, written a second time.

// asks returns what the end that ev reports asks for, and whether it asks to wait.
func (p *Policy) asks(ev Event) (v Verdict, wait bool) {
	switch {
	case ev.Kind == Disproved:
		ev.Cause, ev.Code = Invalid, 0
	case ev.Kind != Failed && ev.Kind != Lost:
		return Retry, false
	}
	v = ev.Verdict
	if v == ByTable {
		if !p.Heed {
			return Retry, false
		}
		v = p.says(ev)
	}
	many := len(p.Endpoints) > 1 || p.Shared && len(p.Endpoints) == 0
	switch {
	case v == Reauth && !p.Refreshable, v == Elsewhere && !many && ev.Verdict == ByTable && ev.Cause == TLS && !p.ruled(ev):
		v = Pointless
	case v == Elsewhere && !many:
		v = Retry
	}
	return v, v == Throttled || v != Pointless && (ev.RetryAfter > 0 || ev.Within > 0)
}

// says is the policy's own rule for an end, or the table's.
func (p *Policy) says(ev Event) Verdict {
	if i := slices.IndexFunc(p.Rules, ev.isOf); i >= 0 {
		return p.Rules[i].Verdict
	}
	table := map[Cause]map[uint16]Verdict{
		Status:     {400: Pointless, 404: Pointless, 426: Pointless, 401: Reauth, 403: Reauth, 429: Throttled, 503: Throttled},
		CloseFrame: {1000: Planned, 1001: Planned, 1012: Planned, 1013: Throttled, 4401: Reauth, 4403: Reauth},
		TLS:        {ev.Code: Elsewhere},
		Invalid:    {ev.Code: Elsewhere},
	}
	return max(table[ev.Cause][ev.Code], Retry)
}

func (p *Policy) ruled(ev Event) bool { return slices.ContainsFunc(p.Rules, ev.isOf) }

func (ev Event) isOf(r Rule) bool {
	inside := r.From <= ev.Code && ev.Code <= r.To || r.From+r.To == 0
	return r.Cause == ev.Cause && inside
}

// unusual tells an end of which the delay is not the backoff's alone.
func (p *Policy) unusual(ev Event) bool {
	v, wait := p.asks(ev)
	return wait || v == Planned || ev.Verdict == ByTable && !p.ruled(ev) && p.Heed &&
		(ev.Cause == DNS || ev.Cause == CloseFrame && slices.Contains([]uint16{1002, 1003, 1007, 1008, 1009, 1010}, ev.Code))
}

// model is what a client was told of its credentials, by a second hand.
type model struct {
	stale bool // those it has were rejected
	fresh bool // it was told to replace them, and has not been ready since
}
