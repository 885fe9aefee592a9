package driver

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// TestWheelAgainstAList drives a wheel and a plain list of timers through the same
// random life; what fires, when, and when to look next must agree.
func TestWheelAgainstAList(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 7))
		var w wheel
		timers := make([]*timer, 200)
		for i := range timers {
			timers[i] = &timer{number: uint32(i)}
		}
		model, placed := map[*timer]heal.Instant{}, map[*timer]heal.Instant{}
		now := heal.Instant(r.Int64N(int64(time.Hour)))
		w.advance(now, func(*timer) { t.Fatal("an empty wheel fired") })
		for range 3000 {
			switch x := timers[r.IntN(len(timers))]; r.IntN(4) {
			case 0, 1:
				w.disarm(x)
				span := int64(1) << (10 + r.IntN(44)) // a microsecond to five months
				x.at = now.Add(time.Duration(r.Int64N(span) - span/20))
				w.arm(x)
				model[x] = x.at
				placed[x] = max(x.at, now) / heal.Instant(tick)
			case 2:
				w.disarm(x)
				delete(model, x)
			case 3:
				next, ok := w.due()
				require.Equal(t, len(model) > 0, ok)
				if !ok {
					continue
				}
				earliest := slices.Min(values(model))
				require.LessOrEqual(t, next, max(earliest, now), "never too late to look")
				now = max(now, next)
				if r.IntN(2) == 0 {
					now = now.Add(time.Duration(r.Int64N(1 << (10 + r.IntN(40)))))
				}
				fired := map[*timer]bool{}
				last := heal.Instant(-1 << 62)
				w.advance(now, func(x *timer) {
					fired[x] = true
					require.GreaterOrEqual(t, placed[x], last)
					last = placed[x]
				})
				for x, at := range model {
					require.Equal(t, at <= now, fired[x], "timer at %d, now %d", at, now)
					if at <= now {
						delete(model, x)
					}
				}
				require.Len(t, fired, countDue(fired, now))
			}
		}
	}
}

// TestWheelTellsTheExactMoment follows due alone, as a shard does: every timer fires
// at its own nanosecond and the looks on the way are few.
func TestWheelTellsTheExactMoment(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var w wheel
	for range 500 {
		w.arm(&timer{at: heal.Instant(r.Int64N(int64(30 * time.Second)))})
	}
	fired, looks := 0, 0
	for {
		now, ok := w.due()
		if !ok {
			break
		}
		looks++
		w.advance(now, func(x *timer) {
			assert.Equal(t, now, x.at)
			fired++
		})
	}
	assert.Equal(t, 500, fired)
	assert.LessOrEqual(t, looks, 500+30_000/64+8, "one look per timer and per slot passed on the way down")
}

func TestWheelFiresWhatIsArmedWhileFiringNextTime(t *testing.T) {
	var w wheel
	x := &timer{at: 5}
	w.arm(x)
	again := func(x *timer) { x.at = 6; w.arm(x) }
	w.advance(10, again)
	at, ok := w.due()
	require.True(t, ok)
	assert.Equal(t, heal.Instant(6), at)
	fired := 0
	w.advance(10, func(*timer) { fired++ })
	assert.Equal(t, 1, fired)
	_, ok = w.due()
	assert.False(t, ok)
}

func values(m map[*timer]heal.Instant) (all []heal.Instant) {
	for _, at := range m {
		all = append(all, at)
	}
	return all
}

func countDue(fired map[*timer]bool, now heal.Instant) (n int) {
	for x := range fired {
		if x.at <= now {
			n++
		}
	}
	return n
}

func BenchmarkWheelArm(b *testing.B) {
	var w wheel
	timers := make([]timer, 10_000)
	i := 0
	for b.Loop() {
		x := &timers[i%len(timers)]
		w.disarm(x)
		x.at = heal.Instant(i%20_000) * heal.Instant(time.Millisecond)
		w.arm(x)
		i++
	}
}
