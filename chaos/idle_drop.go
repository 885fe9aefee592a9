package chaos

import (
	"cmp"
	"fmt"
	"time"
)

// IdleDrop ends connections on which nothing has crossed for Idle, as load balancers do.
type IdleDrop struct {
	Idle       time.Duration `json:"idle" yaml:"idle"`
	Then       Ending        `json:"then" yaml:"then"`               // silence, rst or fin; default silence
	When       When          `json:"when" yaml:"when"`               // of a rst or a fin: at_once or next_packet; default at_once
	CountPings bool          `json:"count_pings" yaml:"count_pings"` // pings and pongs keep a connection; default true
}

// When is at which moment peers of a dropped connection are told.
type When string

const (
	AtOnce     When = "at_once"     // both, when it is dropped
	NextPacket When = "next_packet" // each, when it sends something
)

// Kind names the fault.
func (IdleDrop) Kind() string { return "idle_drop" }

// Check returns what is wrong with the attributes.
func (d IdleDrop) Check() []string {
	bad := inBounds(d)
	if d.Ends() == EndSilent && d.Told() == NextPacket {
		bad = append(bad, "when next_packet is for then rst or fin; silence answers no packet")
	}
	return bad
}

// Ends is how it ends, with the default filled in.
func (d IdleDrop) Ends() Ending { return cmp.Or(d.Then, EndSilent) }

// Told is when peers are told, with the default filled in.
func (d IdleDrop) Told() When { return cmp.Or(d.When, AtOnce) }

// String is the attributes in words: "after 350ms, then rst on the next packet, pings not counted".
func (d IdleDrop) String() string {
	s := fmt.Sprintf("after %v, then %s", d.Idle, d.Ends())
	if d.Told() == NextPacket {
		s += " on the next packet"
	}
	if !d.CountPings {
		s += ", pings not counted"
	}
	return s
}

func init() {
	register(Kind{
		Name: "idle_drop", Family: Network,
		Short: "connections on which nothing crosses for so long are dropped",
		About: "Drops a connection on which nothing has crossed in either direction for so long, as load balancers do. With " +
			"silence nobody is told, what peers send from then on is swallowed, and who is still there when the fault is cleared " +
			"is reset. A rst or a fin goes to both at once, or, with next_packet, to each when it sends something, the other " +
			"knowing nothing. Only bytes move the time: where pings are not counted, only messages, each at its beginning. Time " +
			"counts from when the fault came into force at the earliest.",
		Params: []Param{
			{Name: "idle", Type: "duration", Min: 1e6, Max: 24 * 3600e9, About: "for which nothing has crossed; must be given"},
			{Name: "then", Type: "silence | rst | fin", Default: "silence", About: "what peers are told"},
			{Name: "when", Type: "at_once | next_packet", Default: "at_once", About: "when a rst or a fin tells them"},
			{Name: "count_pings", Type: "boolean", Default: "true", About: "pings and pongs keep a connection, too; false needs frames that can be read, of others every byte counts"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect: []Sight{SeesHalfOpen, SeesReset, SeesEOF},
		Proof:  []Proof{{"ended", "idle connections dropped"}}, Reach: anyReach,
		Backends: []Support{{By: ByProxy}},
		Evidence: "an idle connection was dropped, of one of the cohort's clients at least: those that are never idle prove nothing",
		Example:  "{name: forgetful, inject: idle_drop, on: blue, at: chaos, for: 10s, idle: 3s, then: rst, when: next_packet}",
		New:      func() Effect { return &IdleDrop{Then: EndSilent, When: AtOnce, CountPings: true} },
	})
}
