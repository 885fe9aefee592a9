package report

// Verdict of a run. They rank in this order: the first that applies wins.
type Verdict string

const (
	Invalid      Verdict = "invalid"      // the harness was unfit
	Inconclusive Verdict = "inconclusive" // steady state, a fault or a gate's data is missing: nothing was proven
	Fail         Verdict = "fail"         // a gate is broken
	Pass         Verdict = "pass"
)

// Summary is everything that is reported of a run: summary.json, and the only thing
// that the renderers read. It is a pure function of the run directory's raw files.
// All times are ns since the run's start, all durations ns, unless a name says otherwise.
//
// A duration of -1 is one without a finite value: the level was not reached, or so many
// messages were lost (clients never healed) that the percentile falls among them. The
// metrics that rest on it are then in Unbounded and not in Metrics, since JSON has no
// infinity; Values has both.
type Summary struct {
	Schema   int      `json:"schema"`
	Verdict  Verdict  `json:"verdict"`
	Reasons  []string `json:"reasons"`  // why, one sentence each; empty for pass
	Warnings []string `json:"warnings"` // doubts that do not change the verdict: corrupt lines, small samples
	Run      Run      `json:"run"`
	Ended    End      `json:"ended"` // reason "cut off" when the journal has no end
	Duration int64    `json:"duration"`

	Metrics   map[string]float64   `json:"metrics"`   // every metric that has a value, by the name that `wsheal metrics` lists
	Unbounded []string             `json:"unbounded"` // metrics that have no finite value: they break every upper limit
	Steady    *Steady              `json:"steady_state,omitempty"`
	Gates     []GateResult         `json:"gates"`
	Faults    []FaultResult        `json:"faults"`
	Recovery  Recovery             `json:"recovery"`
	Storm     Storm                `json:"storm"`
	Sharing   *Sharing             `json:"sharing,omitempty"` // nil: each client was alone
	Views     *Views               `json:"views,omitempty"`   // what the proxy saw of connections one by one; nil: there was none that could tell
	Messages  map[string]LoadCount `json:"messages"`          // by phase, and "all"
	Lost      map[string]int64     `json:"lost"`              // messages never acknowledged by the end, by phase of their intended time, and "all"
	Latency   []LatencyRow         `json:"latency"`           // by phase and cohort
	Shift     map[string]int64     `json:"shift"`             // by cohort, each fault's in its own time: median response while it was in force minus baseline; absent without data
	Causes    []CauseRow           `json:"causes"`            // why connections ended and attempts failed
	Clients   Clients              `json:"clients"`
	Fitness   Fitness              `json:"fitness"` // of the harness: what the limits of verdict "invalid" are held against
	Harness   []HarnessRow         `json:"harness"` // worst of each process
	Targets   []Target             `json:"targets"` // last word of each target
	Timeline  Timeline             `json:"timeline"`
	Heat      []Heat               `json:"heat,omitempty"`   // latency heat maps, by kind
	Raster    *Raster              `json:"raster,omitempty"` // the attempts one by one; nil: none

	Events        []Event `json:"events"`                    // first and last
	EventsLeftOut int     `json:"events_left_out,omitempty"` // between the two

	Dip         *Dip             `json:"dip,omitempty"`         // of the answers per second; nil: nothing broken, or too little load to say
	Balance     *Balance         `json:"balance,omitempty"`     // nil: one endpoint, or nothing broken
	Connections *Connections     `json:"connections,omitempty"` // nil: no target counted them in the baseline and at the end
	Guarantee   *Guarantee       `json:"guarantee,omitempty"`   // nil: no load, or none declared
	Budget      *Budget          `json:"budget,omitempty"`      // nil: no time was measured
	Pushes      *Pushes          `json:"pushes,omitempty"`      // nil: the targets send nothing of their own accord
	Pings       *Quantiles       `json:"pings,omitempty"`       // of pings that were answered, from the baseline's start on, until their pong; nil: none was
	Metastable  *Metastable      `json:"metastable,omitempty"`  // nil: nothing broken, or not over
	Samples     map[string]int64 `json:"samples"`               // of the metrics that rest on a sample: its size
}

