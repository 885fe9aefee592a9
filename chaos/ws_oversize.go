package chaos

import (
	"cmp"
	"fmt"
)

// WSOversize puts a large message into the stream.
type WSOversize struct {
	Bytes     int64     `json:"bytes" yaml:"bytes"`         // of its payload
	Direction Direction `json:"direction" yaml:"direction"` // default down
}

// Kind names the fault.
func (WSOversize) Kind() string { return "ws_oversize" }

// Check returns what is wrong with the attributes.
func (s WSOversize) Check() []string { return inBounds(s) }

// Way is the direction with the default filled in.
func (s WSOversize) Way() Direction { return cmp.Or(s.Direction, Down) }

// String is the attributes in words: "1048576 bytes down".
func (s WSOversize) String() string { return fmt.Sprintf("%d bytes %s", s.Bytes, s.Way().words()) }

func init() {
	register(Kind{
		Name: "ws_oversize", Family: Protocol,
		Short: "a message comes that is too large",
		About: "Puts one binary message of so many zeros into the stream of each connection, between two of its own. A receiver with a limit " +
			"must end the connection with 1009; one without pays for it in memory. Connections opened meanwhile get one, too. " +
			"Up, it is the target that gets it, in the client's name, and an echo comes back.",
		Params: []Param{
			{Name: "bytes", Type: "size", Default: "1MiB", Min: 1, Max: 64 << 20, About: "of the message's payload"},
			{Name: "direction", Type: "down | up | both", Default: "down", About: "who gets it: down is the client"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect:   []Sight{SeesFlood, SeesCloseFrame, SeesDisorder, SeesReset, SeesEOF, SeesNothing},
		Proof:    []Proof{{"oversized", "oversized messages sent"}},
		Reach:    mostReach,
		Backends: []Support{{By: ByProxy}},
		Evidence: "the message went out to at least 95 % of the cohort's clients, or in their name",
		Example:  "{name: giant, inject: ws_oversize, on: blue, at: chaos, for: 5s, share: 50%, bytes: 2MiB}",
		New:      func() Effect { return &WSOversize{Bytes: 1 << 20, Direction: Down} },
	})
}
