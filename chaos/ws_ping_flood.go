package chaos

import (
	"cmp"
	"fmt"
)

// WSPingFlood sends pings.
type WSPingFlood struct {
	Rate      float64   `json:"rate" yaml:"rate"`           // pings per second, connection and way
	Direction Direction `json:"direction" yaml:"direction"` // default down
}

// Kind names the fault.
func (WSPingFlood) Kind() string { return "ws_ping_flood" }

// Check returns what is wrong with the attributes.
func (f WSPingFlood) Check() []string { return inBounds(f) }

// Way is the direction with the default filled in.
func (f WSPingFlood) Way() Direction { return cmp.Or(f.Direction, Down) }

// String is the attributes in words: "1000 pings/s down".
func (f WSPingFlood) String() string {
	return fmt.Sprintf("%g pings/s %s", f.Rate, f.Way().words())
}

func init() {
	register(Kind{
		Name: "ws_ping_flood", Family: Protocol,
		Short: "pings come that must all be answered",
		About: "Sends pings to every connection of the cohort, between its own frames. RFC 6455 wants each answered, or the last of those that " +
			"wait. The answers cross to the other side, which drops what it did not ask for. A receiver that does not read is " +
			"not flooded further; pings that could not be sent in time are not made up for.",
		Params: []Param{
			{Name: "rate", Type: "rate", Default: "1000/s", Min: 1, Max: 20_000, About: "pings to each connection and way"},
			{Name: "direction", Type: "down | up | both", Default: "down", About: "who is flooded: down is the client"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect:   []Sight{SeesFlood, SeesNothing},
		Proof:    []Proof{{"pings", "pings sent"}},
		Reach:    mostReach,
		Backends: []Support{{By: ByProxy}},
		Evidence: "pings went out to at least 95 % of the cohort's clients, or in their name",
		Example:  "{name: pestered, inject: ws_ping_flood, on: blue, at: chaos, for: 5s, share: 50%, rate: 500/s}",
		New:      func() Effect { return &WSPingFlood{Rate: 1000, Direction: Down} },
	})
}
