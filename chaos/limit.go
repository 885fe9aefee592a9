package chaos

import (
	"cmp"
	"fmt"
)

// Limit lets Bytes through on each connection and direction, and ends the connection
// behind them.
type Limit struct {
	Bytes     int64     `json:"bytes" yaml:"bytes"`         // counted from when the fault came into force, or the connection was opened
	Then      Ending    `json:"then" yaml:"then"`           // fin or rst; default fin
	Direction Direction `json:"direction" yaml:"direction"` // whose bytes count; default down
}

// Ending is how a connection is ended.
type Ending string

const (
	EndFIN    Ending = "fin"     // a TCP FIN, without a close frame
	EndRST    Ending = "rst"     // a TCP RST
	EndSilent Ending = "silence" // nobody is told
)

// Kind names the fault.
func (Limit) Kind() string { return "limit" }

// Check returns what is wrong with the attributes.
func (l Limit) Check() []string { return inBounds(l) }

// Way is the direction with the default filled in.
func (l Limit) Way() Direction { return cmp.Or(l.Direction, Down) }

// Ends is how it ends, with the default filled in.
func (l Limit) Ends() Ending { return cmp.Or(l.Then, EndFIN) }

// String is the attributes in words: "4096 bytes down, then fin".
func (l Limit) String() string {
	return fmt.Sprintf("%d bytes %s, then %s", l.Bytes, l.Way().words(), l.Ends())
}

func init() {
	register(Kind{
		Name: "limit", Family: Network,
		Short: "so many bytes, then the connection ends, be it in the middle of a frame",
		About: "Lets so many bytes through, of each connection, and ends it behind the last of them: with a FIN, or with a RST, " +
			"which is a reset after bytes. Bytes count from when the fault came into force, or the connection was opened, its " +
			"upgrade among them. What has been let through arrives first where the reader keeps up.",
		Params: []Param{
			{Name: "bytes", Type: "size", Min: 1, Max: 1 << 40, About: "that get through; must be given"},
			{Name: "then", Type: "fin | rst", Default: "fin", About: "how the connection ends, on both sides"},
			{Name: "direction", Type: "down | up | both", Default: "down", About: "whose bytes count; both: each direction's for itself"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect: []Sight{SeesEOF, SeesReset},
		Proof:  []Proof{{"ended", "connections ended at the limit"}}, Reach: mostReach,
		Backends: []Support{{By: ByProxy}, byToxiproxy("with a FIN", stockLimit)},
		Evidence: "a connection was ended at the limit on at least 95 % of the cohort's clients",
		Example:  "{name: short, inject: limit, on: blue, at: chaos, for: 5s, bytes: 4KiB, then: rst}",
		New:      func() Effect { return &Limit{Then: EndFIN, Direction: Down} },
	})
}
