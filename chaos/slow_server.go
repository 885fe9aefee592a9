package chaos

import (
	"fmt"
	"time"
)

// SlowServer lets the target's process run for only a part of the time, in short turns,
// as one does that is starved of CPU.
type SlowServer struct {
	Runs   float64       `json:"runs" yaml:"runs"`     // part of the time, 0 to 1
	Period time.Duration `json:"period" yaml:"period"` // of one stop and one turn
}

// Kind names the fault.
func (SlowServer) Kind() string { return "slow_server" }

// Check returns what is wrong with the attributes.
func (s SlowServer) Check() []string { return inBounds(s) }

// String is the attributes in words.
func (s SlowServer) String() string {
	return fmt.Sprintf("runs %g %% of each %v", s.Runs*100, s.Period)
}

func init() {
	register(Kind{
		Name: "slow_server", Family: Peer,
		Short: "the target's process runs only part of the time",
		About: "Stops the target's process and lets it go on, in turns, so that it has only a part of the time that " +
			"it had: answers, pongs and handshakes come late by up to a stop, and what it can do at most shrinks " +
			"with its part.",
		Params: []Param{
			{Name: "runs", Type: "share", Default: "20%", Min: 0.01, Max: 0.9, About: "part of the time for which it runs"},
			{Name: "period", Type: "duration", Default: "100ms", Min: float64(10 * time.Millisecond), Max: float64(10 * time.Second), About: "of one stop and one turn"},
		},
		Conns:    []Conns{AllConns},
		Expect:   []Sight{SeesSlow, SeesTimeout},
		Proof:    []Proof{{"stops", "times seen stopped"}, {"held_bytes", "bytes waited for it unread"}},
		Did:      didHalt,
		Backends: []Support{{By: ByProcess, Whole: true}},
		Evidence: "the kernel showed the process as stopped, time and again, and bytes of clients lay unread meanwhile",
		Example:  "{name: starved, inject: slow_server, on: blue, at: chaos, for: 5s, runs: 10%, period: 200ms}",
		New:      func() Effect { return &SlowServer{Runs: 0.2, Period: 100 * time.Millisecond} },
	})
}
