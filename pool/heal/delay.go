package heal

import (
	"math"
	"slices"
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
//	  untried         a draw from the upper half of Backoff.Next, which is no step
//	stern             the next step of Backoff, no sooner than First's rule where it healed before
//	slow              no sooner than a draw from the upper half of Backoff's cap either
//	asked to wait     no sooner than what was asked for and a little more either
//
// Each draw is keyed by the generation to be dialled, so that two policies which draw
// for the same purpose draw the same number.
func (p *Policy) delay(s *State, r Rand, v ruling, e end) time.Duration {
	gen := uint64(s.Gen) + 1
	var d time.Duration
	switch first := s.Attempt == 0; {
	case first && p.First.Rule != ByBackoff && v.pace != stern:
		d = p.First.spread(r, gen)
	case v.pace == usual && v.verdict != Planned && p.untried(s, e):
		d = r.Between(DrawBackoff, gen, p.Backoff.Next/2, p.Backoff.Next)
	default:
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
	b := Backoff{Base: p.Backoff.least(), Cap: max(p.Backoff.limit(), leastMoveCap), Factor: 2}
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
		within = p.Backoff.least()
	}
	return r.Between(DrawLifetime, 2*(uint64(gen)+1)+1, 0, within)
}

// spread draws from the window, 0 where there is none.
func (f First) spread(r Rand, gen uint64) time.Duration {
	return r.Between(DrawFirst, gen, 0, f.Within)
}

// limit is the largest step.
func (b *Backoff) limit() time.Duration {
	if n := len(b.Table); n > 0 {
		return slices.Max(b.Table)
	}
	return max(b.Cap, b.Base, b.BaseMost)
}

// least is the first step that is one.
func (b *Backoff) least() time.Duration {
	for _, d := range b.Table {
		if d > 0 {
			return d
		}
	}
	return b.Base
}

// base is the first step of r's client.
func (b *Backoff) base(r Rand) time.Duration {
	return r.Between(DrawBackoff, 0, b.Base, b.BaseMost) // no delay is keyed by 0: generations count from 1
}

// step draws the k-th delay, k counting from 0; previous is the one before it. The 255th
// stands for all that follow: growth has reached its end.
func (b *Backoff) step(k uint8, previous time.Duration, r Rand, gen uint64) time.Duration {
	limit := b.limit()
	c := b.planned(k, r)
	if !b.CapLast {
		c = min(c, limit)
	}
	if k < b.Plain {
		return min(c, limit)
	}
	d := b.draw(c, k, previous, r, gen)
	if b.CapLast {
		d = min(d, limit)
	}
	return d
}

// planned is the step as it grows, before cap and jitter.
func (b *Backoff) planned(k uint8, r Rand) time.Duration {
	if n := len(b.Table); n > 0 {
		return b.Table[min(int(k), n-1)]
	}
	limit, factor := b.limit(), max(b.Factor, 1)
	grown := float64(b.base(r)) * math.Pow(factor, float64(k))
	if k == math.MaxUint8 && factor > 1 || grown >= float64(enough*limit) {
		return enough * limit
	}
	return time.Duration(grown)
}

// enough is how many times the cap a step may grow to where jitter comes before the cap:
// more makes no difference to what is left of it.
const enough = 1 << 10

// draw jitters the step c.
func (b *Backoff) draw(c time.Duration, k uint8, previous time.Duration, r Rand, gen uint64) time.Duration {
	switch b.Jitter {
	case Full:
		return r.Between(DrawBackoff, gen, 0, c)
	case Equal:
		return r.Between(DrawBackoff, gen, c/2, c)
	case Decorrelated:
		if k == 0 {
			previous = b.Base
		}
		return r.Between(DrawBackoff, gen, b.Base, min(b.limit(), 3*previous))
	case Uniform:
		return r.Between(DrawBackoff, gen, b.Base, b.limit())
	case Scaled:
		return r.Between(DrawBackoff, gen, time.Duration(b.Low*float64(c)), time.Duration(b.High*float64(c)))
	case Added:
		return min(b.limit(), r.Between(DrawBackoff, gen, b.Base, b.Base+c))
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
