package chaos

import (
	"cmp"
	"fmt"
)

// Partition holds every byte and every end of stream. Connections stay open; what was
// held flows when it is cleared.
type Partition struct {
	Direction Direction `json:"direction" yaml:"direction"` // default both
}

// Kind names the fault.
func (Partition) Kind() string { return "partition" }

// Check returns what is wrong with the attributes.
func (p Partition) Check() []string { return inBounds(p) }

// Way is the direction with the default filled in.
func (p Partition) Way() Direction { return cmp.Or(p.Direction, Both) }

// String is the attributes in words: "both ways", "up", "down".
func (p Partition) String() string { return p.Way().words() }

func init() {
	register(Kind{
		Name: "partition", Family: Network,
		Short: "nothing crosses, connections stay open",
		About: "Holds every byte and every end of stream; nothing crosses, connections stay open, and new ones " +
			"connect but their upgrade hangs. What was held flows when it clears. The kernel still acknowledges " +
			"what a peer sends, so only pings and deadlines can notice it, not TCP keepalive.",
		Params: []Param{
			{Name: "direction", Type: "both | up | down", Default: "both", About: "which way nothing crosses; up is client to target"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect: []Sight{SeesHalfOpen, SeesTimeout},
		Proof:  []Proof{{"held_chunks", "chunks held"}}, Reach: mostReach,
		Did: func(e Evidence) string {
			return fmt.Sprintf("%s (%d bytes) held, none crossed", count(int(e.HeldChunks), "chunk"), e.HeldBytes)
		},
		Backends: []Support{{By: ByProxy}, byToxiproxy("by a bandwidth of 0: an end of stream crosses where no bytes are held", stockPartition)},
		Evidence: "something was held on at least 95 % of the cohort's clients, and nothing crossed",
		Example:  "{name: split, inject: partition, on: blue, at: chaos, for: 5s, share: 50%}",
		New:      func() Effect { return &Partition{Direction: Both} },
	})
}
