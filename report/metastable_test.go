package report_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/report"
)

// stuckTape is a fleet of ten that is reset at 2 s and whose clients dial once a second
// and are refused half a second later. Those of back are let in when they dial at that
// second; from quit on nobody dials any more.
func stuckTape(t *testing.T, end int64, quit int64, back map[int]int64) *tape {
	p := broken(t, 10)
	home := map[int]bool{}
	for at := 3 * sec; at < min(end, quit); at += sec {
		for i := range 10 {
			switch {
			case home[i]:
			case back[i] != 0 && back[i]*sec <= at:
				home[i] = true
				p.up(at, i, "timer", nil)
			default:
				p.step(at, i, "timer", "dialing", nil)
			}
		}
		for i := range 10 {
			if !home[i] {
				p.fail(at+500*ms, i, "status", "waiting")
			}
		}
	}
	p.evidence(end, "cut", "confirmed", "")
	p.end(end)
	return p
}

func TestMetastableFailureIsSuspected(t *testing.T) {
	never := int64(1 << 62)
	s := stuckTape(t, 40*sec, never, nil).keep("metastable")
	assert.Equal(t, &report.Metastable{
		State: "suspected", Waited: 38 * sec, Needed: 30 * sec,
		Why: "38 s after the last fault 0 clients are usable, and of the last 100 attempts 100 failed",
	}, s.Metastable)
	assert.Equal(t, 1., s.Metrics["storm.metastable"])
	// 37 dials of each of ten clients in 38 s, none of which healed.
	assert.Equal(t, 370, s.Storm.Collateral)
	assert.InDelta(t, 370./38, s.Metrics["storm.collateral_rate"], 1e-12)
	assert.Equal(t, 36., s.Metrics["storm.retry_ratio"])

	half := map[int]int64{0: 5, 1: 5, 2: 5, 3: 5, 4: 5}
	all := map[int]int64{0: 5, 1: 5, 2: 5, 3: 5, 4: 5, 5: 6, 6: 6, 7: 6, 8: 6, 9: 6}
	rising := map[int]int64{0: 5, 1: 10, 2: 20, 3: 30, 4: 35, 5: 38}
	for _, c := range []struct {
		about string
		end   int64
		quit  int64
		back  map[int]int64
		state string
		value float64 // -1: none
	}{
		{"too early", 31 * sec, never, nil, "too early", -1},
		{"just late enough", 32 * sec, never, nil, "suspected", 1},
		{"half came back, the others go on in vain", 40 * sec, never, half, "suspected", 1},
		{"it still rises", 40 * sec, never, rising, "slow", 0},
		{"nobody tries any more", 40 * sec, 20 * sec, half, "down", 0},
		{"all came back", 40 * sec, never, all, "recovered", 0},
		{"all came back, and early", 10 * sec, never, all, "recovered", 0},
	} {
		s := stuckTape(t, c.end, c.quit, c.back).build()
		assert.Equal(t, c.state, s.Metastable.State, c.about)
		v, found := s.Metrics["storm.metastable"]
		assert.Equal(t, c.value >= 0, found, c.about)
		if found {
			assert.Equal(t, c.value, v, c.about)
		}
	}
}

// A floor of ten seconds gives a fleet fifty.
func TestMetastableWaitsForTheFloor(t *testing.T) {
	p := newTape(t, report.Run{Clients: 10, Mu: 1, Hold: sec, Faults: []report.Intended{{Name: "cut", At: 2 * sec}}})
	p.begin(0, "baseline")
	for i := range 10 {
		p.up(0, i, "start", nil)
	}
	p.edge(2*sec, "cut", "commanded")
	p.edge(2*sec, "cut", "confirmed")
	for i := range 10 {
		p.lose(2*sec, i, "reset")
	}
	p.end(51 * sec)
	s := p.build()
	assert.Equal(t, 50*sec, s.Metastable.Needed)
	assert.Equal(t, "too early", s.Metastable.State)
}

// The clients are back, their messages are not: what is sent again keeps the server busy.
func TestMetastableAnswers(t *testing.T) {
	build := func(acked, resent int64) *report.Summary {
		p := newTape(t, report.Run{Clients: 1, Rate: 10, Hold: sec, Faults: []report.Intended{{Name: "slow", At: 4 * sec, For: sec}}})
		p.begin(0, "baseline")
		p.up(0, 0, "start", nil)
		for k := int64(2); k <= 4; k++ {
			p.load(k, map[string]report.LoadCount{"baseline": {Intended: 10, Sent: 10, Acked: 10}}, nil)
		}
		p.edge(4*sec, "slow", "commanded")
		p.edge(4*sec, "slow", "confirmed")
		p.edge(5*sec, "slow", "cleared")
		for k := int64(5); k <= 40; k++ {
			p.load(k, map[string]report.LoadCount{"chaos": {Intended: 10, Sent: 10, Acked: acked, Resent: resent}}, nil)
		}
		p.end(40 * sec)
		return p.build()
	}
	assert.Equal(t, "suspected", build(4, 6).Metastable.State)
	assert.Equal(t, "slow", build(4, 0).Metastable.State)
	assert.Equal(t, "slow", build(6, 6).Metastable.State)
	assert.Equal(t, "recovered", build(10, 6).Metastable.State)
}