// GateResult is one gate judged.
type GateResult struct {
	Text      string  `json:"text"`
	Metric    string  `json:"metric"`
	Unit      string  `json:"unit"`
	Value     float64 `json:"value"`               // 0 when Unbounded or without data
	Unbounded bool    `json:"unbounded,omitempty"` // there is data, and no finite value
	Limit     float64 `json:"limit"`
	Verdict   string  `json:"verdict"` // pass, fail, "no data"
	Why       string  `json:"why"`
	N         int64   `json:"n,omitempty"`   // the sample that the value rests on; 0: it rests on none
	Few       bool    `json:"few,omitempty"` // that is fewer than the metric's minimum

	Low  *float64 `json:"low,omitempty"`  // of the interval of 95 % of a percentile; nil: it has no such bound, or none is known
	High *float64 `json:"high,omitempty"` // the same
}

// FaultResult is one fault: what was asked, when it was in force, what it did.
type FaultResult struct {
	Intended
	Commanded    int64  `json:"commanded"` // 0: never
	Confirmed    int64  `json:"confirmed"`
	Cleared      int64  `json:"cleared"`
	State        string `json:"state"`
	Why          string `json:"why"` // the counts behind the state, in words
	Evidence     Fault  `json:"evidence"`
	SawReset     int    `json:"saw_reset"`               // clients that saw ECONNRESET from commanded to the run's end
	Fleet        Marks  `json:"fleet"`                   // fleet recovery from its confirmed edge
	Shift        *int64 `json:"shift,omitempty"`         // median response of its cohort while it was in force minus baseline; nil: no data
	ControlShift *int64 `json:"control_shift,omitempty"` // the same of the control cohort
}

// Recovery of the clients that lost their connection from the first fault's command on.
type Recovery struct {
	Zero      string    `json:"zero"`     // the default zero: "confirmed"; "" when no fault was commanded
	Lost      int       `json:"lost"`     // clients that lost their connection
	Healed    int       `json:"healed"`   // of them, usable again to the end
	Unhealed  int       `json:"unhealed"` // censored: still not usable at the end
	Baseline  float64   `json:"baseline"` // median usable clients over the baseline
	Held      bool      `json:"held"`     // t100 was reached for good, and for the hold time at least
	Confirmed Marks     `json:"confirmed"`
	Commanded Marks     `json:"commanded"`
	Cleared   Marks     `json:"cleared"`
	Floor     int64     `json:"floor,omitempty"` // shortest t99 from cleared that the handshake capacity allows; 0: capacity unknown, or nobody lost
	Client    Quantiles `json:"client"`          // per client and fault: from its loss to usable again for good
	Detect    Quantiles `json:"detect"`          // per client and fault: from the fault's confirmed edge to its loss being noticed
	FirstTry  Quantiles `json:"first_try"`       // per client and fault: from its loss to its first attempt; those that made none are left out
	Onset     Quantiles `json:"onset"`           // per client and fault: from the fault's confirmed edge to usable again for good
	Lag       Quantiles `json:"lag"`             // per client and fault: from its loss, or the end of the fault if that was later, to usable again for good
	Curve     []Point   `json:"curve"`           // share of the lost clients that are back, over time since confirmed

	FloorNoticed int64 `json:"floor_noticed,omitempty"` // the same when no loss is known sooner than it was noticed; 0 where Floor is, or the fault is not over

	Waited   int64           `json:"waited,omitempty"`    // longest that an unhealed client had been down at the end
	Estimate *Estimate       `json:"estimate,omitempty"`  // of Client, by Kaplan and Meier; nil: nobody lost
	Survival []SurvivalPoint `json:"survival,omitempty"`  // the estimate as a curve
	Outages  *Outages        `json:"outages,omitempty"`   // taken apart; nil: nobody lost
	CaughtUp *int64          `json:"caught_up,omitempty"` // from the last fault's end until no more messages waited than in the baseline; -1: not by the end; nil: no data
}

