package chaos

import "cmp"

// PongLoss takes every pong out of the stream.
type PongLoss struct {
	Direction Direction `json:"direction" yaml:"direction"` // default both
}

// Kind names the fault.
func (PongLoss) Kind() string { return "pong_loss" }

// Check returns what is wrong with the attributes.
func (p PongLoss) Check() []string { return inBounds(p) }

// Way is the direction with the default filled in.
func (p PongLoss) Way() Direction { return cmp.Or(p.Direction, Both) }

// String is the attributes in words: "down".
func (p PongLoss) String() string { return p.Way().words() }

func init() {
	register(Kind{
		Name: "pong_loss", Family: Protocol,
		Short: "pings get no answer, messages cross",
		About: "Takes every pong out of the stream; messages cross. Whoever takes a missing pong for a dead peer ends a connection " +
			"that works; whoever takes any traffic for life does not. Down, the client's pings get no answer; up, the target's. " +
			"Where TLS passes through the proxy there are no frames to be seen, and it acts on nobody.",
		Params: []Param{
			{Name: "direction", Type: "both | up | down", Default: "both", About: "which way pongs are lost: down are those that the client waits for"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect:   []Sight{SeesHalfOpen, SeesNothing},
		Proof:    []Proof{{"dropped", "pongs dropped"}},
		Reach:    mostReach,
		Backends: []Support{{By: ByProxy}},
		Evidence: "a pong was dropped on at least 95 % of the cohort's clients: somebody must ping",
		Example:  "{name: mute, inject: pong_loss, on: blue, at: chaos, for: 5s, direction: down}",
		New:      func() Effect { return &PongLoss{Direction: Both} },
	})
}
