package chaos

import "cmp"

// PingLoss takes every ping out of the stream.
type PingLoss struct {
	Direction Direction `json:"direction" yaml:"direction"` // default down
}

// Kind names the fault.
func (PingLoss) Kind() string { return "ping_loss" }

// Check returns what is wrong with the attributes.
func (p PingLoss) Check() []string { return inBounds(p) }

// Way is the direction with the default filled in.
func (p PingLoss) Way() Direction { return cmp.Or(p.Direction, Down) }

// String is the attributes in words: "down".
func (p PingLoss) String() string { return p.Way().words() }

func init() {
	register(Kind{
		Name: "ping_loss", Family: Protocol,
		Short: "the target's pings do not come",
		About: "Takes every ping out of the stream; messages cross. Down, a client that waits for the target's pings waits in vain, " +
			"and the target gets no pong; up, the client's own pings do not arrive. " +
			"Where TLS passes through the proxy there are no frames to be seen, and it acts on nobody.",
		Params: []Param{
			{Name: "direction", Type: "down | up | both", Default: "down", About: "which way pings are lost: down are the target's"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect:   []Sight{SeesHalfOpen, SeesNothing},
		Proof:    []Proof{{"dropped", "pings dropped"}},
		Reach:    mostReach,
		Backends: []Support{{By: ByProxy}},
		Evidence: "a ping was dropped on at least 95 % of the cohort's clients: somebody must ping that way",
		Example:  "{name: unasked, inject: ping_loss, on: blue, at: chaos, for: 5s, direction: up}",
		New:      func() Effect { return &PingLoss{Direction: Down} },
	})
}
