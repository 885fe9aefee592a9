package heal

import (
	"math/rand/v2"
	"testing"
	"time"
)

// walk drives a world by bytes: the first picks the policy, every three after it are
// one happening. The world checks the invariants at each step.
func walk(t testing.TB, data []byte) (w *world) {
	if len(data) == 0 {
		return nil
	}
	p := policyLike(policyNames[int(data[0])%len(policyNames)])
	p.Endpoints = []Endpoint{{0, 3}, {0, 1}, {1, 0}, {5, 2}}[:data[0]/8%5]
	w = newWorld(t, p)
	codes := []uint16{0, 1000, 1001, 1005, 1008, 1012, 1013, 400, 401, 429, 500, 503}
	for data = data[1:]; len(data) >= 3; data = data[3:] {
		a, b := data[1], data[2]
		cause, code := Cause(a%uint8(len(causeNames))), codes[int(b)%len(codes)]
		if a >= 200 { // an end that carries a code, often
			cause = []Cause{Status, CloseFrame}[a%2]
		}
		after := time.Duration(b) * 3 * time.Second
		gen := w.s.Gen
		if a%16 == 15 {
			gen += uint32(b%5) - 2
		}
		switch data[0] % 16 {
		case 0:
			w.step(Event{Kind: Start})
		case 1:
			if a%8 == 0 {
				w.step(Event{Kind: Close})
			}
		case 2, 3:
			w.step(Event{Kind: Opened, Gen: gen})
		case 4:
			w.step(Event{Kind: Failed, Gen: gen, Cause: cause, Code: code, RetryAfter: after})
		case 5, 6:
			w.step(Event{Kind: Proved, Gen: gen})
		case 7:
			w.step(Event{Kind: Lost, Gen: gen, Cause: cause, Code: code, RetryAfter: after})
		case 8:
			w.byteAt(w.now)
		case 9:
			w.pass(time.Duration(a)*100*time.Millisecond + time.Duration(b)*time.Microsecond)
		case 10:
			w.step(Event{Kind: TimerFired, Timer: w.s.Timer + uint32(b%5) - 5, Inbound: w.last})
		default:
			if w.armed {
				w.fire()
			}
		}
	}
	return w
}

// FuzzStep walks at random. Its seeds reach every phase (TestWalk).
func FuzzStep(f *testing.F) {
	for i := range policyNames {
		f.Add(walkBytes(uint64(i), 60))
	}
	f.Fuzz(func(t *testing.T, data []byte) { walk(t, data) })
}

func walkBytes(seed uint64, steps int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	data := make([]byte, 1+3*steps)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	data[0] = byte(seed)
	data[1] = 0 // start
	return data
}

// A walk that never leaves home checks nothing: together the walks end in every phase.
func TestWalk(t *testing.T) {
	ends := map[Phase]int{}
	for seed := range uint64(3000) {
		ends[walk(t, walkBytes(seed, 5+int(seed%120))).s.Phase]++
	}
	t.Log(ends)
	for phase := Waiting; phase <= Retired; phase++ {
		if ends[phase] < 5 {
			t.Errorf("%d walks end %v", ends[phase], phase)
		}
	}
}
