package export

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/wsheal/wsheal/report"
)

// ecsVersion is the version of the Elastic Common Schema whose names are used.
const ecsVersion = "8.11.0"

// event is one line of events.ndjson. Dots in names are part of them, as ECS loggers
// write them; what ECS has no name for is under wsheal.
type event struct {
	Timestamp string   `json:"@timestamp"` // UTC
	Level     string   `json:"log.level"`  // info warn error
	Message   string   `json:"message"`
	ECS       string   `json:"ecs.version"`
	Kind      string   `json:"event.kind"` // event, state
	Category  []string `json:"event.category,omitempty"`
	Type      []string `json:"event.type,omitempty"`
	Action    string   `json:"event.action"`
	Dataset   string   `json:"event.dataset"`
	Outcome   string   `json:"event.outcome,omitempty"`  // success failure unknown
	Duration  int64    `json:"event.duration,omitempty"` // ns
	Service   string   `json:"service.name"`
	Version   string   `json:"service.version,omitempty"`
	Error     string   `json:"error.message,omitempty"`
	Scenario  string   `json:"wsheal.scenario"`
	Policy    string   `json:"wsheal.policy"`
	T         int64    `json:"wsheal.t_ns"` // since the run's start
	Phase     string   `json:"wsheal.phase,omitempty"`
	Client    *int     `json:"wsheal.client,omitempty"`
	Gen       uint32   `json:"wsheal.generation,omitempty"`
	Attempt   uint32   `json:"wsheal.attempt,omitempty"`
	Endpoint  string   `json:"wsheal.endpoint,omitempty"`
	Cause     string   `json:"wsheal.cause,omitempty"`
	Code      uint16   `json:"wsheal.code,omitempty"`
	Fault     string   `json:"wsheal.fault,omitempty"`
	Gate      string   `json:"wsheal.gate,omitempty"`
	Value     *float64 `json:"wsheal.value,omitempty"`
}

// eventWriter turns the journal into events as it is read; of each client it keeps when it
// was lost.
type eventWriter struct {
	enc   *json.Encoder
	s     *report.Summary
	start time.Time
	phase string
	lost  map[int]int64
}

var errNoJournal = &LackError{"there is no journal.ndjson, in which the events are"}

// writeEvents writes what happened in the order of the journal: the run, its phases, the
// edges of faults, each connection's loss, attempts and healing, what the pool noticed; at the
// end each gate and the verdict. Counts, and steps by which nothing changes, are left out.
func writeEvents(out io.Writer, s Source) error {
	if s.Journal == nil {
		return errNoJournal
	}
	journal, err := s.Journal()
	if err != nil {
		return err
	}
	defer journal.Close()
	w := bufio.NewWriter(out)
	e := &eventWriter{enc: json.NewEncoder(w), s: s.Summary, lost: map[int]int64{}}
	e.enc.SetEscapeHTML(false)
	if e.start, err = time.Parse(time.RFC3339, s.Summary.Run.Started); err != nil {
		e.start = time.Unix(0, 0)
	}
	r := report.NewReader(journal)
	for r.Scan() {
		rec := r.Record()
		if ev := e.event(&rec); ev != nil {
			if err := e.write(rec.T, ev); err != nil {
				return err
			}
		}
	}
	if r.Err() != nil {
		return r.Err()
	}
	if err := e.judgement(); err != nil {
		return err
	}
	return w.Flush()
}

// write fills in what every event has.
func (e *eventWriter) write(t int64, ev *event) error {
	ev.Timestamp = e.start.Add(time.Duration(t)).UTC().Format("2006-01-02T15:04:05.000000000Z")
	ev.ECS, ev.Dataset, ev.Service, ev.Version = ecsVersion, "wsheal.events", "wsheal", visible(e.s.Run.Version)
	ev.Scenario, ev.Policy, ev.T, ev.Phase = visible(e.s.Run.Scenario), visible(e.s.Run.Policy), t, visible(e.phase)
	if ev.Kind == "" {
		ev.Kind = "event"
	}
	if ev.Level == "" {
		ev.Level = "info"
	}
	ev.Message, ev.Error = visible(ev.Message), visible(ev.Error)
	ev.Fault, ev.Gate, ev.Cause = visible(ev.Fault), visible(ev.Gate), visible(ev.Cause)
	return e.enc.Encode(ev)
}

