package chaos

import (
	"cmp"
	"fmt"
)

// Bandwidth lets at most Rate bytes a second through, of each connection and direction, or
// of all that share it.
type Bandwidth struct {
	Rate      int64     `json:"rate" yaml:"rate"`           // bytes per second
	Shared    bool      `json:"shared" yaml:"shared"`       // by all connections that the fault touches; default false
	Direction Direction `json:"direction" yaml:"direction"` // default both
}

// Kind names the fault.
func (Bandwidth) Kind() string { return "bandwidth" }

// Check returns what is wrong with the attributes.
func (b Bandwidth) Check() []string { return inBounds(b) }

// Way is the direction with the default filled in.
func (b Bandwidth) Way() Direction { return cmp.Or(b.Direction, Both) }

// String is the attributes in words: "1024 bytes/s shared down".
func (b Bandwidth) String() string {
	shared := ""
	if b.Shared {
		shared = " shared"
	}
	return fmt.Sprintf("%d bytes/s%s %s", b.Rate, shared, b.Way().words())
}

func init() {
	register(Kind{
		Name: "bandwidth", Family: Network,
		Short: "so many bytes a second and no more",
		About: "Lets at most so many bytes a second through, of each connection and each direction for itself. A chunk goes " +
			"on as a whole, up to 32 KiB, and those behind it wait until the rate has caught up. What does not get through " +
			"pushes back on the sender by TCP. Shared, it is one link for all connections of the cohort, in each direction: they " +
			"take turns with pieces of a fiftieth of a second.",
		Params: []Param{
			{Name: "rate", Type: "size", Min: 1, Max: 1 << 30, About: "bytes per second, of each connection or of all"},
			{Name: "shared", Type: "boolean", Default: "false", About: "all connections of the cohort share the rate"},
			{Name: "direction", Type: "both | up | down", Default: "both", About: "which way is narrow"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect:   []Sight{SeesSlow},
		Proof:    []Proof{{"paced", "chunks kept waiting for the rate"}},
		Reach:    mostReach,
		Evidence: "something had to wait for the rate on at least 95 % of the cohort's clients",
		Backends: []Support{{By: ByProxy}, byToxiproxy("in whole KB of 1000 bytes", stockBandwidth)},
		Example:  "{name: thin, inject: bandwidth, on: blue, at: chaos, for: 5s, rate: 4KiB}",
		New:      func() Effect { return &Bandwidth{Direction: Both} },
	})
}
