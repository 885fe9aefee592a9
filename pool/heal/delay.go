package heal

import (
	"math"
	"time"
)

// maxRetryAfter bounds what a server may ask for, the wait and the window each, so that one
// wrong header does not take a fleet away for days. The bound comes before the jitter.
const maxRetryAfter = 5 * time.Minute

// leastMoveCap is the least cap of the delays between planned moves that fail: the client
// is usable meanwhile.
const leastMoveCap = time.Minute

// delay draws how long to wait before the next dial, which follows the end of s's
// last attempt or connection:
//
//	healed before     the rule of First
//	not healed        the next step of Backoff
//	  planned         no sooner than a draw from First's window either
//	stern             the next step of Backoff, no sooner than First's rule where it healed before
//	slow              no sooner than a draw from the upper half of Backoff's cap either
//	asked to wait     no sooner than what was asked for and a little more either
//
// Each draw is keyed by the generation to be dialled, so that two policies which draw
// for the same purpose draw the same number.
func (p *Policy) delay(s *State, r Rand, v ruling, e end) time.Duration {
	gen := uint64(s.Gen) + 1
	var d time.Duration
	if first := s.Attempt == 0; first && p.First.Rule != ByBackoff && v.pace != stern {
		d = p.First.spread(r, gen)
	} else {
		d = p.Backoff.step(s.Steps, s.Delay, r, gen)
		s.Steps += min(1, math.MaxUint8-s.Steps)
		if v.verdict == Planned || first {
			d = max(d, p.First.spread(r, gen))
		}
	}
	if v.pace == slow {
		limit := p.Backoff.limit()
		d = max(d, r.Between(DrawBackoff, gen, limit/2, limit))
	}
	if v.wait {
		d = max(d, throttle(e, r, gen))
	}
	return d
}

// moveDelay draws how long after the failed-th failure in a row a planned move is tried
// again: from the upper half of a step that doubles, or of the cap where the failure said
// that trying again is pointless. The client's own attempts and delays do not enter.
func (p *Policy) moveDelay(s *State, r Rand, v ruling, e end) time.Duration {
	gen := uint64(s.Gen) + 1
	b := Backoff{Base: p.Backoff.Base, Cap: max(p.Backoff.limit(), leastMoveCap), Factor: 2}
	c := b.Cap
	if failed := s.Gen - s.Live; v.verdict != Pointless {
		c = b.step(uint8(min(failed-1, math.MaxUint8)), 0, r, gen)
	}
	d := r.Between(DrawLifetime, 2*gen+1, c/2, c)
	if v.wait {
		d = max(d, throttle(e, r, gen))
	}
	return d
}

// moveSpread draws how long a move that the owner wants is put off: as a first reconnect
// would be, by one step of the backoff at most.
func (p *Policy) moveSpread(r Rand, gen uint32) time.Duration {
	within := p.First.Within
	if p.First.Rule == ByBackoff && p.Backoff.Jitter != NoJitter {
		within = p.Backoff.Base
	}
	return r.Between(DrawLifetime, 2*(uint64(gen)+1)+1, 0, within)
}

// spread draws from the window, 0 where there is none.
func (f First) spread(r Rand, gen uint64) time.Duration {
	return r.Between(DrawFirst, gen, 0, f.Within)
}

// limit is the largest step.
func (b Backoff) limit() time.Duration { return max(b.Cap, b.Base) }

// step draws the k-th delay, k counting from 0; previous is the one before it. The 255th
// stands for all that follow: growth has reached its end.
func (b Backoff) step(k uint8, previous time.Duration, r Rand, gen uint64) time.Duration {
	limit, factor := b.limit(), max(b.Factor, 1)
	c := limit
	switch f := float64(b.Base) * math.Pow(factor, float64(k)); {
	case k == math.MaxUint8 && factor > 1:
	case f < float64(limit):
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
	case Uniform:
		return r.Between(DrawBackoff, gen, b.Base, limit)
	}
	return c
}

// throttle draws what a wish to wait makes of the delay: all of it, and a draw from the
// window that came with it, else up to a fifth more, at least a second's worth, so that
// those who were told the same moment do not come back in it.
func throttle(e end, r Rand, gen uint64) time.Duration {
	wish := min(max(e.retryAfter, 0), maxRetryAfter)
	within := min(e.within, maxRetryAfter)
	if within <= 0 {
		within = max(wish/5, time.Second)
	}
	return wish + r.Between(DrawThrottle, gen, 0, within)
}

// SilenceOf is how long a connection may be silent before it is pinged: the n-th draw
// of the client, n counting from 0 (State.Pings is that of the next). A half-open
// connection is found PingTimeout after it.
func (p *Policy) SilenceOf(r Rand, n uint32) time.Duration {
	return r.Between(DrawPing, uint64(n), p.PingEvery/2, p.PingEvery)
}
