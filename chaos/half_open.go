package chaos

import "cmp"

// HalfOpen takes one peer of every connection of the cohort away without the other being
// told.
type HalfOpen struct {
	Peer Peering `json:"peer" yaml:"peer"` // that is gone; default server
}

// Peering is one of the two peers of a connection.
type Peering string

const (
	Server Peering = "server"
	Client Peering = "client"
)

// Kind names the fault.
func (HalfOpen) Kind() string { return "half_open" }

// Check returns what is wrong with the attributes.
func (h HalfOpen) Check() []string { return inBounds(h) }

// Gone is the peer with the default filled in.
func (h HalfOpen) Gone() Peering { return cmp.Or(h.Peer, Server) }

// String is the attributes in words: "server gone".
func (h HalfOpen) String() string { return string(h.Gone()) + " gone" }

func init() {
	register(Kind{
		Name: "half_open", Family: Network,
		Short: "one peer of every open connection is gone and the other is not told",
		About: "Takes one peer away: its side of every connection of the cohort is reset, the other side stays open, and what " +
			"comes from there, its end among it, is swallowed. With the server gone, clients wait for answers that never come; " +
			"with the client gone, the target keeps a session of a client that may long be back on another connection. " +
			"When it is cleared, sides that are still open are reset. Connections opened meanwhile are not touched.",
		Params: []Param{
			{Name: "peer", Type: "server | client", Default: "server", About: "who is gone"},
		},
		Conns: []Conns{Existing}, Ramp: true,
		Expect: []Sight{SeesHalfOpen, SeesReset},
		Proof:  []Proof{{"ghosts", "connections left without one peer"}}, Reach: 1,
		Backends: []Support{{By: ByProxy}},
		Evidence: "one side of every open connection of the cohort's clients was reset and the other was not told",
		Example:  "{name: ghosts, inject: half_open, on: blue, at: chaos, for: 5s, share: 50%, peer: server}",
		New:      func() Effect { return &HalfOpen{Peer: Server} },
	})
}
