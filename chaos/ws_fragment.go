package chaos

import (
	"cmp"
	"fmt"
)

// WSFragment sends messages in many frames.
type WSFragment struct {
	Frames    int64     `json:"frames" yaml:"frames"`       // of each frame that there was
	Pings     bool      `json:"pings" yaml:"pings"`         // with a ping between any two
	Direction Direction `json:"direction" yaml:"direction"` // default down
}

// Kind names the fault.
func (WSFragment) Kind() string { return "ws_fragment" }

// Check returns what is wrong with the attributes.
func (f WSFragment) Check() []string { return inBounds(f) }

// Way is the direction with the default filled in.
func (f WSFragment) Way() Direction { return cmp.Or(f.Direction, Down) }

// String is the attributes in words: "into 100 frames down".
func (f WSFragment) String() string {
	if f.Pings {
		return fmt.Sprintf("into %d frames with pings between %s", f.Frames, f.Way().words())
	}
	return fmt.Sprintf("into %d frames %s", f.Frames, f.Way().words())
}

func init() {
	register(Kind{
		Name: "ws_fragment", Family: Protocol,
		Short: "messages come in many frames",
		About: "Cuts each frame of a message into so many, or one per byte when it has fewer. Not a byte of a message is changed, and every " +
			"receiver must put it together again; one that counts frames, or that answers pings in between only when the message is " +
			"whole, cannot. Control frames are left alone.",
		Params: []Param{
			{Name: "frames", Type: "integer", Default: "100", Min: 2, Max: 100_000, About: "that each frame is cut into"},
			{Name: "pings", Type: "boolean", Default: "false", About: "whether a ping comes between any two of them"},
			{Name: "direction", Type: "down | up | both", Default: "down", About: "which way messages come in many frames; up is client to target"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect:   []Sight{SeesNothing, SeesFlood},
		Proof:    []Proof{{"fragmented", "frames cut"}, {"fragments", "frames made of them"}},
		Reach:    mostReach,
		Backends: []Support{{By: ByProxy}},
		Evidence: "a message was cut on at least 95 % of the cohort's clients",
		Example:  "{name: confetti, inject: ws_fragment, on: blue, at: chaos, for: 5s, frames: 50}",
		New:      func() Effect { return &WSFragment{Frames: 100, Direction: Down} },
	})
}
