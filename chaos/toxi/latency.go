package toxi

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

func init() {
	obeys(func(e chaos.Latency) (rule, chaos.Direction) {
		return latency{e.Delay, e.Jitter, e.Spread(), e.Correlation, e.Connect}, e.Way()
	})
}

// latency delays each chunk and the end of stream.
type latency struct {
	mean, jitter time.Duration
	dist         chaos.Dist
	correlation  float64
	connect      bool // the first chunk of a connection waits twice
}

func (r latency) delay(o *order, l *lane, n uint64, _ bool) time.Duration {
	more := time.Duration(0)
	if r.connect && n == 0 {
		more = r.mean
	}
	if r.jitter == 0 {
		return r.mean + more
	}
	u := o.uniform(l.conn.who.Load().client, l.way, n)
	if r.correlation > 0 {
		u = memory[drift](l, o).next(u, r.correlation)
	}
	return r.at(u) + more
}

// The shape of the long tail, and where it is cut off, in jitters above the delay.
const (
	tailShape = 3
	tailLimit = 100
)

// at returns the delay below which the part u of all delays lies, u from 0 to 1.
func (r latency) at(u float64) time.Duration {
	j := float64(r.jitter)
	switch r.dist {
	case chaos.Normal:
		return max(0, r.mean+time.Duration(j*quantile(u)))
	case chaos.Pareto: // of the second kind, with the jitter as its mean
		tail := (tailShape - 1) * (math.Pow(1-u, -1.0/tailShape) - 1)
		return r.mean - r.jitter + time.Duration(j*min(tail, tailLimit))
	}
	return r.mean - r.jitter + time.Duration(2*j*u)
}

// quantile is of the standard normal distribution, within what a float can tell.
func quantile(u float64) float64 {
	const edge = 1e-15
	return math.Sqrt2 * math.Erfinv(2*min(max(u, edge), 1-edge)-1)
}

// drift makes independent numbers depend on each other: the state of a lane.
type drift struct {
	last  float64 // normal
	began bool
}

// next returns a number from 0 to 1, uniform as u is, of which the normal quantile has a
// correlation with that of the one before.
func (d *drift) next(u, correlation float64) float64 {
	z := quantile(u)
	if d.began {
		z = correlation*d.last + math.Sqrt(1-correlation*correlation)*z
	}
	*d = drift{z, true}
	return math.Erfc(-z/math.Sqrt2) / 2
}

// uniform returns a number from 0 to 1 for the n-th chunk of a client in one direction,
// the same for the same seed and key.
func (o *order) uniform(client uint64, way chaos.Direction, n uint64) float64 {
	var pcg rand.PCG
	salt := o.seed
	for _, b := range []byte(o.key + string(way)) {
		salt = (salt ^ uint64(b)) * 0x100000001b3 // FNV's prime
	}
	pcg.Seed(salt^n*0x9e3779b97f4a7c15, client)
	return float64(pcg.Uint64()>>11) / (1 << 53)
}
