package heal

import "time"

// Verdict is what the cause of an end asks of a client that heeds it.
type Verdict uint8

const (
	ByTable   Verdict = iota // nobody said anything: the table of causes does
	Retry                    // come back as the backoff says
	Planned                  // the server meant it: spread, for others were told the same
	Throttled                // the server is short of something: not before it says
	Elsewhere                // this endpoint will not do: come back as the backoff says, to another if there is one
	Reauth                   // the credentials were rejected: refresh them once, and if the new ones are rejected as well, give up
	Pointless                // coming back would be answered the same way: give up
)

var verdictNames = names[Verdict]{
	ByTable: "", Retry: "retry", Planned: "planned", Throttled: "throttled",
	Elsewhere: "elsewhere", Reauth: "reauth", Pointless: "give-up",
}

func (v Verdict) String() string { return verdictNames.of(v) }

// ParseVerdict reads what String prints; "" is ByTable.
func ParseVerdict(s string) (Verdict, bool) { return verdictNames.parse(s) }

// end is how an attempt or a connection ended, and what came with it.
type end struct {
	cause      Cause
	code       uint16
	hook       Verdict
	only       bool // there is no other endpoint
	retryAfter time.Duration
	within     time.Duration
}

func endOf(ev *Event) end {
	return end{ev.Cause, ev.Code, ev.Verdict, ev.Only, ev.RetryAfter, ev.Within}
}

// ruling is what an end asks for.
type ruling struct {
	verdict Verdict
	pace    pace
	wait    bool // not before what the server, or the hook, asked for
}

// pace is what the table of causes makes of the delay beside the verdict.
type pace uint8

const (
	usual pace = iota
	stern      // a step of the backoff at least, whatever First says: it was the client that displeased
	slow       // a delay from the backoff's upper half: what is wrong is not mended in a second
)

// judge says what an end asks for: the user's hook before all, whether the policy heeds or
// not; then, of a policy that heeds, its own rules and the table of causes.
func (p *Policy) judge(e end) ruling {
	var r ruling
	switch {
	case e.hook != ByTable:
		r.verdict = e.hook
	case !p.Heed:
		return ruling{verdict: Retry}
	default:
		r = p.look(e)
	}
	switch {
	case r.verdict == Reauth && !p.Refreshable:
		r.verdict = Pointless
	case r.verdict == Elsewhere && !p.others(e):
		r.verdict = Retry
	}
	r.wait = r.verdict == Throttled || r.verdict != Pointless && (e.retryAfter > 0 || e.within > 0)
	return r
}

// others tells whether there may be another endpoint than the one that ended so. A pool
// that names none to its clients may have any number, and says with the end if it is one.
func (p *Policy) others(e end) bool {
	return len(p.Endpoints) > 1 || p.Shared && len(p.Endpoints) == 0 && !e.only
}

// look finds an end in the policy's rules, else in the table.
func (p *Policy) look(e end) ruling {
	for _, rule := range p.Rules {
		if rule.fits(e) {
			return ruling{verdict: rule.Verdict}
		}
	}
	return p.table(e)
}

func (r *Rule) fits(e end) bool {
	return r.Cause == e.cause && (r.From == 0 && r.To == 0 || r.From <= e.code && e.code <= r.To)
}

// table classifies an end: by its status or close code where it has one, else by its
// cause. What is not listed is worth another try.
//
// Status codes are those of RFC 9110 and RFC 6585; close codes those of RFC 6455 7.4.1
// and of the IANA registry of WebSocket close codes (1012 to 1014). 4401 and 4403 are
// what applications use for the statuses of the same name.
func (p *Policy) table(e end) ruling {
	switch e.cause {
	case Status:
		switch e.code {
		case 400, 404, 426: // the request itself is refused
			return ruling{verdict: Pointless}
		case 401, 403:
			return ruling{verdict: Reauth}
		case 429, 503:
			return ruling{verdict: Throttled}
		}
	case CloseFrame:
		switch e.code {
		case 1000, 1001, 1012: // done, going away, restarting
			return ruling{verdict: Planned}
		case 1013: // try again later
			return ruling{verdict: Throttled}
		case 1002, 1003, 1007, 1008, 1009, 1010: // we sent what it will not have
			return ruling{verdict: Retry, pace: stern}
		case 4401, 4403:
			return ruling{verdict: Reauth}
		}
	case TLS: // a certificate does not mend itself
		if p.others(e) {
			return ruling{verdict: Elsewhere}
		}
		return ruling{verdict: Pointless}
	case Invalid: // the wrong server stays the wrong one
		return ruling{verdict: Elsewhere}
	case DNS: // names are cached for longer than that
		return ruling{verdict: Retry, pace: slow}
	}
	return ruling{verdict: Retry}
}
