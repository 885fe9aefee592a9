package chaos

import (
	"cmp"
	"fmt"
	"time"
)

// Lifetime ends each connection when it has been open for some time.
type Lifetime struct {
	After time.Duration `json:"after" yaml:"after"`
	Since Since         `json:"since" yaml:"since"` // fault or opening; default fault
	Then  Ending        `json:"then" yaml:"then"`   // rst or fin; default rst
}

// Since is from when a connection's time counts.
type Since string

const (
	SinceFault   Since = "fault"   // from when the fault came into force, where that is later than its opening
	SinceOpening Since = "opening" // from its opening, whenever that was
)

// Kind names the fault.
func (Lifetime) Kind() string { return "lifetime" }

// Check returns what is wrong with the attributes.
func (l Lifetime) Check() []string { return inBounds(l) }

// Start is from when time counts, with the default filled in.
func (l Lifetime) Start() Since { return cmp.Or(l.Since, SinceFault) }

// Ends is how it ends, with the default filled in.
func (l Lifetime) Ends() Ending { return cmp.Or(l.Then, EndRST) }

// String is the attributes in words: "2s after the opening, then rst".
func (l Lifetime) String() string {
	return fmt.Sprintf("%v after the %s, then %s", l.After, l.Start(), l.Ends())
}

func init() {
	register(Kind{
		Name: "lifetime", Family: Network,
		Short: "connections end when they have been open for so long",
		About: "Ends each connection when its time is up, whatever goes on there: with a RST, which is a reset after a time, or " +
			"with a FIN without a close frame, as gateways do that let no connection live longer. Time counts from when the fault " +
			"came into force, for connections opened later from their opening; since: opening counts from there for all, so " +
			"that those that are older end at once.",
		Params: []Param{
			{Name: "after", Type: "duration", Min: 1e6, Max: 24 * 3600e9, About: "for which a connection may be open; must be given"},
			{Name: "since", Type: "fault | opening", Default: "fault", About: "from when that counts"},
			{Name: "then", Type: "rst | fin", Default: "rst", About: "how the connection ends, on both sides"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect: []Sight{SeesReset, SeesEOF},
		Proof:  []Proof{{"ended", "connections ended as their time was up"}}, Reach: mostReach,
		Backends: []Support{{By: ByProxy}},
		Evidence: "a connection's time was up on at least 95 % of the cohort's clients, and it was ended",
		Example:  "{name: expiry, inject: lifetime, on: blue, at: chaos, for: 10s, after: 4s, since: opening, then: fin}",
		New:      func() Effect { return &Lifetime{Since: SinceFault, Then: EndRST} },
	})
}
