package chaos

import (
	"cmp"
	"fmt"
	"time"
)

// Latency adds Delay ± Jitter (uniform) to everything that crosses.
type Latency struct {
	Delay     time.Duration `json:"delay" yaml:"delay"`
	Jitter    time.Duration `json:"jitter" yaml:"jitter"`       // at most Delay; default 0
	Direction Direction     `json:"direction" yaml:"direction"` // default down, so that the round trip grows by Delay; both adds it twice
}

// Kind names the fault.
func (Latency) Kind() string { return "latency" }

// Check returns what is wrong with the attributes.
func (l Latency) Check() []string {
	var bad []string
	if l.Delay == 0 {
		bad = append(bad, "delay 0s is not above 0")
	}
	if l.Jitter > max(l.Delay, 0) {
		bad = append(bad, fmt.Sprintf("jitter %v is more than delay %v", l.Jitter, l.Delay))
	}
	return append(bad, inBounds(l)...)
}

// Way is the direction with the default filled in.
func (l Latency) Way() Direction { return cmp.Or(l.Direction, Down) }

// String is the attributes in words: "100ms ± 20ms down".
func (l Latency) String() string {
	if l.Jitter == 0 {
		return fmt.Sprintf("%v %s", l.Delay, l.Way().words())
	}
	return fmt.Sprintf("%v ± %v %s", l.Delay, l.Jitter, l.Way().words())
}

func init() {
	register(Kind{
		Name: "latency", Family: Network,
		Short: "everything that crosses is late",
		About: "Delays everything that crosses, in order and without narrowing the stream: many chunks can be on " +
			"their way at once. It delays data, not the TCP handshake.",
		Params: []Param{
			{Name: "delay", Type: "duration", About: "added to each chunk; must be given"},
			{Name: "jitter", Type: "duration", Default: "0s", About: "uniform ± on the delay, at most the delay; seeded"},
			{Name: "direction", Type: "both | up | down", Default: "down", About: "which way is slow; both adds the delay twice to a round trip"},
		},
		Conns: []Conns{AllConns, Existing, New}, Ramp: true,
		Expect: []Sight{SeesSlow},
		Proof:  []Proof{{"delayed", "chunks delayed"}}, Reach: mostReach,
		Did: func(e Evidence) string {
			return fmt.Sprintf("%s delayed by %.1f ms on average", count(int(e.Delayed), "chunk"), float64(e.DelayNS)/float64(e.Delayed)/1e6)
		},
		Backends: []Support{{By: ByProxy}, byToxiproxy("in whole milliseconds", stockLatency)},
		Evidence: "something was delayed on at least 95 % of the cohort's clients",
		Example:  "{name: slow, inject: latency, on: blue, at: chaos, for: 5s, share: 50%, delay: 100ms, jitter: 10ms}",
		New:      func() Effect { return &Latency{Direction: Down} },
	})
}
