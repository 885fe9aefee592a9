package report

// Schema is the version of the journal's and the summary's shape.
const Schema = 1

// Record is one line of the journal. T is nanoseconds since the run's start; exactly
// one of the pointers is set.
type Record struct {
	T       int64    `json:"t"`
	Run     *Run     `json:"run,omitempty"`
	Phase   *Phase   `json:"phase,omitempty"`
	Step    *Step    `json:"step,omitempty"`
	Fault   *Fault   `json:"fault,omitempty"`
	Load    *Load    `json:"load,omitempty"`
	Harness *Harness `json:"harness,omitempty"`
	Target  *Target  `json:"target,omitempty"`
	Wire    *Wire    `json:"wire,omitempty"`
	Conn    *Conn    `json:"conn,omitempty"`
	Steady  *Steady  `json:"steady,omitempty"`
	Unfit   *Unfit   `json:"unfit,omitempty"`
	Crowd   *Crowd   `json:"crowd,omitempty"`
	Pushed  *Pushed  `json:"pushed,omitempty"`
	Note    *Note    `json:"note,omitempty"`
	End     *End     `json:"end,omitempty"`
}

// Run is the first record: what is run, where, and all that the report needs to know
// of the scenario, so that the journal stands alone.
type Run struct {
	Schema    int        `json:"schema"`
	Scenario  string     `json:"scenario"`
	About     string     `json:"about,omitempty"`
	Policy    string     `json:"policy"`
	Seed      uint64     `json:"seed"`
	Version   string     `json:"version"`
	Started   string     `json:"started"` // wall clock, RFC 3339: a label only
	Host      string     `json:"host"`    // "linux/amd64, 2 CPUs, go1.26.8"
	Clients   int        `json:"clients"`
	Seen      string     `json:"seen,omitempty"`    // "wire": the clients are not ours, and their steps are what the proxy saw of them; "": by themselves
	Sharing   bool       `json:"sharing,omitempty"` // they are one pool; false: each is alone
	Pattern   string     `json:"pattern,omitempty"` // of the load: Echo, Reply, Push, Silent, NoLoad; "": as Rate says
	Access    []Access   `json:"access,omitempty"`  // of targets that want more than an address
	Rate      float64    `json:"rate"`              // messages per second intended over all clients; 0: no load
	Size      int        `json:"size"`              // bytes
	Guarantee string     `json:"guarantee"`
	Hold      int64      `json:"hold"`         // ns
	Endpoints []string   `json:"endpoints"`    // by Step.Endpoint
	Mu        float64    `json:"mu,omitempty"` // handshakes per second of all targets together, where known
	Plan      []Planned  `json:"plan"`
	Steady    []string   `json:"steady_state,omitempty"` // as written
	Gates     []string   `json:"gates,omitempty"`        // as written
	Faults    []Intended `json:"faults,omitempty"`
	Control   string     `json:"control"`           // control cohort as a bitmap, base64 of little-endian bits by client; "" when empty
	Command   string     `json:"command,omitempty"` // how to run it again
}

// Planned is one phase of the plan, ns since the run's start.
type Planned struct {
	Name string `json:"name"`
	From int64  `json:"from"`
	To   int64  `json:"to"`
}

// Intended is one fault as the scenario asks for it.
type Intended struct {
	Name   string  `json:"name"`
	Kind   string  `json:"kind"`
	On     string  `json:"on"`
	Share  float64 `json:"share"`
	At     int64   `json:"at"`            // ns since the run's start
	For    int64   `json:"for,omitempty"` // ns; 0: instantaneous
	Detail string  `json:"detail,omitempty"`
	Cohort int     `json:"cohort"` // clients of the cohort
}

// Phase marks that a phase begins.
type Phase struct {
	Name string `json:"name"`
}

// Step is one healing decision: what happened to a client, and what was ordered.
// Fields are those of heal.Event, heal.State and heal.Action, so that the decision
// can be replayed. What is zero is left out; times are ns since the run's start.
type Step struct {
	Client        int    `json:"c"`
	Gen           uint32 `json:"gen"` // of the state after the step
	Event         string `json:"ev"`  // a heal.EventKind
	EventGen      uint32 `json:"eg,omitempty"`
	EventEndpoint uint8  `json:"ee,omitempty"` // admitted: where to
	Timer         uint32 `json:"timer,omitempty"`
	Cause         string `json:"cause,omitempty"`
	Code          uint16 `json:"code,omitempty"`
	Verdict       string `json:"verdict,omitempty"` // what the user's hook said of an end
	Only          bool   `json:"only,omitempty"`    // an end: shared: there is no other endpoint
	RetryAfter    int64  `json:"retry_after,omitempty"`
	Within        int64  `json:"within,omitempty"` // window to spread over
	RTT           int64  `json:"rtt,omitempty"`
	Inbound       int64  `json:"inbound,omitempty"` // timer: last byte that arrived
	Outbound      int64  `json:"outbound,omitempty"`
	Drained       int64  `json:"drained,omitempty"`
	Handed        int64  `json:"handed,omitempty"` // the last ping to the kernel
	Heard         int64  `json:"heard,omitempty"`  // the server's own last ping
	Path          string `json:"path,omitempty"`
	Connected     int64  `json:"connected,omitempty"` // opened: when it was a connection of TCP; 0: not told
	Secured       int64  `json:"secured,omitempty"`   // opened: when it was one of TLS; 0: without, or not told

	From     string   `json:"from"`
	To       string   `json:"to"`
	Attempt  uint32   `json:"attempt,omitempty"` // of the state after the step
	Endpoint uint8    `json:"ep,omitempty"`
	Late     int64    `json:"late,omitempty"` // ns after its due time that a timer was served
	Actions  []Action `json:"do,omitempty"`
}

