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
	s := report.Step{
		Client: ev.Client, Gen: ev.State.Gen,
		Event: ev.Step.Kind.String(), EventGen: ev.Step.Gen, Timer: ev.Step.Timer,
		Cause: ev.Step.Cause.String(), Code: ev.Step.Code,
		RetryAfter: int64(ev.Step.RetryAfter), Inbound: int64(ev.Step.Inbound),
		From: ev.From.String(), To: ev.State.Phase.String(),
		Attempt: uint32(ev.State.Attempt), Endpoint: ev.State.Endpoint, Late: int64(ev.Late),
	}
	if gaveUpOn(ev) {
		s.Cause = ev.State.Cause.String()
	}
	for _, a := range ev.Actions.All() {
		s.Actions = append(s.Actions, report.Action{
			Kind: a.Kind.String(), Gen: a.Gen, Timer: a.Timer, At: int64(a.At), Endpoint: a.Endpoint, Code: a.Code,
		})
	}
	return s
}

// gaveUpOn tells a timer by which the policy itself ended an attempt or a connection. No
// event of the network says why; the state does.
func gaveUpOn(ev driver.Event) bool {
	if ev.Step.Kind != heal.TimerFired || ev.From == heal.Waiting {
		return false
	}
	to := ev.State.Phase
	return to == heal.Waiting || to == heal.Dialing || to == heal.GaveUp
}

// stepEvent is the way back: the event that a record of the journal tells of.
func stepEvent(s report.Step) (heal.Event, error) {
	kind, ok := heal.ParseEventKind(s.Event)
	if !ok {
		return heal.Event{}, fmt.Errorf("event %q is none that a client knows", s.Event)
	}
	ev := heal.Event{
		Kind: kind, Code: s.Code, Gen: s.EventGen, Timer: s.Timer,
		RetryAfter: time.Duration(s.RetryAfter), Inbound: heal.Instant(s.Inbound),
	}
	if kind == heal.Failed || kind == heal.Lost {
		if ev.Cause, ok = heal.ParseCause(s.Cause); !ok {
			return heal.Event{}, fmt.Errorf("cause %q is none that a client knows", s.Cause)
		}
	}
	return ev, nil
}
