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
	if l.Delay <= 0 {
		bad = append(bad, fmt.Sprintf("delay %v is not above 0", l.Delay))
	}
	switch {
	case l.Jitter < 0:
		bad = append(bad, fmt.Sprintf("jitter %v is below 0", l.Jitter))
	case l.Jitter > max(l.Delay, 0):
		bad = append(bad, fmt.Sprintf("jitter %v is more than delay %v", l.Jitter, l.Delay))
	}
	return append(bad, l.Direction.check()...)
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
		Name: "latency",
		About: "Delays everything that crosses, in order and without narrowing the stream: many chunks can be on " +
			"their way at once. It delays data, not the TCP handshake.",
		Params: []Param{
			{Name: "delay", Type: "duration", About: "added to each chunk; must be given"},
			{Name: "jitter", Type: "duration", Default: "0s", About: "uniform ± on the delay, at most the delay; seeded"},
			{Name: "direction", Type: "both | up | down", Default: "down", About: "which way is slow; both adds the delay twice to a round trip"},
		},
		Backends: []string{"toxi"},
		Evidence: "something was delayed on at least 95 % of the cohort's clients",
		Example:  "{name: slow, inject: latency, on: blue, at: chaos, for: 5s, share: 50%, delay: 100ms, jitter: 10ms}",
		New:      func() Effect { return &Latency{Direction: Down} },
	})
}
