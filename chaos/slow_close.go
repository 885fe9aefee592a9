package chaos

import (
	"cmp"
	"fmt"
	"time"
)

// SlowClose delays the end of a connection by Delay, and nothing else.
type SlowClose struct {
	Delay     time.Duration `json:"delay" yaml:"delay"`
	Direction Direction     `json:"direction" yaml:"direction"` // in which an end is late; default both
}

// Kind names the fault.
func (SlowClose) Kind() string { return "slow_close" }

// Check returns what is wrong with the attributes.
func (s SlowClose) Check() []string { return inBounds(s) }

// Way is the direction with the default filled in.
func (s SlowClose) Way() Direction { return cmp.Or(s.Direction, Both) }

// String is the attributes in words: "2s both ways".
func (s SlowClose) String() string { return fmt.Sprintf("%v %s", s.Delay, s.Way().words()) }

func init() {
	register(Kind{
		Name: "slow_close", Family: Network,
		Short: "the end of a connection is late",
		About: "Delays the end of a connection, a FIN or a RST of a peer, and nothing else: a peer that has gone is taken for " +
			"present for so long. It acts on connections that end while it is in force; as it ends none, something else must.",
		Params: []Param{
			{Name: "delay", Type: "duration", Min: 1e6, Max: 24 * 3600e9, About: "by which an end is late; must be given"},
			{Name: "direction", Type: "both | up | down", Default: "both", About: "which way; up is the client's end on its way to the target"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect: []Sight{SeesSlow},
		Proof:  []Proof{{"delayed", "ends of stream delayed"}}, Reach: anyReach,
		Backends: []Support{{By: ByProxy}, byToxiproxy("both ways an end is late twice, as each side's brings the other's with it", stockSlowClose)},
		Evidence: "an end was delayed, on a connection of one of the cohort's clients at least: those that stay prove nothing",
		Example:  "{name: lingering, inject: slow_close, on: blue, at: chaos, for: 5s, delay: 2s}",
		New:      func() Effect { return &SlowClose{Direction: Both} },
	})
}
