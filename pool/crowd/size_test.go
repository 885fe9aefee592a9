package crowd

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/pool/heal"
)

// sized is a pool that does what Size says: connections that are to come are usable after
// a while, if anything can be reached.
type sized struct {
	t      *testing.T
	s      Size
	p      SizePolicy
	now    heal.Instant
	size   int
	usable int
	down   bool
	again  heal.Instant
}

func newSized(t *testing.T, p SizePolicy) *sized {
	assert.Empty(t, p.Faults())
	return &sized{t: t, p: p}
}

// ask steps once; what was on its way has arrived by the next.
func (z *sized) ask(inFlight, waiting int) int {
	if !z.down {
		z.usable = z.size
	}
	var target int
	target, z.again = z.s.Step(z.now, Demand{Size: z.size, Usable: z.usable, InFlight: inFlight, Waiting: waiting}, &z.p)
	assert.Greater(z.t, z.again, z.now)
	z.size = target
	z.usable = min(z.usable, target)
	return target
}

func (z *sized) pass(d time.Duration, inFlight, waiting int) {
	for until := z.now.Add(d); z.now < until; {
		z.now = min(z.now.Add(time.Second), until)
		z.ask(inFlight, waiting)
	}
}

func TestSizeGrows(t *testing.T) {
	z := newSized(t, SizePolicy{Min: 2, Max: 100})
	assert.Equal(t, 2, z.ask(0, 0), "Min")
	assert.Equal(t, 2, z.ask(25, 0), "25 of 32")
	assert.Equal(t, 3, z.ask(26, 0), "26 are over 80 %")
	assert.Equal(t, 79, z.ask(500, 500), "at once to what is needed: 1000 at 12.8 each")
	assert.Equal(t, 100, z.ask(10_000, 0), "Max")

	z = newSized(t, SizePolicy{Max: 10})
	assert.Zero(t, z.ask(0, 0))
	assert.Equal(t, 1, z.ask(0, 1), "from nothing")
}

// Connections on their way may be enough: the pool does not grow over and over before
// they have come.
func TestSizeWaitsForThoseToCome(t *testing.T) {
	var s Size
	p := SizePolicy{Min: 2, Max: 1000}
	target, _ := s.Step(0, Demand{Size: 2, Usable: 2, Waiting: 100}, &p)
	assert.Equal(t, 8, target)
	target, _ = s.Step(1, Demand{Size: 8, Usable: 2, Waiting: 200}, &p)
	assert.Equal(t, 8, target)
	target, _ = s.Step(2, Demand{Size: 8, Usable: 7, Waiting: 200}, &p)
	assert.Equal(t, 16, target, "all but one are here, and it is not enough")
}

// An outage is no demand: whatever piles up, the pool keeps its size, also while what
// piled up is worked off.
func TestSizeOutage(t *testing.T) {
	z := newSized(t, SizePolicy{Min: 2, Max: 1000})
	z.pass(10*time.Second, 100, 0)
	size := z.size
	assert.Equal(t, 8, size)

	z.down, z.usable = true, 0
	z.pass(10*time.Minute, 0, 50_000)
	assert.Equal(t, size, z.size)
	z.down = false
	z.pass(4*time.Second, 100, 40_000)
	assert.Equal(t, size, z.size)
	z.pass(time.Minute, 100, 0)
	assert.Equal(t, size, z.size)

	// What still waits after that does count.
	z.down, z.usable = true, 3
	z.pass(time.Minute, 0, 50_000)
	assert.Equal(t, size, z.size, "not all are gone, but most")
	z.down = false
	z.pass(6*time.Second, 100, 1000)
	assert.Equal(t, 86, z.size)

	// And one that never came up is none.
	z = newSized(t, SizePolicy{Max: 1000})
	z.down = true
	z.pass(10*time.Minute, 0, 10)
	assert.Equal(t, 1, z.size)
	z.pass(10*time.Minute, 0, 10_000)
	assert.Equal(t, 1, z.size)
}

func TestSizeShrinks(t *testing.T) {
	z := newSized(t, SizePolicy{Min: 2, Max: 100})
	z.pass(time.Second, 1000, 0)
	assert.Equal(t, 79, z.size)
	z.pass(59*time.Second, 100, 0)
	assert.Equal(t, 79, z.size)
	z.pass(2*time.Second, 100, 0)
	assert.Equal(t, 60, z.size, "a quarter of it")
	z.pass(10*time.Minute, 100, 0)
	assert.Equal(t, 20, z.size, "100 are 31 % of what 20 should carry")
	z.pass(10*time.Minute, 0, 0)
	assert.Equal(t, 2, z.size)

	// One busy second begins the time anew.
	z.pass(time.Second, 1000, 0)
	for range 5 {
		z.pass(50*time.Second, 0, 0)
		z.pass(time.Second, 900, 0)
	}
	assert.Equal(t, 79, z.size)

	// It keeps room for the highest load of the time, and does not shrink in an outage.
	z = newSized(t, SizePolicy{Min: 1, Max: 100, ShrinkStep: 1})
	z.pass(time.Second, 1000, 0)
	z.pass(30*time.Second, 0, 0)
	z.pass(time.Second, 300, 0)
	z.pass(30*time.Second, 0, 0)
	assert.Equal(t, 35, z.size, "300 at 55 %")
	z.down, z.usable = true, 0
	z.pass(10*time.Minute, 0, 0)
	assert.Equal(t, 35, z.size)
}

// A pool that shrank does not grow back at once, at whatever steady load.
func TestSizeDoesNotFlap(t *testing.T) {
	for load := range 400 {
		z := newSized(t, SizePolicy{Min: 1, Max: 200, ShrinkStep: 1})
		z.pass(time.Second, 2000, 0)
		changes, before := 0, z.size
		for range 600 {
			z.pass(time.Second, load, 0)
			if z.size > before {
				t.Fatalf("load %d: from %d to %d", load, before, z.size)
			}
			if z.size != before {
				changes++
			}
			before = z.size
		}
		assert.LessOrEqual(t, changes, 3, "load %d", load)
	}
}

func TestSizeStaysWithin(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	p := SizePolicy{Min: 3, Max: 30}
	var s Size
	now := heal.Instant(0)
	for range 100_000 {
		now += heal.Instant(r.Int64N(int64(time.Minute)))
		d := Demand{Size: r.IntN(60), InFlight: r.IntN(1000), Waiting: r.IntN(1000)}
		d.Usable = r.IntN(d.Size + 1)
		target, again := s.Step(now, d, &p)
		if target < 3 || target > 30 || again <= now {
			t.Fatalf("%+v: %d, again in %v", d, target, again.Sub(now))
		}
	}
}
