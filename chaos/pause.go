package chaos

import (
	"fmt"
	"time"
)

// Pause stops the target's process, as a long garbage collection or a frozen machine does:
// nothing is read, answered or accepted, and every connection stays open.
type Pause struct {
	Stop  time.Duration `json:"stop" yaml:"stop"`   // of each pause; 0: one, for as long as the fault is in force
	Every time.Duration `json:"every" yaml:"every"` // from the beginning of one pause to that of the next; 0 with Stop 0
}

// Kind names the fault.
func (Pause) Kind() string { return "pause" }

// Check returns what is wrong with the attributes.
func (p Pause) Check() []string {
	bad := inBounds(p)
	switch {
	case (p.Stop == 0) != (p.Every == 0):
		bad = append(bad, "every and stop are given together, or neither is")
	case p.Stop > 0 && p.Every <= p.Stop:
		bad = append(bad, fmt.Sprintf("every %v is not longer than the %v of each stop", p.Every, p.Stop))
	}
	return bad
}

// String is the attributes in words.
func (p Pause) String() string {
	if p.Stop == 0 {
		return ""
	}
	return fmt.Sprintf("%v every %v", p.Stop, p.Every)
}

// didHalt says what came of stopping a process.
func didHalt(e Evidence) string {
	return fmt.Sprintf("the process stopped %s, while %d bytes waited for it unread", count(int(e.Count("stops")), "time"), e.HeldBytes)
}

func init() {
	register(Kind{
		Name: "pause", Family: Peer,
		Short: "the target's process stands still, connections stay open",
		About: "Stops the target's process with SIGSTOP and lets it go on with SIGCONT: once, or again and again, " +
			"as garbage collection does. Its kernel goes on to acknowledge and to accept, so that clients find " +
			"connections that are open and silent, and new ones whose upgrade hangs.",
		Params: []Param{
			{Name: "stop", Type: "duration", Default: "0s", Max: float64(time.Hour), About: "length of each pause; 0: one, for all the time that it is in force"},
			{Name: "every", Type: "duration", Default: "0s", Max: float64(time.Hour), About: "from the beginning of one pause to that of the next; only with stop"},
		},
		Conns:    []Conns{AllConns},
		Expect:   []Sight{SeesHalfOpen, SeesTimeout, SeesStall, SeesSlow},
		Proof:    []Proof{{"stops", "times seen stopped"}, {"held_bytes", "bytes waited for it unread"}},
		Did:      didHalt,
		Backends: []Support{{By: ByProcess, Whole: true}},
		Evidence: "the kernel showed the process as stopped, and bytes of clients lay unread in its sockets until it went on",
		Example:  "{name: gc, inject: pause, on: blue, at: chaos, for: 3s}",
		New:      func() Effect { return new(Pause) },
	})
}
