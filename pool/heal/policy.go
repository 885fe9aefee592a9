package heal

import "time"

// FirstRule says how the first reconnect after the loss of a healed connection
// waits. The loss of one that had not healed continues the backoff instead.
type FirstRule uint8

const (
	AtOnce    FirstRule = iota // not at all; the backoff begins with the dial after it
	Spread                     // U(0, Within) (RFC 6455 7.2.3); the backoff begins with the dial after it
	ByBackoff                  // there is no rule of its own: it is the backoff's first step
)

var firstNames = names[FirstRule]{AtOnce: "at-once", Spread: "spread", ByBackoff: "backoff"}

func (f FirstRule) String() string { return firstNames.of(f) }

// ParseFirstRule reads what String prints.
func ParseFirstRule(s string) (FirstRule, bool) { return firstNames.parse(s) }

// First is the rule for the first reconnect, with its window.
type First struct {
	Rule   FirstRule
	Within time.Duration // Spread: the window, must be > 0; 0 with every other rule
}

// Jitter says how a delay is drawn from its step c = min(Cap, Base·Factor^k), k
// counting from 0. Jitter is always drawn after the cap.
type Jitter uint8

const (
	NoJitter     Jitter = iota // c
	Full                       // U(0, c)
	Equal                      // U(c/2, c)
	Decorrelated               // U(Base, min(Cap, 3·previous delay)), the first U(Base, min(Cap, 3·Base))
)

var jitterNames = names[Jitter]{NoJitter: "none", Full: "full", Equal: "equal", Decorrelated: "decorrelated"}

func (j Jitter) String() string { return jitterNames.of(j) }

// ParseJitter reads what String prints.
func ParseJitter(s string) (Jitter, bool) { return jitterNames.parse(s) }

// ResetOn says when a connection counts as healed, so that backoff starts afresh.
type ResetOn uint8

const (
	OnStable ResetOn = iota // after a validated exchange and StableAfter of life
	OnOpen                  // at the 101: what naive clients do, and what pins them to their shortest delay
)

var resetNames = names[ResetOn]{OnStable: "stable", OnOpen: "open"}

func (r ResetOn) String() string { return resetNames.of(r) }

// ParseResetOn reads what String prints.
func ParseResetOn(s string) (ResetOn, bool) { return resetNames.parse(s) }

// Policy is the declarative rules of healing for one client. Its zero value is not
// valid; package policies gives complete ones, and Faults says what is wrong.
type Policy struct {
	Name             string
	HandshakeTimeout time.Duration // TCP, TLS and upgrade together; must be > 0
	ProveTimeout     time.Duration // from the 101 to the first validated exchange; must be > 0
	PingEvery        time.Duration // longest silence before a ping: each is U(PingEvery/2, PingEvery); 0: no pings but the one that proves
	PingTimeout      time.Duration // how long a ping may stay unanswered; > 0 where PingEvery > 0
	First            First         // the first reconnect after the loss of a healed connection
	Backoff          Backoff       // every later reconnect
	StableAfter      time.Duration // life after which a proved connection is stable; never less than the delay before it
	ResetOn          ResetOn
	Heed             bool       // obey Retry-After, close codes and HTTP statuses; false: every end is alike
	Endpoints        []Endpoint // where a client may dial; set by the pool, not by the policy's author
}

// Backoff is the growth of delays while a client has not healed.
type Backoff struct {
	Base   time.Duration // the first step; must be > 0
	Cap    time.Duration // the largest step, >= Base; 0: Base
	Factor float64       // growth per attempt, >= 1; 0: 1
	Jitter Jitter
}

// Endpoint is what the policy knows of an address: lower Priority is dialled first,
// Weight (0 counts as 1) is its share among those of equal priority.
type Endpoint struct {
	Priority int
	Weight   int
}
