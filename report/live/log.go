package live

import (
	"encoding/json"
	"io"
	"time"
)

// ecsVersion is the version of the Elastic Common Schema whose names are used, as in
// events.ndjson.
const ecsVersion = "8.11.0"

// Entry is one line of a log for programs. What events.ndjson has too has its name there;
// what ECS has no name for is under wsheal.
type Entry struct {
	At       time.Time     `json:"-"`
	Level    Level         `json:"-"`
	Action   string        `json:"event.action"`
	Message  string        `json:"message"`
	Outcome  string        `json:"event.outcome,omitempty"` // success failure unknown
	Error    string        `json:"error.message,omitempty"`
	Scenario string        `json:"wsheal.scenario,omitempty"`
	Policy   string        `json:"wsheal.policy,omitempty"`
	T        time.Duration `json:"wsheal.t_ns"` // since the run's start; 0: before it, too
	Phase    string        `json:"wsheal.phase,omitempty"`
	Fault    string        `json:"wsheal.fault,omitempty"`
	URL      string        `json:"url.full,omitempty"`

	// Of the start and of progress alone.
	Seed     *uint64  `json:"wsheal.seed,omitempty"`
	Clients  *int     `json:"wsheal.clients,omitempty"`
	Usable   *int     `json:"wsheal.usable,omitempty"`
	Dials    *float64 `json:"wsheal.dials_per_second,omitempty"`
	Answers  *float64 `json:"wsheal.answers_per_second,omitempty"`
	Dialed   *int64   `json:"wsheal.dials,omitempty"`
	Answered *int64   `json:"wsheal.answers,omitempty"`
}

// Log writes entries as JSON, one a line and each in one write. One that cannot write any
// more stays silent.
type Log struct {
	out     io.Writer
	version string
	dead    bool
}

// NewLog makes a log of this program's version.
func NewLog(out io.Writer, version string) *Log { return &Log{out: out, version: version} }

// Write adds an entry.
func (l *Log) Write(e Entry) {
	if l.dead {
		return
	}
	line, err := json.Marshal(struct {
		Timestamp string `json:"@timestamp"` // UTC
		Level     string `json:"log.level"`  // info warn error
		ECS       string `json:"ecs.version"`
		Kind      string `json:"event.kind"`
		Dataset   string `json:"event.dataset"`
		Service   string `json:"service.name"`
		Version   string `json:"service.version,omitempty"`
		Entry
	}{e.At.UTC().Format("2006-01-02T15:04:05.000000000Z"), e.Level.String(), ecsVersion, "event", "wsheal.log", "wsheal", l.version, e})
	if err == nil {
		_, err = l.out.Write(append(line, '\n'))
	}
	l.dead = err != nil
}

// JSON writes what Plain does to a Log.
type JSON struct {
	log   *Log
	start time.Time
	begun bool
	beat  heartbeat
}

// NewJSON makes a view that logs; start is the run's time zero.
func NewJSON(log *Log, start time.Time) *JSON { return &JSON{log: log, start: start} }

// Draw logs the events of a state, if any, or a heartbeat when it is due.
func (j *JSON) Draw(s State) {
	if !j.begun {
		j.begun = true
		e := Entry{Action: "run.start", Message: beginning(s), Seed: new(s.Seed), Clients: new(s.Clients)}
		j.write(s, e, 0)
	}
	for _, ev := range s.Events {
		e := Entry{Level: ev.Level, Action: ev.Action, Message: ev.Text, Fault: ev.Fault, Phase: s.Phase}
		if ev.Level == Bad {
			e.Error = ev.Text
		}
		j.write(s, e, ev.At)
		j.beat.spoke(s.Now)
	}
	if j.beat.due(s.Now) {
		j.write(s, j.progress("run.progress", s), s.Now)
	}
}

// Close logs the last events, and where things stood.
func (j *JSON) Close(s State) {
	j.Draw(s)
	j.write(s, j.progress("run.end", s), s.Now)
}

func (j *JSON) write(s State, e Entry, at time.Duration) {
	e.At, e.T, e.Scenario, e.Policy = j.start.Add(at), at, s.Scenario, s.Policy
	j.log.Write(e)
}

func (j *JSON) progress(action string, s State) Entry {
	e := Entry{
		Action: action, Message: progress(s), Phase: s.Phase,
		Clients: new(s.Clients), Usable: new(s.Usable), Dials: new(whole(s.Attempts)), Dialed: new(s.Dialed),
	}
	if s.Rate > 0 {
		e.Answers, e.Answered = new(whole(s.Answers)), new(s.Answered)
	}
	return e
}
