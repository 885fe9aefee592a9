package chaos

import (
	"cmp"
	"fmt"
	"time"
)

// Slice cuts what crosses into pieces of Size bytes, each written for itself, so that a
// frame arrives in many reads, with Pause between them.
type Slice struct {
	Size      int64         `json:"size" yaml:"size"`           // bytes of a piece; the last of a chunk is what is left
	Pause     time.Duration `json:"pause" yaml:"pause"`         // after each piece; default 0
	Direction Direction     `json:"direction" yaml:"direction"` // default both
}

// Kind names the fault.
func (Slice) Kind() string { return "slice" }

// Check returns what is wrong with the attributes.
func (s Slice) Check() []string { return inBounds(s) }

// Way is the direction with the default filled in.
func (s Slice) Way() Direction { return cmp.Or(s.Direction, Both) }

// String is the attributes in words: "into 3 bytes, 10ms apart up".
func (s Slice) String() string {
	apart := ""
	if s.Pause > 0 {
		apart = fmt.Sprintf(", %v apart", s.Pause)
	}
	return fmt.Sprintf("into %d bytes%s %s", s.Size, apart, s.Way().words())
}

func init() {
	register(Kind{
		Name: "slice", Family: Network,
		Short: "what crosses comes in small pieces",
		About: "Cuts what crosses into pieces, each with a write of its own, as a path with tiny segments does. Not a byte is " +
			"changed. The receiver's kernel may join pieces that arrive faster than they are read; a pause between them keeps " +
			"them apart, and makes large messages slow.",
		Params: []Param{
			{Name: "size", Type: "size", Default: "1", Min: 1, Max: 32 << 10, About: "bytes of a piece"},
			{Name: "pause", Type: "duration", Default: "0s", Max: 60e9, About: "between pieces of a connection and direction"},
			{Name: "direction", Type: "both | up | down", Default: "both", About: "which way it comes in pieces"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect:   []Sight{SeesNothing, SeesSlow},
		Proof:    []Proof{{"sliced", "chunks cut"}, {"pieces", "pieces written"}},
		Reach:    mostReach,
		Evidence: "a chunk was cut on at least 95 % of the cohort's clients",
		Backends: []Support{{By: ByProxy}, byToxiproxy("in pieces of at most the size", stockSlice)},
		Example:  "{name: crumbs, inject: slice, on: blue, at: chaos, for: 5s, size: 3}",
		New:      func() Effect { return &Slice{Size: 1, Direction: Both} },
	})
}
