package chaos

import (
	"cmp"
	"fmt"
	"time"
)

// WSDelay keeps messages, or control frames, back for a time.
type WSDelay struct {
	Delay     time.Duration `json:"delay" yaml:"delay"`
	Opcode    Opcode        `json:"opcode" yaml:"opcode"`       // default data
	Nth       int64         `json:"nth" yaml:"nth"`             // each nth of them; 1: all
	Percent   float64       `json:"percent" yaml:"percent"`     // or this part of them
	Direction Direction     `json:"direction" yaml:"direction"` // default down
}

// Kind names the fault.
func (WSDelay) Kind() string { return "ws_delay" }

// Check returns what is wrong with the attributes.
func (d WSDelay) Check() []string {
	var bad []string
	if d.Delay <= 0 {
		bad = append(bad, fmt.Sprintf("delay %v is not above 0", d.Delay))
	}
	return append(append(bad, checkPick(d.Nth, d.Percent)...), inBounds(d)...)
}

// What is the opcode with the default filled in.
func (d WSDelay) What() Opcode { return cmp.Or(d.Opcode, OpData) }

// Way is the direction with the default filled in.
func (d WSDelay) Way() Direction { return cmp.Or(d.Direction, Down) }

// String is the attributes in words: "200ms on 1 of 10 messages down".
func (d WSDelay) String() string {
	return fmt.Sprintf("%v on %s %s", d.Delay, picked(d.What(), d.Nth, d.Percent), d.Way().words())
}

func init() {
	register(Kind{
		Name: "ws_delay", Family: Protocol,
		Short: "some messages are late, and what is behind them",
		About: "Keeps messages, or control frames of one opcode, back for a time. A stream has one order: what comes behind one that is " +
			"kept back waits with it, so that a few slow messages make others late, and pongs of a healthy peer. " +
			"What is kept back goes on at once when the fault clears.",
		Params: []Param{
			{Name: "delay", Type: "duration", About: "for how long each is kept back; must be given"},
			paramOpcode("data | text | binary | ping | pong | close", OpData, "what is kept back; data is text and binary"),
			paramNth, paramPercent,
			{Name: "direction", Type: "down | up | both", Default: "down", About: "which way they are late; up is client to target"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect: []Sight{SeesSlow, SeesNothing},
		Proof:  []Proof{{"delayed", "messages or control frames kept back"}}, Reach: mostReach,
		Did: func(e Evidence) string {
			return fmt.Sprintf("%s kept back for %.1f ms on average", count(int(e.Delayed), "frame"), float64(e.DelayNS)/float64(e.Delayed)/1e6)
		},
		Backends: []Support{{By: ByProxy}},
		Evidence: "something was kept back on at least 95 % of the cohort's clients",
		Example:  "{name: stutter, inject: ws_delay, on: blue, at: chaos, for: 5s, delay: 200ms, nth: 10}",
		New:      func() Effect { return &WSDelay{Opcode: OpData, Nth: 1, Percent: 1, Direction: Down} },
	})
}
