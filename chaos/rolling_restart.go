package chaos

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// RollingRestart ends and starts the targets' processes again, one after the other, as a
// deploy does.
type RollingRestart struct {
	Targets string        `json:"targets" yaml:"targets"` // AllTargets, or names with spaces between; default AllTargets
	Drain   string        `json:"drain" yaml:"drain"`     // how each ends; default DrainTerm
	Stagger time.Duration `json:"stagger" yaml:"stagger"` // from one's beginning to the next's, at least
	Grace   time.Duration `json:"grace" yaml:"grace"`     // for clients to leave, or for the process to end, before SIGKILL
}

// AllTargets are those that the run starts, the fault's own first, then by name.
const AllTargets = "all"

// Ways for a server to end.
const (
	DrainNone = "none" // SIGKILL
	DrainTerm = "term" // SIGTERM: what the server makes of it
	Drain1001 = "1001" // it sends every client a close frame, going away, and waits for them to leave
	Drain1012 = "1012" // the same, service restart
)

// Kind names the fault.
func (RollingRestart) Kind() string { return "rolling_restart" }

// Check returns what is wrong with the attributes.
func (r RollingRestart) Check() []string { return inBounds(r) }

// How is Drain with the default filled in.
func (r RollingRestart) How() string { return cmp.Or(r.Drain, DrainTerm) }

// Named are the names of the targets; nil for all of them.
func (r RollingRestart) Named() []string {
	if cmp.Or(r.Targets, AllTargets) == AllTargets {
		return nil
	}
	return strings.Fields(r.Targets)
}

// String is the attributes in words.
func (r RollingRestart) String() string {
	return fmt.Sprintf("of %s by %s, %v apart", cmp.Or(r.Targets, AllTargets), r.How(), r.Stagger)
}

func init() {
	register(Kind{
		Name: "rolling_restart", Family: Peer,
		Short: "the targets' processes are restarted one after the other",
		About: "Ends and starts the processes of several targets again, one after the other, each on its address, as a " +
			"deploy does: by SIGKILL, by SIGTERM, or after a close frame to every client, 1001 or 1012, which only the " +
			"embedded target sends. It is over when the last accepts again.",
		Params: []Param{
			{Name: "targets", Type: "text", Default: AllTargets, About: "all that the run starts, or their names with spaces between, in that order"},
			{Name: "drain", Type: "none | term | 1001 | 1012", Default: DrainTerm, About: "how each ends: SIGKILL, SIGTERM, or a close frame of this code to its clients first"},
			{Name: "stagger", Type: "duration", Default: "1s", Max: float64(time.Hour), About: "from the beginning of one restart to that of the next, at least"},
			{Name: "grace", Type: "duration", Default: "2s", Max: float64(time.Hour), About: "how long clients may take to leave, or the process to end, before SIGKILL"},
		},
		Conns:  []Conns{AllConns},
		Expect: []Sight{SeesCloseFrame, SeesEOF, SeesReset, SeesRefused},
		Proof:  []Proof{{"restarts", "processes restarted"}, {"cut", "connections that they held"}, {"rounds", "rounds completed"}},
		Did: func(e Evidence) string {
			return fmt.Sprintf("%s of what held %s; %s sent",
				count(int(e.Count("restarts")), "restart"), count(int(e.Count("cut")), "connection"), count(int(e.Count("drained")), "close frame"))
		},
		Backends: []Support{{By: ByProcess, Whole: true}},
		Evidence: "every process was reaped and accepts again, and the kernel had shown connections at their ports",
		Example:  "{name: deploy, inject: rolling_restart, on: blue, at: chaos, for: 5s, drain: 1012}",
		New: func() Effect {
			return &RollingRestart{Targets: AllTargets, Drain: DrainTerm, Stagger: time.Second, Grace: 2 * time.Second}
		},
	})
}
