package chaos

import (
	"cmp"
	"fmt"
)

// Cut is where in a frame something ends.
type Cut string

const (
	InHeader  Cut = "header"
	InPayload Cut = "payload"
)

// EndStall ends nothing: nothing more crosses that way.
const EndStall Ending = "stall"

// WSTruncate breaks a stream off in the middle of a message.
type WSTruncate struct {
	Where     Cut       `json:"where" yaml:"where"`         // default payload
	Percent   float64   `json:"percent" yaml:"percent"`     // of the payload that crosses
	Then      Ending    `json:"then" yaml:"then"`           // default fin
	Direction Direction `json:"direction" yaml:"direction"` // default down
}

// Kind names the fault.
func (WSTruncate) Kind() string { return "ws_truncate" }

// Check returns what is wrong with the attributes.
func (t WSTruncate) Check() []string { return inBounds(t) }

// Place is where it breaks off, with the default filled in.
func (t WSTruncate) Place() Cut { return cmp.Or(t.Where, InPayload) }

// Ends is what follows, with the default filled in.
func (t WSTruncate) Ends() Ending { return cmp.Or(t.Then, EndFIN) }

// Way is the direction with the default filled in.
func (t WSTruncate) Way() Direction { return cmp.Or(t.Direction, Down) }

// String is the attributes in words: "at 50% of a payload, then fin, down".
func (t WSTruncate) String() string {
	where := "in a header"
	if t.Place() == InPayload {
		where = fmt.Sprintf("at %s of a payload", Param{Type: "share"}.shown(t.Percent))
	}
	return fmt.Sprintf("%s, then %s, %s", where, t.Ends(), t.Way().words())
}

func init() {
	register(Kind{
		Name: "ws_truncate", Family: Protocol,
		Short: "a message breaks off in the middle",
		About: "Lets the first message that crosses break off inside its first frame, once per connection, and ends the connection there, or lets " +
			"nothing more cross that way. After a stall the rest crosses when the fault clears, unharmed. A header breaks off " +
			"behind its first byte; a payload before its last one at the latest.",
		Params: []Param{
			{Name: "where", Type: "payload | header", Default: "payload", About: "where in the frame it breaks off"},
			{Name: "percent", Type: "share", Default: "50%", Max: 1, About: "of the payload, how much still crosses"},
			{Name: "then", Type: "fin | rst | stall", Default: "fin", About: "what follows: both sides get a FIN, or a RST, or nothing comes"},
			{Name: "direction", Type: "down | up | both", Default: "down", About: "which way messages break off; up are the client's"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect:   []Sight{SeesEOF, SeesReset, SeesHalfOpen},
		Proof:    []Proof{{"truncated", "messages broken off"}},
		Reach:    mostReach,
		Backends: []Support{{By: ByProxy}},
		Evidence: "a message broke off on at least 95 % of the cohort's clients",
		Example:  "{name: torn, inject: ws_truncate, on: blue, at: chaos, for: 5s, share: 50%, then: rst}",
		New: func() Effect {
			return &WSTruncate{Where: InPayload, Percent: 0.5, Then: EndFIN, Direction: Down}
		},
	})
}
