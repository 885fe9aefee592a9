package heal

// verdict is what the cause of an end asks of a client that heeds it.
type verdict uint8

const (
	retry     verdict = iota // come back as the backoff says
	planned                  // the server meant it: spread, for others were told the same
	throttled                // the server is short of something: not before it says
	pointless                // coming back would be answered the same way
)

// judge classifies an end: by its status or close code where it has one, else by its
// cause. What is not listed is worth another try.
//
// Status codes are those of RFC 9110 and RFC 6585; close codes those of RFC 6455 7.4.1
// and of the IANA registry of WebSocket close codes (1012 to 1014).
func judge(cause Cause, code uint16) verdict {
	switch cause {
	case Status:
		switch code {
		case 400, 401, 403, 404, 426: // the request itself is refused
			return pointless
		case 429, 503:
			return throttled
		}
	case CloseFrame:
		switch code {
		case 1000, 1001, 1012: // done, going away, restarting
			return planned
		case 1013: // try again later
			return throttled
		}
	case TLS: // a certificate does not mend itself
		return pointless
	}
	return retry
}
