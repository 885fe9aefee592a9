package engine

import (
	"fmt"
	"time"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
)

// StepRecord is one healing decision in the journal's words.
func StepRecord(ev driver.Event) report.Step {
	is := ev.Step
	s := report.Step{
		Client: ev.Client, Gen: ev.State.Gen,
		Event: is.Kind.String(), EventGen: is.Gen, EventEndpoint: is.Endpoint, Timer: is.Timer,
		Cause: is.Cause.String(), Code: is.Code, Verdict: is.Verdict.String(),
		Only: is.Only, RetryAfter: int64(is.RetryAfter), Within: int64(is.Within), RTT: int64(is.RTT),
		Inbound: int64(is.Inbound), Outbound: int64(is.Outbound), Drained: int64(is.Drained),
		Handed: int64(is.Handed), Heard: int64(is.Heard), Path: is.Path.String(),
		Connected: int64(ev.Connected), Secured: int64(ev.Secured),
		From: ev.From.String(), To: ev.State.Phase.String(),
		Attempt: uint32(ev.State.Attempt), Endpoint: ev.State.Endpoint, Late: int64(ev.Late),
	}
	if gaveUpOn(ev) {
		s.Cause = ev.State.Cause.String()
	}
	for _, a := range ev.Actions.All() {
		s.Actions = append(s.Actions, report.Action{
			Kind: a.Kind.String(), Gen: a.Gen, Timer: a.Timer, At: int64(a.At), Endpoint: a.Endpoint, Code: a.Code,
			Avoid: a.Avoid, Fresh: a.Fresh,
		})
	}
	return s
}

// gaveUpOn tells a step by which the policy itself ended an attempt or a connection, for
// its time was over or its validation failed. No event of the network says why; the state
// does.
func gaveUpOn(ev driver.Event) bool {
	if ev.Step.Kind != heal.TimerFired && ev.Step.Kind != heal.Disproved {
		return false
	}
	under := ev.From == heal.Dialing || ev.From == heal.Proving || ev.From.Usable()
	switch ev.State.Phase {
	case heal.Waiting, heal.Asking, heal.Dialing, heal.GaveUp:
		return under
	}
	return false
}

// stepEvent is the way back: the event that a record of the journal tells of.
func stepEvent(s report.Step) (heal.Event, error) {
	kind, ok := heal.ParseEventKind(s.Event)
	if !ok {
		return heal.Event{}, fmt.Errorf("event %q is none that a client knows", s.Event)
	}
	ev := heal.Event{
		Kind: kind, Code: s.Code, Gen: s.EventGen, Endpoint: s.EventEndpoint, Timer: s.Timer,
		Only: s.Only, RetryAfter: time.Duration(s.RetryAfter), Within: time.Duration(s.Within), RTT: time.Duration(s.RTT),
		Inbound: heal.Instant(s.Inbound), Outbound: heal.Instant(s.Outbound), Drained: heal.Instant(s.Drained),
		Handed: heal.Instant(s.Handed), Heard: heal.Instant(s.Heard),
	}
	if kind == heal.Failed || kind == heal.Lost {
		if ev.Cause, ok = heal.ParseCause(s.Cause); !ok {
			return heal.Event{}, fmt.Errorf("cause %q is none that a client knows", s.Cause)
		}
	}
	if ev.Verdict, ok = heal.ParseVerdict(s.Verdict); !ok {
		return heal.Event{}, fmt.Errorf("verdict %q is none that a client knows", s.Verdict)
	}
	if ev.Path, ok = heal.ParsePath(s.Path); !ok {
		return heal.Event{}, fmt.Errorf("path %q is none that a client knows", s.Path)
	}
	return ev, nil
}
