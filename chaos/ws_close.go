package chaos

import "fmt"

// WSClose ends every open connection with a close frame.
type WSClose struct {
	Code   int64  `json:"code" yaml:"code"`
	Reason string `json:"reason" yaml:"reason"` // at most 123 bytes
}

// reasonLimit is the bytes of a close frame's reason.
const reasonLimit = 123

// Kind names the fault.
func (WSClose) Kind() string { return "ws_close" }

// Check returns what is wrong with the attributes.
func (c WSClose) Check() []string {
	var bad []string
	if !mayBeSent(c.Code) {
		bad = append(bad, fmt.Sprintf("code %d must not be sent, expected 1000 to 1003, 1007 to 1014 or 3000 to 4999", c.Code))
	}
	if len(c.Reason) > reasonLimit {
		bad = append(bad, fmt.Sprintf("reason has %d bytes, expected at most %d", len(c.Reason), reasonLimit))
	}
	return bad
}

// mayBeSent says whether a close frame may carry the code: those that RFC 6455 and IANA's
// registry define for it, and those left to libraries and applications.
func mayBeSent(code int64) bool {
	return code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 || code >= 3000 && code <= 4999
}

// String is the attributes in words: "code 1012".
func (c WSClose) String() string { return fmt.Sprintf("code %d", c.Code) }

func init() {
	register(Kind{
		Name: "ws_close", Family: Protocol,
		Short: "a close frame ends every open connection",
		About: "Ends every connection of the cohort with a close frame, once, and a FIN behind it. Connections opened afterwards live, " +
			"unless it is of new ones, too: then whoever is let in while it is in force gets the frame at once.",
		Params: []Param{
			{Name: "code", Type: "integer", Default: "1001", Min: 1000, Max: 4999, About: "of the close frame: 1001 going away, 1011 error, 1012 restart, 1013 try again later"},
			{Name: "reason", Type: "text", Default: "wsheal", About: "of the close frame, at most 123 bytes"},
		},
		Conns: []Conns{Existing, New, AllConns}, Once: true, Ramp: true,
		Expect: []Sight{SeesCloseFrame},
		Proof:  []Proof{{"close_frames", "close frames sent"}}, Reach: 1,
		Backends: []Support{
			{By: ByProxy, Conns: []Conns{Existing}, Note: "the frame goes out where none is torn, the client's answer ends with it, and " +
				"the target sees a FIN and no close frame; where TLS passes through there are no frames, and it acts on nobody"},
			{By: ByTarget, Note: "the target closes as servers do, and waits for the client's answer; over TLS, too", Lacks: noRamp},
		},
		Evidence: "every client of the cohort whose connection it was to end was sent the close frame",
		Example:  "{name: restart, inject: ws_close, on: blue, at: chaos, share: 50%, code: 1012}",
		New:      func() Effect { return &WSClose{Code: 1001, Reason: "wsheal"} },
	})
}
