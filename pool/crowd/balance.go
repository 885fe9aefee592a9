package crowd

import "github.com/wsheal/wsheal/pool/heal"

// Picker picks one of many by a Balance: an endpoint for a dial, or a connection for a
// message. It allocates nothing. PowerOfTwo and RoundRobin look at a few of them,
// LeastConnections at all. The zero value picks by PowerOfTwo; a Picker is not safe for
// concurrent use.
type Picker struct {
	Balance Balance
	Rand    heal.Rand // its draws are of purpose DrawCrowd
	Draws   uint64    // number of the next draw

	next  int
	round uint64
}

// Pick returns the index of the one of n that is next, and false when there is none. Of
// each, of tells the load and the weight: a weight of 0 or less means that it must not be
// picked. most is the largest weight that of may return; where all weigh the same it is
// that weight.
//
// PowerOfTwo is the rule of Mitzenmacher, The Power of Two Choices in Randomized Load
// Balancing (IEEE TPDS 12(10), 2001), with draws by weight.
func (p *Picker) Pick(n int, most float64, of func(i int) (load, weight float64)) (int, bool) {
	var i int
	switch p.Balance {
	case RoundRobin:
		i = p.turn(n, most, of)
	case LeastConnections:
		i = p.least(n, of)
	default:
		i = p.draw(n, most, -1, of)
		if j := p.draw(n, most, i, of); j >= 0 && relative(of(j)) < relative(of(i)) {
			i = j
		}
	}
	return i, i >= 0
}

// relative is what one more would make of a load, for its weight.
func relative(load, weight float64) float64 { return (load + 1) / weight }

// draw returns one by weight, other than except; -1 when there is none. Most draws are
// accepted within a few; where few may be picked at all, it goes through them.
func (p *Picker) draw(n int, most float64, except int, of func(i int) (load, weight float64)) int {
	if n <= 0 {
		return -1
	}
	for range 8 {
		i := min(int(p.float()*float64(n)), n-1)
		u := p.float()
		if i == except {
			continue
		}
		if _, w := of(i); w > u*most {
			return i
		}
	}
	sum := 0.0
	for i := range n {
		if _, w := of(i); i != except && w > 0 {
			sum += w
		}
	}
	chosen, left := -1, sum*p.float()
	for i := range n {
		_, w := of(i)
		if i == except || w <= 0 {
			continue
		}
		chosen = i
		if left -= w; left < 0 {
			break
		}
	}
	return chosen
}

// turn goes round: of the heaviest each round has one, of one that weighs half as much
// every second round.
func (p *Picker) turn(n int, most float64, of func(i int) (load, weight float64)) int {
	other := -1
	for range 2 * n {
		if p.next >= n {
			p.next = 0
			p.round++
		}
		i := p.next
		p.next++
		_, w := of(i)
		if w <= 0 {
			continue
		}
		if share, round := min(w/most, 1), float64(p.round+uint64(i)); int64((round+1)*share) > int64(round*share) {
			return i
		}
		if other < 0 {
			other = i
		}
	}
	return other
}

// least returns the least loaded for its weight; of equals each is picked as often.
func (p *Picker) least(n int, of func(i int) (load, weight float64)) int {
	best, lowest := -1, 0.0
	from := int(p.float() * float64(n))
	for k := range n {
		i := from + k
		if i >= n {
			i -= n
		}
		load, w := of(i)
		if w <= 0 {
			continue
		}
		if r := relative(load, w); best < 0 || r < lowest {
			best, lowest = i, r
		}
	}
	return best
}

func (p *Picker) float() float64 {
	p.Draws++
	return p.Rand.Float(heal.DrawCrowd, p.Draws-1)
}