// Action is one order of a step.
type Action struct {
	Kind     string `json:"a"` // a heal.ActionKind
	Gen      uint32 `json:"gen,omitempty"`
	Timer    uint32 `json:"timer,omitempty"`
	At       int64  `json:"at,omitempty"`
	Endpoint uint8  `json:"ep,omitempty"`
	Code     uint16 `json:"code,omitempty"`
	Avoid    bool   `json:"avoid,omitempty"` // ask: not Endpoint
	Fresh    bool   `json:"fresh,omitempty"`
}

// Fault is one edge of a fault's life, or its evidence.
type Fault struct {
	Name  string `json:"name"`
	Edge  string `json:"edge"`            // commanded confirmed cleared failed evidence
	Error string `json:"error,omitempty"` // failed

	// evidence: times are ns since the run's start, 0: never
	State      string `json:"state,omitempty"` // chaos.State
	Why        string `json:"why,omitempty"`
	First      int64  `json:"first,omitempty"`
	Last       int64  `json:"last,omitempty"`
	Targeted   int    `json:"targeted,omitempty"`
	Hit        int    `json:"hit,omitempty"`
	ControlHit int    `json:"control_hit,omitempty"`
	Resets     int64  `json:"resets,omitempty"`
	HeldChunks int64  `json:"held_chunks,omitempty"`
	HeldBytes  int64  `json:"held_bytes,omitempty"`
	Leaked     int64  `json:"leaked,omitempty"`
	Delayed    int64  `json:"delayed,omitempty"`
	DelayNS    int64  `json:"delay_ns,omitempty"`

	Counts map[string]int64 `json:"counts,omitempty"` // what else proves the kind of fault, by name
}

// Load is the messages of one interval, counted by the interval in which it happened;
// the phase is that of the message's intended time. Latencies are in latency.hlog
// under the tag "response.<phase>.<cohort>" and "service.<phase>.<cohort>", gaps between messages that
// answer none under "gap.<phase>.<cohort>" by the phase of the second; cohort being
// "control" or the faults whose cohorts have the client, by their places in Run.Faults:
// "f0", "f1", "f0-f1". The old word "faulted" stands for all of them.
type Load struct {
	From     int64                `json:"from"` // ns; the interval ends at T
	Phases   map[string]LoadCount `json:"phases"`
	LateP99  int64                `json:"late_p99"` // ns, sends on usable connections after their intended time
	LateMax  int64                `json:"late_max"`
	LateOver int64                `json:"late_over"`         // sends on usable connections later than 100 ms
	OnUsable int64                `json:"on_usable"`         // messages due while their client was usable
	Ordered  bool                 `json:"ordered,omitempty"` // LoadCount.Reordered is counted; false: it is not known
}

// LoadCount counts messages.
type LoadCount struct {
	Intended int64 `json:"intended"`          // due
	Sent     int64 `json:"sent"`              // handed to the kernel for the first time
	Acked    int64 `json:"acked"`             // answered for the first time
	Resent   int64 `json:"resent,omitempty"`  // handed to the kernel again
	Dup      int64 `json:"dup,omitempty"`     // answered again
	Dropped  int64 `json:"dropped,omitempty"` // given up, never to be sent again
	Waited   int64 `json:"waited,omitempty"`  // due while their client was down

	Pushed    int64 `json:"pushed,omitempty"`    // came, and answer none of these: the phase is that of their coming
	Reordered int64 `json:"reordered,omitempty"` // answered for the first time after a message that was due later to the same client
}

