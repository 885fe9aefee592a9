package chaos

import (
	"cmp"
	"fmt"
)

// Part is what of a frame is corrupted.
type Part string

const (
	PartMask    Part = "mask"    // the mask bit
	PartRSV     Part = "rsv"     // a reserved bit, the second
	PartOpcode  Part = "opcode"  // to one that is reserved
	PartLength  Part = "length"  // to more than 63 bits
	PartUTF8    Part = "utf8"    // a byte of a text that cannot stand there
	PartPayload Part = "payload" // a bit of the content
)

// WSCorrupt changes one thing in messages.
type WSCorrupt struct {
	What      Part      `json:"what" yaml:"what"`           // default rsv
	Nth       int64     `json:"nth" yaml:"nth"`             // each nth message; 1: all
	Percent   float64   `json:"percent" yaml:"percent"`     // or this part of them
	Direction Direction `json:"direction" yaml:"direction"` // default down
}

// Kind names the fault.
func (WSCorrupt) Kind() string { return "ws_corrupt" }

// Check returns what is wrong with the attributes.
func (c WSCorrupt) Check() []string { return append(checkPick(c.Nth, c.Percent), inBounds(c)...) }

// Changes is what is corrupted, with the default filled in.
func (c WSCorrupt) Changes() Part { return cmp.Or(c.What, PartRSV) }

// Way is the direction with the default filled in.
func (c WSCorrupt) Way() Direction { return cmp.Or(c.Direction, Down) }

// String is the attributes in words: "opcode of 1 of 3 messages down".
func (c WSCorrupt) String() string {
	return fmt.Sprintf("%s of %s %s", c.Changes(), picked(OpData, c.Nth, c.Percent), c.Way().words())
}

func init() {
	register(Kind{
		Name: "ws_corrupt", Family: Protocol,
		Short: "a message breaks the protocol, or is not what was sent",
		About: "Changes one thing in messages. All but payload break RFC 6455: the receiver must end the connection, 1002 or for utf8 1007. " +
			"A changed payload breaks nothing, and only the application can tell. utf8 acts on texts that are not compressed, " +
			"payload on messages that have one. Both corrupt the first byte of the content.",
		Params: []Param{
			{Name: "what", Type: "rsv | opcode | mask | length | utf8 | payload", Default: "rsv", About: "what is changed: a reserved bit, the opcode to a reserved one, the mask bit, the length to 2^63, a text's first byte to 0xff, a bit of the payload"},
			paramNth, paramPercent,
			{Name: "direction", Type: "down | up | both", Default: "down", About: "which way messages are corrupted; up are the client's"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect:   []Sight{SeesProtocol, SeesCloseFrame, SeesEOF, SeesReset, SeesAltered, SeesNothing},
		Proof:    []Proof{{"corrupted", "messages corrupted"}},
		Reach:    mostReach,
		Backends: []Support{{By: ByProxy}},
		Evidence: "a message was corrupted on at least 95 % of the cohort's clients",
		Example:  "{name: garbled, inject: ws_corrupt, on: blue, at: chaos, for: 5s, share: 50%, what: opcode}",
		New:      func() Effect { return &WSCorrupt{What: PartRSV, Nth: 1, Percent: 1, Direction: Down} },
	})
}
