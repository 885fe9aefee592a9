package chaos

import "cmp"

// HalfClose ends one direction of every connection of the cohort with a FIN, once, and
// leaves the other as it is.
type HalfClose struct {
	Direction Direction `json:"direction" yaml:"direction"` // that ends; default down
}

// Kind names the fault.
func (HalfClose) Kind() string { return "half_close" }

// Check returns what is wrong with the attributes.
func (h HalfClose) Check() []string { return inBounds(h) }

// Way is the direction with the default filled in.
func (h HalfClose) Way() Direction { return cmp.Or(h.Direction, Down) }

// String is the attributes in words: "down".
func (h HalfClose) String() string { return string(h.Way()) }

func init() {
	register(Kind{
		Name: "half_close", Family: Network,
		Short: "one direction of every open connection ends with a FIN",
		About: "Ends one direction of every connection of the cohort with a TCP FIN, once; the other goes on. What is still " +
			"sent in the direction that ended is read and dropped. A target that closes when its input ends closes both.",
		Params: []Param{
			{Name: "direction", Type: "down | up", Default: "down", About: "which one ends; down is what the client reads"},
		},
		Conns: []Conns{Existing}, Once: true, Ramp: true,
		Expect: []Sight{SeesEOF, SeesReset}, // of who writes to a target that has closed for want of input
		Proof:  []Proof{{"half_closed", "connections closed one way"}}, Reach: 1,
		Backends: []Support{{By: ByProxy}},
		Evidence: "one direction of every open connection of the cohort's clients took a FIN",
		Example:  "{name: deafen, inject: half_close, on: blue, at: chaos, share: 50%, direction: down}",
		New:      func() Effect { return &HalfClose{Direction: Down} },
	})
}
