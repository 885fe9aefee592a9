package scenarios

import (
	"strings"
	"time"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
)

// Scenario is one script, parsed, resolved and valid: defaults are filled in, names
// are looked up, times are absolute.
type Scenario struct {
	Name    string
	About   string
	Seed    uint64
	Targets []Target // by name
	Clients Clients
	Load    Load
	Phases  []Phase // warmup, baseline, chaos, recovery, verify, in order; those of length 0 left out
	Hold    time.Duration
	Steady  []report.Gate
	Faults  []Fault
	Gates   []report.Gate

	AllowRemote bool // targets off this host were allowed by the command line

	secrets []secret // as they came
	struck  []secret // as they are looked for
}

// Target is the server under test. Exactly one of Embedded, Command (with URL) and
// URL alone says what it is.
type Target struct {
	Name     string
	URL      string   // ws:// or wss://; empty for embedded
	Command  []string // started before the run and ended with it
	Host     string   // the name by which clients know it, which the run's resolver has; empty: its address
	Zone     string   // that fails as one (chaos.Zone); empty: none
	Embedded *Embedded

	// Of a target with a URL, for the upgrades of clients, probe and canaries.
	Headers      []Header
	Subprotocols []string // offered, best first, of which it must choose one; nil: none
	TLS          *TLS     // nil: as the system does

	source string // URL as it is written, with variables in place of secrets; "": it has none
}

// Shown is the target's address as it may be shown: with variables in place of secrets.
func (t Target) Shown() string {
	if t.source == "" {
		return t.URL
	}
	return strings.ReplaceAll(t.source, "$${", "${")
}

// Embedded configures the built-in echo server.
type Embedded struct {
	Handshake Handshake `yaml:"handshake" json:"handshake"`
	Replies   Replies   `yaml:"replies" json:"replies,omitzero"`
	TLS       bool      `yaml:"tls" json:"tls,omitempty"` // it speaks wss, and the clients trust it
}

// Handshake is the server's capacity to accept connections: mu = Workers/Cost. The
// zero value accepts at once, without limit.
type Handshake struct {
	Workers    int           `yaml:"workers" json:"workers,omitempty"`         // at work at once; 0: no limit
	Cost       time.Duration `yaml:"cost" json:"cost,omitempty"`               // time of one handshake
	Burn       bool          `yaml:"burn" json:"burn,omitempty"`               // the cost is burnt as CPU, not waited
	Queue      int           `yaml:"queue" json:"queue,omitempty"`             // waiting handshakes; 0: no limit
	Overflow   string        `yaml:"overflow" json:"overflow,omitempty"`       // beyond the queue: "503", "reset", "hang"; default 503
	RetryAfter time.Duration `yaml:"retry_after" json:"retry_after,omitempty"` // sent with 503, whole seconds; 0: not sent
	LIFO       bool          `yaml:"lifo" json:"lifo,omitempty"`               // serve the newest first
	StaleWork  bool          `yaml:"stale_work" json:"stale_work,omitempty"`   // spend the cost on clients that have left, too
}

// Clients is the fleet.
type Clients struct {
	Count     int
	Command   []string      // a program of others that has the clients, seen from the wire; nil: they are the pool's
	Ramp      time.Duration // first dials are paced evenly over this
	Sharing   string        // Alone or Shared
	Endpoints []Endpoint
	Policy    heal.Policy
	Shared    crowd.Policy // what they decide together; zero when they are alone
}

// Words for Clients.Sharing.
const (
	Alone  = "alone"
	Shared = "shared"
)

// Endpoint is where clients dial.
type Endpoint struct {
	Target   string
	Priority int
	Weight   int
}

// Phase of the plan, from the run's start.
type Phase struct {
	Name string
	From time.Duration
	To   time.Duration
}

// Fault placed in time.
type Fault struct {
	chaos.Fault               // Seed filled in
	At          time.Duration // from the run's start
	Expect      []chaos.Sight // what a canary of its cohort must see: one of these; empty: no canary is sent
}
