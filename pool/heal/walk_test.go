package heal

import (
	"math/rand/v2"
	"testing"
	"time"
)

// walk drives a world by bytes: the first three pick the policy, every three after them
// are one happening. The world checks the invariants at each step, and in the end all
// goes well and the client must be back.
func walk(t testing.TB, data []byte) (w *world) {
	if len(data) < 3 {
		return nil
	}
	w = newWorld(t, walkPolicy(data[0], data[1], data[2]))
	w.blind = data[2]&64 != 0 && w.p.ExpectPing == 0
	w.pass(time.Millisecond) // evidence of the epoch itself is none
	for data = data[3:]; len(data) >= 3; data = data[3:] {
		w.happen(data[0], data[1], data[2])
	}
	return w
}

// walkPolicy is one of many policies.
func walkPolicy(a, b, c byte) Policy {
	p := policyLike(policyNames[int(a)%len(policyNames)])
	p.Endpoints = []Endpoint{{0, 3}, {0, 1}, {1, 0}, {5, 2}}[:a/8%5]
	p.Shared, p.Refreshable = b&1 != 0, b&2 != 0
	if b&4 != 0 {
		p.CheckEvery = 20 * time.Second
	}
	if b&8 != 0 {
		p.Lifetime = 30 * time.Second
	}
	if b&16 != 0 && p.PingEvery > 0 {
		p.PingTimeoutMin = p.PingTimeout / 8
	}
	if b&32 != 0 {
		p.ExpectPing = 25 * time.Second
	}
	if b&64 != 0 {
		p.First = First{}
	}
	if b&128 != 0 {
		p.WriteStall = time.Second
	}
	rules := []Rule{
		{Reset, 0, 0, Elsewhere},
		{CloseFrame, 1008, 1012, Reauth},
		{Status, 401, 401, Retry},
		{HalfOpen, 0, 0, Pointless},
		{Unpinged, 0, 0, Pointless},
		{EOF, 0, 0, Planned},
		{Invalid, 0, 0, Throttled},
	}
	if c&128 != 0 {
		p.Rules = rules[c%8%7:]
	}
	return p
}

// happen lets one thing happen, likely or not.
func (w *world) happen(what, a, b byte) {
	codes := []uint16{0, 1000, 1001, 1002, 1005, 1008, 1012, 1013, 4401, 400, 401, 429, 500, 503}
	end := Event{
		Cause: Cause(a % uint8(len(causeNames))), Code: codes[int(b)%len(codes)],
		RetryAfter: time.Duration(b) * 3 * time.Second,
	}
	if a >= 170 { // an end that carries a code, often
		end.Cause = []Cause{Status, CloseFrame}[a%2]
	}
	if b%4 != 0 {
		end.RetryAfter = 0
	}
	if b%8 == 1 {
		end.Within = time.Duration(a) * time.Second
	}
	if a%8 == 3 {
		end.Verdict = Verdict(b % uint8(len(verdictNames)))
	}
	end.Gen = w.s.Gen
	if b&1 != 0 {
		end.Gen = w.s.Live
	}
	if a%32 == 31 {
		end.Gen += uint32(b%5) - 2
	}
	long := time.Duration(a)*100*time.Millisecond + time.Duration(b)*time.Microsecond
	as := func(kind EventKind) Event { ev := end; ev.Kind = kind; return ev }

	switch what % 32 {
	case 0:
		w.step(Event{Kind: Start})
	case 1:
		if a%16 == 0 {
			w.step(Event{Kind: Close})
		}
	case 2, 3:
		w.step(Event{Kind: Opened, Gen: end.Gen})
	case 4, 5:
		w.step(as(Failed))
	case 6, 7:
		w.proveOn(end.Gen, time.Duration(b)*10*time.Millisecond)
	case 8:
		w.step(as(Lost))
	case 9:
		w.step(as(Disproved))
	case 10:
		w.byteAt(w.now)
	case 11:
		w.pass(long)
	case 12:
		ev := w.timerEvent(w.s.Timer + uint32(b%5) - 5)
		w.step(ev)
	case 13, 14:
		w.step(Event{Kind: Admitted, Endpoint: w.endpoint(b)})
	case 15:
		w.step(Event{Kind: Checked, Gen: end.Gen})
	case 16, 17:
		w.step(Event{Kind: Move})
	case 18:
		w.step(Event{Kind: Scatter, Within: time.Duration(a) * 4 * time.Second})
	case 19:
		w.clog()
	case 20:
		w.unclog()
	case 21:
		w.writes()
	case 22:
		w.drains()
	case 23:
		if k := w.live(); k != nil {
			k.evidence.Heard = w.now
		}
	case 24:
		if k := w.live(); k != nil {
			k.evidence.Path = Path(a % 3)
		}
	case 25, 26: // along the way to some phase, for walks that begin by losing it
		w.onward()
	default:
		if w.armed {
			w.fire()
		}
	}
}