// Harness is the health of one process of the run over one interval.
type Harness struct {
	Process    string  `json:"process"` // engine, proxy, target:blue
	CPU        float64 `json:"cpu"`     // cores used
	Cores      int     `json:"cores"`
	RSS        int64   `json:"rss"` // bytes
	FDs        int     `json:"fds"`
	FDLimit    int     `json:"fd_limit"`
	TickP99    int64   `json:"tick_p99,omitempty"` // ns, engine only: lateness of a 10 ms ticker: starved CPU
	TickMax    int64   `json:"tick_max,omitempty"`
	GCPauseMax int64   `json:"gc_pause_max,omitempty"`
	Steal      float64 `json:"steal,omitempty"` // share of the machine's CPU time taken by others, engine only
}

// Target is what a target says of itself.
type Target struct {
	Name     string `json:"name"`
	Live     int64  `json:"live"`     // WebSocket connections open
	Upgraded int64  `json:"upgraded"` // handshakes completed since its start
	Rejected int64  `json:"rejected"` // handshakes turned away
	Queue    int64  `json:"queue"`    // handshakes waiting
	Stale    int64  `json:"stale"`    // handshakes worked on for clients that had left
	Messages int64  `json:"messages"`

	Replies *Replies `json:"replies,omitempty"` // nil: all went out as usual
}

// Replies is what a target has done with its replies on purpose, by its own clock, so that
// what is reported can be held against it.
type Replies struct {
	Read       int64 `json:"read"`                 // messages that arrived whole, but for those behind a close frame of its own
	Late       int64 `json:"late,omitempty"`       // replies kept back, and sent
	LateP50    int64 `json:"late_p50,omitempty"`   // ns from when the message was read until its reply went out
	LateP90    int64 `json:"late_p90,omitempty"`   // ns
	LateMin    int64 `json:"late_min,omitempty"`   // ns
	Lost       int64 `json:"lost,omitempty"`       // messages left unanswered
	Unanswered int64 `json:"unanswered,omitempty"` // messages behind a close frame of its own, and those that had left when their late reply was due
	Paused     int64 `json:"paused,omitempty"`     // ns from the beginning of the pause until the first was let in again
}

// Wire is what the proxy counted in front of one target since it started.
type Wire struct {
	Target    string `json:"target"`
	Accepted  int64  `json:"accepted"`
	Upgraded  int64  `json:"upgraded"`
	Live      int64  `json:"live"`
	Refused   int64  `json:"refused,omitempty"`
	BytesUp   int64  `json:"bytes_up"`
	BytesDown int64  `json:"bytes_down"`
	Errors    int64  `json:"errors,omitempty"`
}

// Conn is one connection as the proxy saw it. Times are ns since the run's start; 0: never.
type Conn struct {
	Target   string `json:"target"`
	Client   int    `json:"c"`   // -1: of nobody that the run knows
	Gen      uint32 `json:"gen"` // that it said; 0: none
	Accepted int64  `json:"accepted"`
	Opened   int64  `json:"opened,omitempty"` // the client was handed a 101
	Ended    int64  `json:"ended,omitempty"`
	Status   int    `json:"status,omitempty"` // of the answer to its upgrade; 0: none came
	Code     uint16 `json:"code,omitempty"`   // of its first close frame; 1005: that had none; 0: there was no close frame
	Closer   string `json:"closer,omitempty"` // whose that was: client, server
	By       string `json:"by,omitempty"`     // who ended it: client, server, fault
	Reset    bool   `json:"reset,omitempty"`
	Up       int64  `json:"up,omitempty"`      // messages from the client
	Down     int64  `json:"down,omitempty"`    // messages from the target
	Guessed  bool   `json:"guessed,omitempty"` // it did not say whose it is, and was given to a client by the order of arrival
}

// Steady is the steady-state check at the end of the baseline.
type Steady struct {
	Met    bool    `json:"met"`
	Checks []Check `json:"checks"`
}

// Check is one condition judged.
type Check struct {
	Text  string  `json:"text"`  // as written
	Value float64 `json:"value"` // in the metric's unit
	Met   bool    `json:"met"`
	Why   string  `json:"why,omitempty"` // no data, or what was found
}

// Unfit says that the harness could not do its work; the run is invalid.
type Unfit struct {
	Limit string `json:"limit"` // what ran out: "descriptors", "CPU"
	Why   string `json:"why"`
}

// Crowd is what clients that share have noticed together.
type Crowd struct {
	Notice   string `json:"notice"`           // a crowd.Notice: health, storm began, storm over, panic began, panic over, budget spent, budget back
	Endpoint uint8  `json:"ep,omitempty"`     // health: whose, by Run.Endpoints
	Health   string `json:"health,omitempty"` // health: what is held of it now
}

// Note is something worth reading that nothing is computed from.
type Note struct {
	Text string `json:"text"`
}

// End is the last record; a journal without it was cut off.
type End struct {
	Reason string `json:"reason"` // complete interrupted aborted unfit unsteady error
	Why    string `json:"why,omitempty"`
	Gate   string `json:"gate,omitempty"` // aborted: the gate that was broken, as written
}
