package toxi

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/chaos"
)

const draws = 20_000

// drawn are the delays of many chunks, the same in each run.
func drawn(r latency) (list []float64) {
	o := &order{key: "slow", seed: 3}
	var d drift
	for n := range uint64(draws) {
		u := o.uniform(n%50, chaos.Down, n/50)
		if r.correlation > 0 {
			u = d.next(u, r.correlation)
		}
		list = append(list, float64(r.at(u)))
	}
	return list
}

func mean(list []float64) (sum float64) {
	for _, x := range list {
		sum += x
	}
	return sum / float64(len(list))
}

func deviation(list []float64) float64 {
	var sum float64
	for m := mean(list); len(list) > 0; list = list[1:] {
		sum += (list[0] - m) * (list[0] - m)
	}
	return math.Sqrt(sum / draws)
}

func TestDrawIsUniform(t *testing.T) {
	list := drawn(latency{mean: 100, jitter: 50})
	var tenths [10]int
	for _, d := range list {
		tenths[int(d-50)/10]++
	}
	assert.InDelta(t, 99.5, mean(list), 1)
	for i, k := range tenths {
		assert.InDelta(t, draws/10, k, 5*43, "tenth %d", i) // five standard deviations
	}
}

func TestDrawIsNormal(t *testing.T) {
	const m, j = 1e6, 1e5
	list := drawn(latency{mean: m, jitter: j, dist: chaos.Normal})
	assert.InDelta(t, m, mean(list), 5*j/math.Sqrt(draws))
	assert.InDelta(t, j, deviation(list), 5*j/math.Sqrt(2*draws))
	within := 0
	for _, d := range list {
		if math.Abs(d-m) < j {
			within++
		}
	}
	assert.InDelta(t, 0.6827*draws, within, 5*66)
	wide := drawn(latency{mean: 10, jitter: 10, dist: chaos.Normal})
	assert.Zero(t, slices.Min(wide), "never before it came")
}

func TestDrawHasALongTail(t *testing.T) {
	const m, j = 1e6, 1e5
	list := drawn(latency{mean: m, jitter: j, dist: chaos.Pareto})
	slices.Sort(list)
	assert.GreaterOrEqual(t, list[0], m-j)
	assert.InDelta(t, m, mean(list), 5*j*math.Sqrt(3)/math.Sqrt(draws)) // its deviation is √3 of its mean
	for _, p := range []float64{0.5, 0.9, 0.99} {
		assert.InEpsilon(t, m-j+2*j*(math.Pow(1-p, -1.0/3)-1), list[int(p*draws)], 0.05, "%v", p)
	}
	assert.LessOrEqual(t, list[draws-1], m-j+tailLimit*j)
	assert.InEpsilon(t, m+17*j, float64(latency{mean: m, jitter: j, dist: chaos.Pareto}.at(0.999)), 0.01, "as its comment says")
}

// Correlated, delays follow each other and have the same distribution all the same.
func TestDrawIsCorrelated(t *testing.T) {
	const m, j = 1e6, 1e5
	for _, correlation := range []float64{0.001, 0.5, 0.9} {
		list := drawn(latency{mean: m, jitter: j, dist: chaos.Normal, correlation: correlation})
		var sum float64
		for i := range draws - 1 {
			sum += (list[i] - m) * (list[i+1] - m)
		}
		assert.InDelta(t, correlation, sum/draws/j/j, 0.05)
		assert.InDelta(t, j, deviation(list), 0.05*j)
		assert.InDelta(t, m, mean(list), 0.1*j)
	}
}

// The first that crosses of a connection waits once more, and nothing after it.
func TestConnectsWaitOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.add("slow", "latency", `{"delay":100000000,"connect":true}`)
		for _, want := range []time.Duration{200, 100, 100} {
			began := time.Now()
			x.put("x")
			assert.Equal(t, "x", x.get())
			assert.Equal(t, want*time.Millisecond, time.Since(began))
		}
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}

// A link shared by two lanes carries what it can and no more, and both get their part.
func TestALinkIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, each = 1000, 500
		x := tapLane(t)
		o := x.add("thin", "bandwidth", `{"rate":1000,"shared":true,"units":"ours"}`)
		r := o.rule.(*link)
		other := newLane(x.lane.conn, chaos.Down)
		began := time.Now()
		others := make(chan time.Duration, 1)
		// Another connection's lane asks as the tap does.
		go func() {
			for range each / 20 {
				for wait := r.pace(o, other, 20, time.Now()); wait > 0; wait = r.pace(o, other, 20, time.Now()) {
					time.Sleep(wait)
				}
				r.paced(o, other, 20, time.Now())
			}
			others <- time.Since(began)
		}()
		x.in <- chunkOf(each)
		for range each / 20 {
			assert.Len(t, x.get(), 20)
		}
		lasts := []time.Duration{time.Since(began), <-others}
		whole := time.Second * 2 * each / rate
		piece := time.Second * 20 / rate
		for i, last := range lasts {
			assert.GreaterOrEqual(t, last, whole-4*piece, "lane %d", i)
			assert.LessOrEqual(t, last, whole, "lane %d", i)
		}
		assert.Positive(t, o.evidence().Counts["paced"])
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}

// Pieces are as far apart as is said.
func TestPiecesAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.add("crumbs", "slice", `{"size":2,"pause":10000000}`)
		began := time.Now()
		x.put("abcde")
		for i, piece := range []string{"ab", "cd", "e"} {
			assert.Equal(t, piece, x.get())
			assert.Equal(t, time.Duration(i)*10*time.Millisecond, time.Since(began))
		}
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}
