package chaos

import (
	"cmp"
	"fmt"
	"time"
)

// DNS has the name of a target resolve to something else, late, or not at all.
type DNS struct {
	Answer string        `json:"answer" yaml:"answer"` // default NXDomain
	To     string        `json:"to" yaml:"to"`         // with Moved: whose address is given; default Nobody
	Delay  time.Duration `json:"delay" yaml:"delay"`   // before each answer
}

// What a resolver can answer.
const (
	NXDomain = "nxdomain" // there is no such name
	ServFail = "servfail" // the server failed
	NoAnswer = "none"     // nothing comes: the lookup times out
	Moved    = "moved"    // another address
	Right    = "right"    // the right one
)

// Nobody is, for DNS.To, an address at which nobody listens.
const Nobody = "nobody"

// Kind names the fault.
func (DNS) Kind() string { return "dns" }

// Says is Answer with the default filled in.
func (d DNS) Says() string { return cmp.Or(d.Answer, NXDomain) }

// Whose is To with the default filled in.
func (d DNS) Whose() string { return cmp.Or(d.To, Nobody) }

// Check returns what is wrong with the attributes.
func (d DNS) Check() []string {
	bad := inBounds(d)
	switch {
	case d.Says() != Moved && d.Whose() != Nobody:
		bad = append(bad, "to is only with answer: "+Moved)
	case d.Says() == Right && d.Delay == 0:
		bad = append(bad, "delay 0s and the right answer is no fault")
	case d.Says() == NoAnswer && d.Delay > 0:
		bad = append(bad, "delay is of an answer, and there is none")
	}
	return bad
}

// String is the attributes in words: "moved to green after 1s".
func (d DNS) String() string {
	text := d.Says()
	if text == Moved {
		text += " to " + d.Whose()
	}
	if d.Delay > 0 {
		text += fmt.Sprintf(" after %v", d.Delay)
	}
	return text
}

func init() {
	register(Kind{
		Name: "dns", Family: Connect,
		Short: "the target's name does not resolve, late, or to another address",
		About: "Has the resolver of the run answer for a target's name (host of a target): that there is no such name, that the server " +
			"failed, nothing at all, another target's address or one where nobody listens, or the right one late. Whoever dials " +
			"asks anew, as nothing is kept (TTL 0); connections that are open go on, so that it shows in those that come back or " +
			"come anew. A query does not say whose it is: it is of all clients.",
		Params: []Param{
			{Name: "answer", Type: "nxdomain | servfail | none | moved | right", Default: NXDomain, About: "no such name, server failure, no answer at all, another address, or the right one"},
			{Name: "to", Type: "text", Default: Nobody, About: "with moved: the target whose address is given, or nobody, an address where nobody listens"},
			{Name: "delay", Type: "duration", Default: "0s", Max: float64(time.Minute), About: "before each answer"},
		},
		Conns:  []Conns{New},
		Expect: []Sight{SeesDNS, SeesTimeout, SeesRefused, SeesSlow, SeesNothing},
		Proof:  []Proof{{"misled", "queries answered falsely, late or not at all"}},
		Backends: []Support{{By: ByResolver, Whole: true, Note: "a query does not say whose it is, so there is no share of it; " +
			"it is a DNS server on loopback, UDP and TCP, whom the run's clients ask"}},
		Evidence: "the resolver's own count of the queries for the name that it did not answer truly and at once",
		Example:  "{name: gone, inject: dns, on: blue, at: chaos, for: 5s, answer: servfail}",
		New:      func() Effect { return &DNS{Answer: NXDomain, To: Nobody} },
	})
}