// Estimate are quantiles of a Kaplan-Meier estimate; -1 where it does not come to them.
type Estimate struct {
	P50 int64 `json:"p50"`
	P90 int64 `json:"p90"`
	P99 int64 `json:"p99"`
}

// Marks are fleet recovery times from one zero; -1 where the level was not reached for
// good. Zero 0: there is no such edge, or no baseline to compare with, and no mark means
// anything. With several faults each mark is the worst over them, and Zero is the edge of
// the fault that took longest.
type Marks struct {
	Zero int64 `json:"zero"`
	T50  int64 `json:"t50"`
	T90  int64 `json:"t90"`
	T99  int64 `json:"t99"`
	T100 int64 `json:"t100"`
}

// Quantiles of a sample; N 0 means that there is none.
type Quantiles struct {
	N   int   `json:"n"`
	Min int64 `json:"min"`
	P50 int64 `json:"p50"`
	P90 int64 `json:"p90"`
	P99 int64 `json:"p99"`
	Max int64 `json:"max"`
}

// Storm is the reconnect attempts from the first fault's commanded edge to the end.
type Storm struct {
	Lost       int     `json:"lost"`            // clients that lost their connection: a client has one, so the most that can come back at once
	Losses     int     `json:"losses"`          // connections lost, repeated losses of one client included
	Attempts   int     `json:"attempts"`        // dials, those of planned moves left out
	Moves      int     `json:"moves,omitempty"` // dials of planned moves: their clients were usable meanwhile
	Healed     int     `json:"healed"`          // dials that led to a usable connection
	Peak100ms  int     `json:"peak_100ms"`      // most attempts in any sliding window
	Peak1s     int     `json:"peak_1s"`
	Hopeless   int     `json:"hopeless"`   // failed, begun before the fault was cleared
	Collateral int     `json:"collateral"` // failed, begun after it was cleared
	InWindow   int     `json:"in_window"`  // attempts that Sync is computed over: from the first loss to full recovery
	Sync       float64 `json:"sync"`       // synchronisation index S, 0 spread to 1 lock-step
	First      int     `json:"first"`      // attempts that were the first since their client's loss; the rest are retries
	Bins       int64   `json:"bins"`       // of 100 ms that Sync is computed over
	PeakToMean float64 `json:"peak_to_mean,omitempty"`
	Fano       float64 `json:"fano,omitempty"`  // variance over mean of the attempts in a bin; 1: at random
	After      int64   `json:"after,omitempty"` // ns from the end of the last fault to full recovery, or to the end of the run: in which attempts were collateral; 0: no such time
}

// Sharing is what the clients of one pool decided together.
type Sharing struct {
	Storms    int          `json:"storms"`    // times that so many connections were lost at once that coming back was spread
	Ejections int          `json:"ejections"` // of endpoints
	Admission Quantiles    `json:"admission"` // per dial after the first fault's command: from asking for it to being admitted
	Spans     []SharedSpan `json:"spans"`
	More      int          `json:"more,omitempty"` // spans that are not listed
}

// SharedSpan is something that lasted.
type SharedSpan struct {
	What     string `json:"what"`               // storm, panic, "budget spent", ejected, degraded
	Endpoint string `json:"endpoint,omitempty"` // ejected, degraded: which
	From     int64  `json:"from"`
	To       int64  `json:"to"` // -1: it was not over at the end
}

// LatencyRow is one row of the latency table, ns.
type LatencyRow struct {
	Phase  string  `json:"phase"`  // of the intended time; "settled" from t100 + hold on, "all" without warmup
	Cohort string  `json:"cohort"` // control (in no fault's cohort), faulted (in any), all
	Kind   string  `json:"kind"`   // response (from intended time), service (from actual send)
	N      int64   `json:"n"`
	Lost   int64   `json:"lost"` // messages of the phase that never came back (of service: that were sent and never came back); they count inside the percentiles (all cohorts together only)
	P50    int64   `json:"p50"`
	P90    int64   `json:"p90"`
	P99    int64   `json:"p99"`
	P999   int64   `json:"p99_9"`
	Max    int64   `json:"max"`
	Prompt int64   `json:"within_1s"`       // of N, those of a second or less
	Curve  []Point `json:"curve,omitempty"` // response: the share of the messages that was answered within a time
}

