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
// counting from 0. It is drawn after the cap, unless Backoff.CapLast says otherwise.
type Jitter uint8

const (
	NoJitter     Jitter = iota // c
	Full                       // U(0, c)
	Equal                      // U(c/2, c)
	Decorrelated               // U(Base, min(Cap, 3·previous delay)), the first U(Base, min(Cap, 3·Base))
	Uniform                    // U(Base, Cap), whatever k
	Scaled                     // U(Low·c, High·c)
	Added                      // min(Cap, U(Base, Base+c))
)

var jitterNames = names[Jitter]{
	NoJitter: "none", Full: "full", Equal: "equal", Decorrelated: "decorrelated", Uniform: "uniform",
	Scaled: "scaled", Added: "added",
}

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
	PingEvery        time.Duration // longest silence before a ping: each is U(PingEvery/2, PingEvery); at least 1 ms, or 0: no pings but the one that proves
	PingTimeout      time.Duration // longest that a ping may stay unanswered once it was handed over and nothing moves; > 0 where PingEvery > 0
	PingTimeoutMin   time.Duration // shortest: the timeout is srtt + 4·rttvar (RFC 6298 section 2) between the two; 0: always PingTimeout
	ExpectPing       time.Duration // longest wait for the server's own pings, after which the connection is killed; 0: none are expected
	WriteStall       time.Duration // a write that makes no progress for so long ends the connection; 0: 10 s (see StallAfter)
	CheckEvery       time.Duration // how often a usable connection is validated again, each U(CheckEvery/2, CheckEvery) after the last; at least 1 ms, or 0: never
	Lifetime         time.Duration // age at which a connection is replaced, each U(0.9, 1)·Lifetime, which must leave room for StableAfter; 0: never
	DrainTimeout     time.Duration // how long a connection that was replaced may take to finish what is in flight; 0: it is shut at once
	First            First         // the first reconnect after the loss of a healed connection
	Backoff          Backoff       // every later reconnect
	StableAfter      time.Duration // life after which a proved connection is stable; never less than the delay before it
	ResetOn          ResetOn
	Heed             bool       // obey Retry-After, close codes and HTTP statuses; false: every end is alike
	Rules            []Rule     // heeding: exceptions to the table of causes, the first that fits counts; nil: none
	Refreshable      bool       // there are credentials that can be refreshed; set by the driver, not by the policy's author
	Shared           bool       // dials are asked for (Ask) and admitted; set by the driver, not by the policy's author
	Endpoints        []Endpoint // where a client may dial; set by the pool, not by the policy's author. Shared: all that counts is whether there is more than one; none stands for any number, and Event.Only says when it is one
}

// defaultStall is what a WriteStall of 0 stands for.
const defaultStall = 10 * time.Second

// StallAfter is WriteStall, or what 0 stands for.
func (p *Policy) StallAfter() time.Duration {
	if p.WriteStall == 0 {
		return defaultStall
	}
	return p.WriteStall
}

// Backoff is the growth of delays while a client has not healed. From Table on its fields
// are what clients in the wild do and few should.
type Backoff struct {
	Base   time.Duration // the first step; must be > 0 unless there is a Table
	Cap    time.Duration // the largest step, >= Base; 0: Base
	Factor float64       // growth per attempt, >= 1; 0: 1
	Jitter Jitter

	Table     []time.Duration // the steps one by one, the last for all that follow, in the place of Base, Cap and Factor; nil: none
	Low, High float64         // of Scaled: 0 <= Low < High
	CapLast   bool            // the cap is applied to what was drawn, so that many delays at the cap are equal
	Plain     uint8           // the first so many steps are not jittered; 0: all are
	BaseMost  time.Duration   // each client draws its base once, U(Base, BaseMost), >= Base; 0: Base
	Next      time.Duration   // the step before an endpoint that this round of attempts has not tried, drawn from half of it up; 0, or with Decorrelated: a step like any other
	Tries     uint16          // failed attempts in a row after which a client gives up, at most MaxTries; 0: it never does
}

// MaxTries is the most attempts that a policy may count.
const MaxTries = 10_000

// Endpoint is what the policy knows of an address: lower Priority is dialled first,
// Weight (0 counts as 1) is its share among those of equal priority.
type Endpoint struct {
	Priority int
	Weight   int
}

// Rule is an exception to the table of causes: ends of Cause whose code lies in [From, To]
// ask for Verdict. Of two that fit, the first counts.
type Rule struct {
	Cause    Cause
	From, To uint16 // HTTP statuses or close codes; both 0: any
	Verdict  Verdict
}
