package heal

import (
	"runtime"
	"testing"
	"time"
	"unsafe"
)

// BenchmarkStep is the cost of one decision, by what happened.
func BenchmarkStep(b *testing.B) {
	p := everything()
	p.Endpoints = []Endpoint{{0, 3}, {0, 1}, {1, 0}, {5, 2}}
	p.Rules = []Rule{{CloseFrame, 4000, 4099, Pointless}, {TLS, 0, 0, Planned}}
	shared := p
	shared.Shared = true
	r := Rand{Seed: 42, Client: 7}
	const now = Instant(2 * time.Hour)
	ready := State{Phase: Stable, flags: healed, Gen: 3, Live: 3, Timer: 9, Opened: now - 1, Pings: 1, SRTT: 1000, CheckAt: momentOf(now) + 9999}
	in := func(phase Phase, change ...func(*State)) State {
		s := ready
		s.Phase, s.Mark = phase, now-1
		for _, f := range change {
			f(&s)
		}
		return s
	}
	dialling := func(s *State) { s.Gen++; s.set(replacing) }
	young := func(s *State) { s.unset(healed); s.Attempt, s.Steps = 3, 3 }
	timer := Event{Kind: TimerFired, Timer: 9, Inbound: now - 1, Outbound: now - 1, Handed: now - 1, Heard: now - 1}
	silent := timer
	silent.Inbound = 0
	for _, bm := range []struct {
		name string
		p    *Policy
		from State
		ev   Event
	}{
		{"event=start/then=dial", &p, State{}, Event{Kind: Start}},
		{"event=start/then=ask", &shared, State{}, Event{Kind: Start}},
		{"event=timer/then=rearm", &p, ready, timer},
		{"event=timer/then=ping", &p, in(Stable, func(s *State) { s.Opened = 0; s.set(wanted); s.MoveAt = momentOf(now) + 9 }), Event{Kind: TimerFired, Timer: 9, Heard: now}},
		{"event=timer/then=kill", &p, in(Suspect, func(s *State) { s.Mark = 1 }), Event{Kind: TimerFired, Timer: 9, Handed: 1, Outbound: 1, Heard: now}},
		{"event=timer/then=dial", &p, in(Waiting, young), timer},
		{"event=opened/then=ping", &p, in(Dialing), Event{Kind: Opened, Gen: 3}},
		{"event=failed/then=wait", &p, in(Dialing, young), Event{Kind: Failed, Gen: 3, Cause: Refused}},
		{"event=failed/then=wait-as-told", &p, in(Dialing, young), Event{Kind: Failed, Gen: 3, Cause: Status, Code: 503, RetryAfter: time.Second}},
		{"event=failed/then=stay", &p, in(Moving, dialling), Event{Kind: Failed, Gen: 4, Cause: Refused}},
		{"event=proved/then=ready", &p, in(Proving, young), Event{Kind: Proved, Gen: 3, RTT: time.Millisecond}},
		{"event=proved/then=drain", &p, in(Joining, func(s *State) { s.Gen++ }), Event{Kind: Proved, Gen: 4, RTT: time.Millisecond}},
		{"event=lost/then=wait", &p, ready, Event{Kind: Lost, Gen: 3, Cause: Reset}},
		{"event=lost/then=nothing", &p, ready, Event{Kind: Lost, Gen: 2}},
		{"event=lost/then=inherit", &p, in(Moving, dialling), Event{Kind: Lost, Gen: 3, Cause: Reset}},
		{"event=close/then=shut", &p, ready, Event{Kind: Close}},
		{"event=admitted/then=dial", &shared, in(Asking), Event{Kind: Admitted, Endpoint: 1}},
		{"event=disproved/then=wait", &p, in(Checking), Event{Kind: Disproved, Gen: 3}},
		{"event=checked/then=rearm", &p, in(Checking), Event{Kind: Checked, Gen: 3}},
		{"event=move/then=ask", &shared, ready, Event{Kind: Move}},
		{"event=scatter/then=wait", &shared, in(Waiting), Event{Kind: Scatter, Within: time.Minute}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			s := bm.from
			a := Step(now, bm.ev, &s, bm.p, r)
			if bm.name != "event=lost/then=nothing" && s == bm.from && len(a.All()) == 0 {
				b.Fatal("nothing happens")
			}
			b.ReportAllocs()
			for b.Loop() {
				s := bm.from
				Step(now, bm.ev, &s, bm.p, r)
			}
		})
	}
}

// BenchmarkOutage lets a million clients of a pool lose their connections at once, fail to
// come back for a while, and heal. Each of its iterations is the whole fleet.
func BenchmarkOutage(b *testing.B) {
	const fleet = 1_000_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	clients := make([]State, fleet)
	runtime.ReadMemStats(&after)
	p := policyLike("default")
	p.Shared, p.Endpoints = true, make([]Endpoint, 2)
	steps := 0
	b.ReportAllocs()
	for b.Loop() {
		for i := range clients {
			clients[i] = State{Phase: Stable, flags: healed, Gen: 1, Live: 1, Pings: 1}
			steps += outage(&clients[i], &p, Rand{Seed: 1, Client: uint64(i)})
		}
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/fleet, "heap-B/client")
	b.ReportMetric(float64(unsafe.Sizeof(State{})), "state-B")
	b.ReportMetric(float64(steps)/float64(b.N)/fleet, "steps/client")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(steps), "ns/step")
}

// outage takes one client through it, and returns the steps that it took.
func outage(s *State, p *Policy, r Rand) (steps int) {
	now, armed := Instant(time.Hour), Action{}
	step := func(ev Event) {
		a := Step(now, ev, s, p, r)
		if o := a.All(); len(o) > 0 && o[len(o)-1].Kind == Arm {
			armed = o[len(o)-1]
		}
		steps++
	}
	fire := func() {
		now = max(now, armed.At)
		step(Event{Kind: TimerFired, Timer: armed.Timer, Inbound: now, Outbound: now, Handed: now, Heard: now})
	}
	step(Event{Kind: Lost, Gen: 1, Cause: Reset})
	step(Event{Kind: Scatter, Within: time.Minute})
	for range 4 {
		fire()
		step(Event{Kind: Admitted})
		step(Event{Kind: Failed, Gen: s.Gen, Cause: Refused})
	}
	fire()
	step(Event{Kind: Admitted, Endpoint: 1})
	step(Event{Kind: Opened, Gen: s.Gen})
	step(Event{Kind: Proved, Gen: s.Gen, RTT: time.Millisecond})
	for s.Phase != Stable {
		fire()
	}
	return steps
}