// CauseRow counts ends of connections ("lost") and failed attempts ("failed") of one cause.
type CauseRow struct {
	Event   string `json:"event"`
	Cause   string `json:"cause"`
	Code    uint16 `json:"code,omitempty"`
	Count   int    `json:"count"`
	Clients int    `json:"clients"` // distinct
}

// Clients is what became of the fleet.
type Clients struct {
	Usable int     `json:"usable"` // at the end
	Reset  int     `json:"reset"`  // distinct clients that saw ECONNRESET
	Up     float64 `json:"up"`     // client-seconds usable from the baseline's start on
	Due    float64 `json:"due"`    // client-seconds of that time
}

// Fitness of the harness. Lateness counts only while calm: in baseline and verify, and
// while the whole fleet has been usable for the hold time, so that work which the
// clients' own reconnects cause is not held against it. Ticks are nobody's work: a stall
// counts while something heals, where it would change what is found.
type Fitness struct {
	Sends      int64   `json:"sends"`       // messages due on usable connections while calm
	LateSends  int64   `json:"late_sends"`  // of them, sent more than 100 ms late
	LateP99    int64   `json:"late_p99"`    // highest p99 of one interval while calm
	Timers     int64   `json:"timers"`      // policy timers served while calm
	LateTimers int64   `json:"late_timers"` // of them, more than 100 ms late
	TimerP99   int64   `json:"timer_p99"`
	Ticks      int     `json:"ticks"`             // intervals with a tick measurement from the baseline's start on
	TickP99    int64   `json:"tick_p99"`          // median over them of the ticker's p99 lateness
	Healing    int64   `json:"healing,omitempty"` // ns from the first fault's command to full recovery, the faults' end and the hold time, or the end
	Stall      int64   `json:"stall,omitempty"`   // latest tick in that time; 0: none of more than 100 ms
	Stalls     int64   `json:"stalls,omitempty"`  // sum of its ticks that were later than 100 ms, one an interval
	Processes  int     `json:"processes"`         // with a known descriptor limit
	FDs        float64 `json:"fds"`               // highest share of its descriptor limit that a process used
	FDProcess  string  `json:"fd_process,omitempty"`
}

// HarnessRow is the worst of one process over the run.
type HarnessRow struct {
	Process  string  `json:"process"`
	CPU      float64 `json:"cpu"` // cores, highest interval
	RSS      int64   `json:"rss"`
	FDs      int     `json:"fds"`
	FDLimit  int     `json:"fd_limit"`
	TickP99  int64   `json:"tick_p99,omitempty"`
	LateP99  int64   `json:"late_p99,omitempty"`  // engine: sends on usable connections
	TimerP99 int64   `json:"timer_p99,omitempty"` // engine: policy timers
	GCPause  int64   `json:"gc_pause,omitempty"`  // engine: longest
	Steal    float64 `json:"steal,omitempty"`     // engine: highest share of the machine's CPU time that others took
}

// Timeline is series over the run on one axis, a point per Step ns.
type Timeline struct {
	Step      int64     `json:"step"`
	Usable    []int     `json:"usable"`   // clients at the end of each step
	Attempts  []int     `json:"attempts"` // dials begun in each step
	Failed    []int     `json:"failed"`   // of them, those that failed
	Acked     []float64 `json:"acked"`    // answers per second, by load interval
	AckedStep int64     `json:"acked_step"`
	P99       []int64   `json:"p99"` // response p99 by load interval, ns, -1 where there is none
}

// Point of a curve.
type Point struct {
	T int64   `json:"t"`
	V float64 `json:"v"`
}
