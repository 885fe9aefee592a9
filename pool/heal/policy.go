package heal

import "time"

// Jitter says how a delay is drawn from its step c = min(Cap, Base·Factor^k), k
// counting from 0. Jitter is always drawn after the cap.
type Jitter uint8

const (
	NoJitter     Jitter = iota // c
	Full                       // U(0, c)
	Equal                      // U(c/2, c)
	Decorrelated               // min(Cap, U(Base, 3·previous delay)), drawn so that it never sticks at Cap
)

// ResetOn says when a connection counts as healed, so that backoff starts afresh.
type ResetOn uint8

const (
	OnStable ResetOn = iota // after a validated exchange and StableAfter of life
	OnOpen                  // at the 101: what naive clients do, and what pins them to their shortest delay
)

// Policy is the declarative rules of healing for one client. Its zero value redials
// at once and for ever and never pings; policies.Load gives complete ones.
type Policy struct {
	Name             string
	HandshakeTimeout time.Duration // TCP, TLS and upgrade together; must be > 0
	ProveTimeout     time.Duration // from the 101 to the first validated exchange; must be > 0
	PingEvery        time.Duration // longest silence before a ping: each is U(PingEvery/2, PingEvery); 0: no pings
	PingTimeout      time.Duration // how long a ping may stay unanswered; > 0 where PingEvery > 0
	FirstSpread      time.Duration // first reconnect after an abnormal loss waits U(0, FirstSpread) (RFC 6455 7.2.3); 0: at once
	Backoff          Backoff       // every later reconnect
	StableAfter      time.Duration // life after which a proved connection is stable
	ResetOn          ResetOn
	Heed             bool       // obey Retry-After, close codes and HTTP statuses; false: every end is alike
	Endpoints        []Endpoint // where a client may dial; set by the pool, not by the policy's author
}

// Backoff is the growth of delays.
type Backoff struct {
	Base   time.Duration // the step of the first delayed attempt
	Cap    time.Duration // the largest step; 0: Base
	Factor float64       // growth per attempt, >= 1; 0: 1
	Jitter Jitter
}

// Endpoint is what the policy knows of an address: lower Priority is dialled first,
// Weight (0 counts as 1) is its share among those of equal priority.
type Endpoint struct {
	Priority int
	Weight   int
}