// proveOn reports a round trip, where the driver could have seen one.
func (w *world) proveOn(gen uint32, rtt time.Duration) {
	w.step(Event{Kind: Proved, Gen: gen, RTT: rtt})
}

func (w *world) endpoint(b byte) uint8 { return b % uint8(max(len(w.p.Endpoints), 1)) }

// onward lets go well what the client waits for.
func (w *world) onward() {
	switch w.s.Phase {
	case Idle, Asking, Dialing, Proving, Checking, Joining:
		w.stepTo(Stable)
	case Moving:
		w.stepTo(Ready)
	case Waiting:
		w.fire()
	}
}

// FuzzStep walks at random, with all that a walk checks.
func FuzzStep(f *testing.F) {
	for i := range 3 * len(policyNames) {
		f.Add(walkBytes(uint64(i), 60))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if w := walk(t, data); w != nil {
			w.comesBack()
		}
	})
}

func walkBytes(seed uint64, steps int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	data := make([]byte, 3+3*steps)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	data[0] = byte(seed)
	data[3] = 0 // start
	return data
}

// A walk that never leaves home checks nothing: together the walks end in every phase.
func TestWalk(t *testing.T) {
	ends := map[Phase]int{}
	for seed := range uint64(5000) {
		ends[walk(t, walkBytes(seed, 5+int(seed%120))).s.Phase]++
	}
	t.Log(ends)
	for phase := Waiting; int(phase) < Phases; phase++ {
		if ends[phase] < 5 {
			t.Errorf("%d walks end %v", ends[phase], phase)
		}
	}
}

// comesBack lets all go well from now on, and holds invariant 20: the client is usable
// within the longest wait there is, and stays so until it is stable.
func (w *world) comesBack() {
	w.t.Helper()
	if w.s.Phase == Retired {
		return
	}
	if w.s.Phase == GaveUp || w.s.Phase == Idle {
		w.step(Event{Kind: Start})
	}
	began := w.now
	// What a server may ask for, and its window; the backoff; a dial and a proof that are cut off.
	most := 2*maxRetryAfter + w.p.Backoff.limit() + w.p.First.Within +
		4*w.p.HandshakeTimeout + 2*w.p.ProveTimeout + askAgain
	for steps := 0; !w.s.Phase.Usable(); steps++ {
		w.must(steps < 50 && w.now.Sub(began) <= most, 20, "%v after %v and %d steps of a healthy world", w.s.Phase, w.now.Sub(began), steps)
		w.stepTo(Stable)
	}
	began = w.now
	most = max(w.p.StableAfter, w.s.Delay) + w.p.PingTimeout + leastMoveCap
	for steps := 0; w.s.Phase != Stable; steps++ {
		w.must(steps < 5000 && w.now.Sub(began) <= 4*most, 20, "%v after %v and %d steps of a healthy world: %+v", w.s.Phase, w.now.Sub(began), steps, w.s)
		w.must(w.s.Phase.Usable(), 20, "%v in a healthy world: %+v, %+v", w.s.Phase, w.s, w.p)
		w.stepTo(Stable)
	}
}
