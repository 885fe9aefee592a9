package toxi

import (
	"math/rand/v2"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

func init() {
	obeys(func(e chaos.Latency) (rule, chaos.Direction) { return latency{e.Delay, e.Jitter}, e.Way() })
}

// latency delays each chunk and the end of stream.
type latency struct{ mean, jitter time.Duration }

func (r latency) delay(o *order, l *lane, n uint64, _ bool) time.Duration {
	return r.draw(o, l.conn.who.Load().client, l.way, n)
}

// draw returns the delay of the n-th chunk of a client in one direction: uniform in
// mean ± jitter, and the same for the same seed, whenever it is asked.
func (r latency) draw(o *order, client uint64, way chaos.Direction, n uint64) time.Duration {
	if r.jitter == 0 {
		return r.mean
	}
	return r.mean - r.jitter + time.Duration(o.uniform(client, way, n)*float64(2*r.jitter))
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
