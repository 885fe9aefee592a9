package chaos

import (
	"cmp"
	"fmt"
)

// WSDrop takes messages, or control frames, out of the stream.
type WSDrop struct {
	Opcode    Opcode    `json:"opcode" yaml:"opcode"`       // default data
	Nth       int64     `json:"nth" yaml:"nth"`             // each nth of them; 1: all
	Percent   float64   `json:"percent" yaml:"percent"`     // or this part of them
	Direction Direction `json:"direction" yaml:"direction"` // default both
}

// Kind names the fault.
func (WSDrop) Kind() string { return "ws_drop" }

// Check returns what is wrong with the attributes.
func (d WSDrop) Check() []string { return append(checkPick(d.Nth, d.Percent), inBounds(d)...) }

// What is the opcode with the default filled in.
func (d WSDrop) What() Opcode { return cmp.Or(d.Opcode, OpData) }

// Way is the direction with the default filled in.
func (d WSDrop) Way() Direction { return cmp.Or(d.Direction, Both) }

// String is the attributes in words: "1 of 3 messages down".
func (d WSDrop) String() string {
	return fmt.Sprintf("%s %s", picked(d.What(), d.Nth, d.Percent), d.Way().words())
}

func init() {
	register(Kind{
		Name: "ws_drop", Family: Protocol,
		Short: "messages are lost, the connection lives",
		About: "Takes whole messages out of the stream, with all of their fragments, or control frames. Every other byte crosses, so " +
			"neither side can tell but by what it misses. A message that is being dropped is dropped to its end, also " +
			"when the fault clears meanwhile. Where TLS passes through the proxy there are no frames to be seen, and it acts on nobody.",
		Params: []Param{
			paramOpcode("data | text | binary | ping | pong | close", OpData, "what is lost; data is text and binary"),
			paramNth, paramPercent,
			{Name: "direction", Type: "both | up | down", Default: "both", About: "which way they are lost; up is client to target"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect:   []Sight{SeesLoss, SeesHalfOpen, SeesNothing},
		Proof:    []Proof{{"dropped", "messages or control frames dropped"}},
		Reach:    mostReach,
		Backends: []Support{{By: ByProxy}},
		Evidence: "a message, or a control frame of the opcode, was dropped on at least 95 % of the cohort's clients",
		Example:  "{name: lossy, inject: ws_drop, on: blue, at: chaos, for: 5s, percent: 10%, direction: down}",
		New:      func() Effect { return &WSDrop{Opcode: OpData, Nth: 1, Percent: 1, Direction: Both} },
	})
}
