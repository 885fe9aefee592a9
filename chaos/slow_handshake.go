package chaos

import (
	"cmp"
	"fmt"
	"time"
)

// SlowHandshake lets new connections wait before they go on, or their 101 come in drops.
type SlowHandshake struct {
	Delay time.Duration `json:"delay" yaml:"delay"` // before they go on; 0: none
	Rate  int64         `json:"rate" yaml:"rate"`   // bytes per second of the answer; 0: as fast as can be
	Stage string        `json:"stage" yaml:"stage"` // AtTCP, AtTLS or AtUpgrade, where Delay is; default AtUpgrade
}

// Kind names the fault.
func (SlowHandshake) Kind() string { return "slow_handshake" }

// Check returns what is wrong with the attributes.
func (s SlowHandshake) Check() []string {
	bad := inBounds(s)
	if s.Delay == 0 && s.Rate == 0 {
		bad = append(bad, "delay 0s and rate 0: expected one of them above 0")
	}
	if s.Rate > 0 && s.At() != AtUpgrade {
		bad = append(bad, fmt.Sprintf("rate %d is of the answer to the upgrade: expected stage upgrade, not %s", s.Rate, s.At()))
	}
	return bad
}

// At is the stage with the default filled in.
func (s SlowHandshake) At() string { return cmp.Or(s.Stage, AtUpgrade) }

// String is the attributes in words: "250ms at upgrade", "20 bytes/s".
func (s SlowHandshake) String() string {
	switch delay := fmt.Sprintf("%v at %s", s.Delay, s.At()); {
	case s.Rate == 0:
		return delay
	case s.Delay == 0:
		return fmt.Sprintf("%d bytes/s", s.Rate)
	default:
		return fmt.Sprintf("%s, then %d bytes/s", delay, s.Rate)
	}
}

func init() {
	lacks := func(f Fault) string {
		s, _ := Value(f.Effect).(SlowHandshake)
		return nobodyYet(f, s.At())
	}
	register(Kind{
		Name: "slow_handshake", Family: Connect,
		Short: "new connections wait for their upgrade",
		About: "Lets new connections wait on their way to the upgrade, or sends them their 101 byte by byte. They get " +
			"there unless their patience is shorter. What is open goes on at its speed; the TCP handshake itself is the kernel's and not slow.",
		Params: []Param{
			{Name: "delay", Type: "duration", Default: "0s", Max: float64(time.Hour), About: "how long they wait"},
			{Name: "rate", Type: "size", Default: "0", Max: 1 << 20, About: "bytes per second of the answer; 0: all at once"},
			{Name: "stage", Type: "upgrade | tcp | tls", Default: "upgrade", About: "where they wait: upgrade, their request is read; tls, their TLS handshake begins; tcp, nothing is read"},
		},
		Conns:    []Conns{New},
		Expect:   []Sight{SeesSlow, SeesTimeout},
		Proof:    []Proof{{"slowed", "handshakes slowed"}},
		Reach:    1,
		Evidence: "every client of the cohort that connected while it was in force was kept waiting",
		Backends: []Support{
			{By: ByTarget, Lacks: lacks, Note: "stage tls needs a target with TLS"},
			{By: ByProxy, Note: notTLS, Lacks: func(f Fault) string {
				if s, _ := Value(f.Effect).(SlowHandshake); s.Rate > 0 {
					return "a rate"
				}
				return lacks(f)
			}},
		},
		Example: "{name: molasses, inject: slow_handshake, on: blue, at: chaos, for: 5s, delay: 2s}",
		New:     func() Effect { return &SlowHandshake{Stage: AtUpgrade} },
	})
}
