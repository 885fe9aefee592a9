package chaos

import (
	"cmp"
	"fmt"
	"time"
)

// Latency adds Delay, which varies by Jitter, to everything that crosses.
type Latency struct {
	Delay       time.Duration `json:"delay" yaml:"delay"`             // the mean
	Jitter      time.Duration `json:"jitter" yaml:"jitter"`           // at most Delay; default 0
	Dist        Dist          `json:"dist" yaml:"dist"`               // what Jitter means; default uniform
	Correlation float64       `json:"correlation" yaml:"correlation"` // of a chunk's delay with the one before, 0 to 0.999; default 0
	Connect     bool          `json:"connect" yaml:"connect"`         // new connections wait a delay more; default false
	Direction   Direction     `json:"direction" yaml:"direction"`     // default down, so that the round trip grows by Delay; both adds it twice
}

// Dist is how delays are distributed about their mean.
type Dist string

const (
	Uniform Dist = "uniform" // within the jitter of the delay
	Normal  Dist = "normal"  // with the jitter as standard deviation, not below 0
	Pareto  Dist = "pareto"  // at least the delay less the jitter, with a long tail: 1 in 1000 is 17 jitters above the delay
)

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

// Spread is the distribution with the default filled in.
func (l Latency) Spread() Dist { return cmp.Or(l.Dist, Uniform) }

// String is the attributes in words: "100ms ± 20ms (normal) down, connects too".
func (l Latency) String() string {
	s := l.Delay.String()
	if l.Jitter != 0 {
		s += fmt.Sprintf(" ± %v", l.Jitter)
		if l.Spread() != Uniform {
			s += fmt.Sprintf(" (%s)", l.Spread())
		}
	}
	s += " " + l.Way().words()
	if l.Connect {
		s += ", connects too"
	}
	return s
}

func init() {
	register(Kind{
		Name: "latency", Family: Network,
		Short: "everything that crosses is late",
		About: "Delays everything that crosses, in order and without narrowing the stream: many chunks can be on " +
			"their way at once. The TCP handshake itself is not delayed, as the kernel completes it before a proxy hears of it; " +
			"with connect, the first that crosses of a new connection waits a delay more, so that opening one takes as long as " +
			"if it were.",
		Params: []Param{
			{Name: "delay", Type: "duration", About: "added to each chunk; must be given"},
			{Name: "jitter", Type: "duration", Default: "0s", About: "by which it varies, at most the delay; seeded"},
			{Name: "dist", Type: "uniform | normal | pareto", Default: "uniform", About: "how: ± the jitter; the jitter as standard deviation, not below 0; from delay less jitter with a long tail"},
			{Name: "correlation", Type: "share", Default: "0%", Max: 0.999, About: "of a chunk's delay with that of the chunk before it"},
			{Name: "connect", Type: "boolean", Default: "false", About: "the first that crosses of a new connection waits a delay more, each way that is slow"},
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
