package heal

// Cause is why an attempt failed or a connection ended, as far as can be told.
type Cause uint8

const (
	None        Cause = iota // nothing ended yet
	Refused                  // connection refused
	Timeout                  // dial, TLS or upgrade did not end in time
	Reset                    // ECONNRESET: the peer or something between sent a RST
	EOF                      // the stream ended without a close frame (1006)
	HalfOpen                 // a ping was not answered in time
	CloseFrame               // the peer sent a close frame; Code is its code, 1005 when it had none
	Status                   // the upgrade was answered with an HTTP status other than 101
	TLS                      // certificate or TLS handshake rejected
	DNS                      // the name did not resolve
	Protocol                 // the peer broke the WebSocket protocol
	WriteStall               // a write made no progress in time
	Unproved                 // open, but no validated exchange came back in time
	Unknown                  // an error that fits nothing above
	Frozen                   // a ping was not answered although the peer's kernel acknowledged it: its program is stuck
	Unpinged                 // the server's own pings stopped
	Invalid                  // the validation failed, or did not end in time
	Credentials              // no credentials could be had for the attempt
)

var causeNames = names[Cause]{
	None: "", Refused: "refused", Timeout: "timeout", Reset: "reset", EOF: "eof", HalfOpen: "half-open",
	CloseFrame: "close", Status: "status", TLS: "tls", DNS: "dns", Protocol: "protocol",
	WriteStall: "write-stall", Unproved: "unproved", Unknown: "unknown",
	Frozen: "frozen", Unpinged: "unpinged", Invalid: "invalid", Credentials: "credentials",
}

func (c Cause) String() string { return causeNames.of(c) }

// ParseCause reads what String prints; "" is None.
func ParseCause(s string) (Cause, bool) { return causeNames.parse(s) }
