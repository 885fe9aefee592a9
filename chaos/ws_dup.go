package chaos

import (
	"cmp"
	"fmt"
)

// WSDup sends messages twice.
type WSDup struct {
	Opcode    Opcode    `json:"opcode" yaml:"opcode"`       // data, text or binary; default data
	Nth       int64     `json:"nth" yaml:"nth"`             // each nth of them; 1: all
	Percent   float64   `json:"percent" yaml:"percent"`     // or this part of them
	Direction Direction `json:"direction" yaml:"direction"` // default down
}

// Kind names the fault.
func (WSDup) Kind() string { return "ws_dup" }

// Check returns what is wrong with the attributes.
func (d WSDup) Check() []string { return append(checkPick(d.Nth, d.Percent), inBounds(d)...) }

// What is the opcode with the default filled in.
func (d WSDup) What() Opcode { return cmp.Or(d.Opcode, OpData) }

// Way is the direction with the default filled in.
func (d WSDup) Way() Direction { return cmp.Or(d.Direction, Down) }

// String is the attributes in words: "1 of 3 messages down".
func (d WSDup) String() string {
	return fmt.Sprintf("%s %s", picked(d.What(), d.Nth, d.Percent), d.Way().words())
}

func init() {
	register(Kind{
		Name: "ws_dup", Family: Protocol,
		Short: "messages come twice",
		About: "Sends whole messages a second time, byte for byte, right behind the first, as one does that resends what it has no " +
			"acknowledgement of. Messages of more than 1 MiB are sent once. Under permessage-deflate with context takeover the second " +
			"cannot be inflated, which ends the connection.",
		Params: []Param{
			paramOpcode("data | text | binary", OpData, "what comes twice; data is text and binary"),
			paramNth, paramPercent,
			{Name: "direction", Type: "down | up | both", Default: "down", About: "which way messages come twice; up is client to target"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect:   []Sight{SeesDouble, SeesNothing},
		Proof:    []Proof{{"duplicated", "messages sent twice"}},
		Reach:    mostReach,
		Backends: []Support{{By: ByProxy}},
		Evidence: "a message was sent twice on at least 95 % of the cohort's clients",
		Example:  "{name: twice, inject: ws_dup, on: blue, at: chaos, for: 5s, percent: 10%}",
		New:      func() Effect { return &WSDup{Opcode: OpData, Nth: 1, Percent: 1, Direction: Down} },
	})
}
