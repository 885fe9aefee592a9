package chaos

import (
	"cmp"
	"fmt"
)

// Slice cuts what crosses into pieces of Size bytes, each written for itself, so that a
// frame arrives in many reads.
type Slice struct {
	Size      int64     `json:"size" yaml:"size"`           // bytes of a piece; the last of a chunk is what is left
	Direction Direction `json:"direction" yaml:"direction"` // default both
}

// Kind names the fault.
func (Slice) Kind() string { return "slice" }

// Check returns what is wrong with the attributes.
func (s Slice) Check() []string { return inBounds(s) }

// Way is the direction with the default filled in.
func (s Slice) Way() Direction { return cmp.Or(s.Direction, Both) }

// String is the attributes in words: "into 3 bytes up".
func (s Slice) String() string { return fmt.Sprintf("into %d bytes %s", s.Size, s.Way().words()) }

func init() {
	register(Kind{
		Name: "slice", Family: Network,
		Short: "what crosses comes in small pieces",
		About: "Cuts what crosses into pieces, each with a write of its own, as a path with tiny segments does. Not a byte is " +
			"changed. The receiver's kernel may join pieces that arrive faster than they are read.",
		Params: []Param{
			{Name: "size", Type: "size", Default: "1", Min: 1, Max: 32 << 10, About: "bytes of a piece"},
			{Name: "direction", Type: "both | up | down", Default: "both", About: "which way it comes in pieces"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect:   []Sight{SeesNothing},
		Proof:    []Proof{{"sliced", "chunks cut"}, {"pieces", "pieces written"}},
		Reach:    mostReach,
		Evidence: "a chunk was cut on at least 95 % of the cohort's clients",
		Backends: []Support{{By: ByProxy}},
		Example:  "{name: crumbs, inject: slice, on: blue, at: chaos, for: 5s, size: 3}",
		New:      func() Effect { return &Slice{Size: 1, Direction: Both} },
	})
}
