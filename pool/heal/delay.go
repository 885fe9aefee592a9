package heal

import (
	"math"
	"time"
)

// maxRetryAfter bounds what a server may ask for, so that one wrong header does not
// take a fleet away for days. The bound comes before the jitter.
const maxRetryAfter = 5 * time.Minute

// delay draws how long to wait before the next dial, which follows the end of s's
// last attempt or connection:
//
//	healed before     the rule of First
//	not healed        the next step of Backoff
//	  planned         no sooner than a draw from First's window either
//	  throttled       no sooner than the server's wish and a little more either
//
// Each draw is keyed by the generation to be dialled, so that two policies which draw
// for the same purpose draw the same number.
func (p *Policy) delay(s *State, r Rand, v Verdict, retryAfter time.Duration) time.Duration {
	gen := uint64(s.Gen) + 1
	var d time.Duration
	switch {
	case s.Attempt > 0, p.First.Rule == ByBackoff:
		d = p.Backoff.step(s.Steps, s.Delay, r, gen)
		s.Steps++
		if v == Planned {
			d = max(d, p.First.spread(r, gen))
		}
	default:
		d = p.First.spread(r, gen)
	}
	if v == Throttled {
		d = max(d, throttle(retryAfter, r, gen))
	}
	return d
}

// spread draws from the window, 0 where there is none.
func (f First) spread(r Rand, gen uint64) time.Duration {
	return r.Between(DrawFirst, gen, 0, f.Within)
}

// step draws the k-th delay, k counting from 0; previous is the one before it.
func (b Backoff) step(k uint32, previous time.Duration, r Rand, gen uint64) time.Duration {
	limit := max(b.Cap, b.Base)
	c := limit
	if f := float64(b.Base) * math.Pow(max(b.Factor, 1), float64(k)); f < float64(limit) {
		c = time.Duration(f)
	}
	switch b.Jitter {
	case Full:
		return r.Between(DrawBackoff, gen, 0, c)
	case Equal:
		return r.Between(DrawBackoff, gen, c/2, c)
	case Decorrelated:
		if k == 0 {
			previous = b.Base
		}
		return r.Between(DrawBackoff, gen, b.Base, min(limit, 3*previous))
	}
	return c
}

// throttle draws what a server's wish makes of the wait: all of it, and up to a fifth
// more, at least a second's worth, so that those who were told the same moment do not
// come back in it.
func throttle(retryAfter time.Duration, r Rand, gen uint64) time.Duration {
	wish := min(retryAfter, maxRetryAfter)
	return wish + r.Between(DrawThrottle, gen, 0, max(wish/5, time.Second))
}

// SilenceOf is how long a connection may be silent before it is pinged: the n-th draw
// of the client, n counting from 0 (State.Pings is that of the next). A half-open
// connection is found PingTimeout after it.
func (p *Policy) SilenceOf(r Rand, n uint32) time.Duration {
	return r.Between(DrawPing, uint64(n), p.PingEvery/2, p.PingEvery)
}
