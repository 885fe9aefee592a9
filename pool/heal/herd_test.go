package heal

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const herdSize = 10_000

// herd loses every client at time zero, lets every attempt fail at once, and returns
// the dials by time: of each client, attempts of them.
func herd(p *Policy, attempts int) (dials [][]Instant) {
	dials = make([][]Instant, attempts)
	for client := range uint64(herdSize) {
		s := State{Phase: Stable, Gen: 1, Live: 1, flags: healed}
		now, ev := Instant(0), Event{Kind: Lost, Gen: 1, Cause: Reset}
		for i := range attempts {
			for s.Phase != Dialing {
				a := Step(now, ev, &s, p, Rand{Seed: 1, Client: client})
				last := a.All()[len(a.All())-1]
				if s.Phase == Waiting {
					now, ev = last.At, Event{Kind: TimerFired, Timer: last.Timer}
				}
			}
			dials[i] = append(dials[i], now)
			a := Step(now, Event{Kind: Failed, Gen: s.Gen, Cause: Refused}, &s, p, Rand{Seed: 1, Client: client})
			last := a.All()[len(a.All())-1]
			now, ev = last.At, Event{Kind: TimerFired, Timer: last.Timer}
		}
	}
	return dials
}

// A herd does not stay together: no moment is shared by more than a few, also after
// many attempts, when all delays are at the cap.
func TestHerdScatters(t *testing.T) {
	for _, name := range []string{"default", "full-jitter", "decorrelated", "uniform"} {
		p := policyLike(name)
		for i, times := range herd(&p, 10) {
			if i == 0 && p.First.Rule == AtOnce {
				continue // that is what the rule says
			}
			shared, most := map[Instant]int{}, 0
			for _, at := range times {
				shared[at]++
				most = max(most, shared[at])
			}
			// 10,000 draws out of at least 5e8 ns: three at one value are one in 10^6.
			assert.LessOrEqual(t, most, 2, "%s, attempt %d", name, i+1)
		}
	}
}

// What jitter is for: the busiest of the 100 ms bins of the first 5 s, as a share of
// the herd.
func TestHerdPeaks(t *testing.T) {
	peak := func(name string) float64 {
		p := policyLike(name)
		bins := map[Instant]int{}
		most := 0
		for _, times := range herd(&p, 8) {
			for _, at := range times {
				if bin := at / Instant(100*time.Millisecond); bin < 50 {
					bins[bin]++
					most = max(most, bins[bin])
				}
			}
		}
		return float64(most) / herdSize
	}
	assert.Equal(t, 1.0, peak("naive"), "all of them, each second")
	assert.Less(t, peak("default"), 0.1)
	assert.Greater(t, peak("full-jitter"), peak("default"), "hasty at first")
}

// The first reconnect is uniform over the window: a Kolmogorov-Smirnov distance of at
// most 1.95/sqrt(n), which one in a thousand seeds would miss.
func TestFirstIsUniform(t *testing.T) {
	p := policyLike("default")
	share := make([]int, 101)
	for _, at := range herd(&p, 1)[0] {
		require.Less(t, at, Instant(p.First.Within))
		share[int(at)*100/int(p.First.Within)+1]++
	}
	seen := 0
	for i, n := range share {
		seen += n
		assert.InDelta(t, float64(i)/100, float64(seen)/herdSize, 1.95/math.Sqrt(herdSize))
	}
}

// Keys that differ in one part by one give draws that know nothing of each other.
func TestRandIsUniform(t *testing.T) {
	keys := map[string]func(i uint64) (Rand, Purpose, uint64){
		"seed":    func(i uint64) (Rand, Purpose, uint64) { return Rand{i, 7}, DrawPing, 3 },
		"client":  func(i uint64) (Rand, Purpose, uint64) { return Rand{42, i}, DrawPing, 3 },
		"n":       func(i uint64) (Rand, Purpose, uint64) { return Rand{42, 7}, DrawPing, i },
		"purpose": func(i uint64) (Rand, Purpose, uint64) { return Rand{42, i / 9}, Purpose(i%9) + 1, 3 },
	}
	const n = 100_000
	for key, of := range keys {
		var bins [64]float64
		var ones, correlated, before float64
		seen := map[uint64]bool{}
		for i := range uint64(n) {
			r, purpose, k := of(i)
			u := r.Uint64(purpose, k)
			seen[u] = true
			bins[u>>58]++
			ones += float64(u & 1)
			f := r.Float(purpose, k)
			require.True(t, 0 <= f && f < 1)
			correlated += (f - 0.5) * (before - 0.5) * 12
			before = f
		}
		chi := 0.0
		for _, got := range bins {
			chi += (got - n/64) * (got - n/64) / (n / 64)
		}
		assert.Len(t, seen, n, "%s: no two alike", key)
		assert.Less(t, chi, 120.0, "%s: chi-squared, 63 degrees of freedom, one in 10^5", key)
		assert.InDelta(t, n/2, ones, 5*math.Sqrt(n)/2, "%s: the lowest bit", key)
		assert.InDelta(t, 0, correlated/n, 5/math.Sqrt(n), "%s: neighbours", key)
	}
}

func TestBetween(t *testing.T) {
	r := Rand{Seed: 1}
	assert.Equal(t, 5*time.Second, r.Between(DrawPing, 0, 5*time.Second, 5*time.Second))
	assert.Equal(t, 5*time.Second, r.Between(DrawPing, 0, 5*time.Second, time.Second))
	for n := range uint64(1000) {
		d := r.Between(DrawPing, n, time.Second, 2*time.Second)
		require.True(t, time.Second <= d && d < 2*time.Second)
	}
}
