package heal

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

// judge classifies an end: by its status or close code where it has one, else by its
// cause. What is not listed is worth another try.
//
// Status codes are those of RFC 9110 and RFC 6585; close codes those of RFC 6455 7.4.1
// and of the IANA registry of WebSocket close codes (1012 to 1014).
func judge(cause Cause, code uint16) Verdict {
	switch cause {
	case Status:
		switch code {
		case 400, 401, 403, 404, 426: // the request itself is refused
			return Pointless
		case 429, 503:
			return Throttled
		}
	case CloseFrame:
		switch code {
		case 1000, 1001, 1012: // done, going away, restarting
			return Planned
		case 1013: // try again later
			return Throttled
		}
	case TLS: // a certificate does not mend itself
		return Pointless
	}
	return Retry
}
