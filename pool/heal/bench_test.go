package heal

import (
	"testing"
)

// BenchmarkStep is the cost of one decision, by what happened.
func BenchmarkStep(b *testing.B) {
	p := policyLike("default")
	p.Endpoints = []Endpoint{{0, 3}, {0, 1}, {1, 0}, {5, 2}}
	r := Rand{Seed: 42, Client: 7}
	ready := State{Phase: Ready, Gen: 3, Timer: 9, Opened: 1, Live: 3, Pings: 1}
	for _, bm := range []struct {
		name string
		from State
		ev   Event
	}{
		{"event=timer/then=rearm", ready, Event{Kind: TimerFired, Timer: 9, Inbound: 2}},
		{"event=timer/then=dial", State{Phase: Waiting, Gen: 3, Timer: 9, Attempt: 3}, Event{Kind: TimerFired, Timer: 9}},
		{"event=failed/then=wait", State{Phase: Dialing, Gen: 3, Attempt: 3, Steps: 3}, Event{Kind: Failed, Gen: 3, Cause: Refused}},
		{"event=lost/then=nothing", ready, Event{Kind: Lost, Gen: 2}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s := bm.from
				Step(3, bm.ev, &s, &p, r)
			}
		})
	}
}