// event is what a record tells; nil: nothing.
func (e *eventWriter) event(rec *report.Record) *event {
	switch {
	case rec.Run != nil:
		return &event{Action: "run.start", Message: "the run begins: " + rec.Run.Scenario}
	case rec.Phase != nil:
		e.phase = rec.Phase.Name
		return &event{Action: "phase", Message: "phase " + rec.Phase.Name + " begins"}
	case rec.Fault != nil:
		return faultEvent(rec.Fault)
	case rec.Step != nil:
		return e.step(rec.T, rec.Step)
	case rec.Steady != nil:
		if rec.Steady.Met {
			return &event{Action: "steady", Outcome: "success", Message: "steady state was reached"}
		}
		return &event{Action: "steady", Outcome: "failure", Level: "warn", Message: "steady state was not reached"}
	case rec.Unfit != nil:
		return &event{Action: "harness.unfit", Level: "error", Message: "the harness ran out of " + rec.Unfit.Limit, Error: rec.Unfit.Why}
	case rec.Crowd != nil:
		return &event{Action: "pool." + token(rec.Crowd.Notice), Message: rec.Crowd.Notice + " " + rec.Crowd.Health, Endpoint: e.endpoint(rec.Crowd.Endpoint)}
	case rec.Note != nil:
		return &event{Action: "note", Message: rec.Note.Text}
	case rec.End != nil:
		return &event{Action: "run.end", Message: "the run ends: " + rec.End.Reason, Error: rec.End.Why}
	}
	return nil
}

func faultEvent(f *report.Fault) *event {
	ev := &event{Action: "fault." + token(f.Edge), Fault: f.Name, Message: "fault " + f.Name + " " + f.Edge}
	switch f.Edge {
	case "failed":
		ev.Level, ev.Outcome, ev.Error = "error", "failure", f.Error
	case "evidence":
		ev.Message = "fault " + f.Name + ": " + f.State + ": " + f.Why
		if ev.Outcome = "failure"; f.State == "confirmed" {
			ev.Outcome = "success"
		}
	}
	return ev
}

// step is an event where a client's connection is lost, dialed, opened, usable, failed or
// given up.
func (e *eventWriter) step(t int64, s *report.Step) *event {
	ev := &event{
		Client: new(s.Client), Gen: s.Gen, Attempt: s.Attempt, Endpoint: e.endpoint(s.Endpoint),
		Cause: s.Cause, Code: s.Code, Category: []string{"network"},
	}
	what := fmt.Sprintf("client %d", s.Client)
	switch {
	case s.Event == "lost":
		e.lost[s.Client] = t
		ev.Action, ev.Type, ev.Outcome, ev.Level = "connection.lost", []string{"connection", "end"}, "failure", "warn"
		ev.Message = what + " lost its connection: " + s.Cause
	case s.Event == "failed":
		ev.Action, ev.Type, ev.Outcome, ev.Level = "connection.failed", []string{"connection", "error"}, "failure", "warn"
		ev.Message = what + " was not connected: " + s.Cause
	case s.To == "dialing" && s.From != "dialing":
		ev.Action, ev.Type = "connection.attempt", []string{"connection", "start"}
		ev.Message = what + " dials"
	case s.Event == "opened":
		ev.Action, ev.Type, ev.Outcome = "connection.opened", []string{"connection", "start"}, "success"
		ev.Message = what + " is connected"
	case s.Event == "proved" && s.From == "proving":
		ev.Action, ev.Type, ev.Outcome = "connection.usable", []string{"connection", "info"}, "success"
		ev.Message = what + " is usable"
		if since, down := e.lost[s.Client]; down {
			ev.Duration = t - since
			ev.Message += " again"
			delete(e.lost, s.Client)
		}
	case s.To == "gave up" && s.From != "gave up":
		ev.Action, ev.Type, ev.Outcome, ev.Level = "connection.given_up", []string{"connection", "end"}, "failure", "error"
		ev.Message = what + " gives up"
	default:
		return nil
	}
	return ev
}

func (e *eventWriter) endpoint(n uint8) string {
	if int(n) < len(e.s.Run.Endpoints) {
		return visible(e.s.Run.Endpoints[n])
	}
	return ""
}

// judgement writes the gates and the verdict, at the time of the last record.
func (e *eventWriter) judgement() error {
	outcome := map[string]string{string(report.Pass): "success", string(report.Fail): "failure"}
	of := func(word string) string {
		if o := outcome[word]; o != "" {
			return o
		}
		return "unknown"
	}
	for _, g := range e.s.Gates {
		ev := &event{Kind: "state", Action: "gate.judged", Gate: g.Text, Outcome: of(g.Verdict), Message: g.Text + ": " + judged(g)}
		if ev.Outcome != "unknown" && !g.Unbounded {
			ev.Value = new(g.Value)
		}
		if err := e.write(e.s.Duration, ev); err != nil {
			return err
		}
	}
	return e.write(e.s.Duration, &event{
		Kind: "state", Action: "run.judged", Outcome: of(string(e.s.Verdict)), Duration: e.s.Duration,
		Message: string(e.s.Verdict) + ": " + report.Headline(e.s), Error: strings.Join(e.s.Reasons, "; "),
	})
}
