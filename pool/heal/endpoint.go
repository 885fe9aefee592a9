package heal

// anywhere is given to pick where no endpoint is to be left out.
const anywhere = -1

// pick chooses the endpoint to dial as generation gen, after attempt dials that did
// not heal the client: the endpoints of equal priority are a tier, each attempt goes
// one tier down, beginning with the best and again after the last, and within a tier
// the weights are the odds. The endpoint avoid is left out, if there is another. It
// sorts nothing and stores nothing: endpoints are few.
func (p *Policy) pick(attempt uint32, r Rand, gen uint32, avoid int) uint8 {
	if len(p.Endpoints) < 2 {
		return 0
	}
	priority := p.tier(attempt, avoid)
	var sum float64
	for i, e := range p.Endpoints {
		if e.Priority == priority && i != avoid {
			sum += e.weight()
		}
	}
	chosen, left := 0, sum*r.Float(DrawEndpoint, uint64(gen))
	for i, e := range p.Endpoints {
		if e.Priority != priority || i == avoid {
			continue
		}
		chosen = i
		if left -= e.weight(); left < 0 {
			break
		}
	}
	return uint8(chosen)
}

// untried tells whether the next attempt goes to an endpoint that this round of attempts
// has not tried, and may so come sooner than another step: the tiers make a round, or in a
// pool, which does not say how many endpoints it has, two attempts if there are others.
// Decorrelated jitter grows from the delay before, so that with it each attempt is a step.
func (p *Policy) untried(s *State, e end) bool {
	if p.Backoff.Next <= 0 || p.Backoff.Jitter == Decorrelated {
		return false
	}
	round := uint32(2)
	switch {
	case len(p.Endpoints) > 0:
		round = p.tiers(anywhere)
	case !p.others(e):
		return false
	}
	return uint32(s.Attempt)%round != 0
}

// tier is the priority whose turn it is: the distinct ones in order, over and over.
func (p *Policy) tier(attempt uint32, avoid int) int {
	priority, _ := p.best(avoid)
	for range attempt % p.tiers(avoid) {
		priority, _ = p.below(priority, avoid)
	}
	return priority
}

// tiers counts the distinct priorities; at least 1.
func (p *Policy) tiers(avoid int) uint32 {
	n := uint32(1)
	priority, _ := p.best(avoid)
	for q, ok := p.below(priority, avoid); ok; q, ok = p.below(q, avoid) {
		n++
	}
	return n
}

// best is the priority to try first, if there is an endpoint.
func (p *Policy) best(avoid int) (priority int, ok bool) {
	for i, e := range p.Endpoints {
		if i != avoid && (!ok || e.Priority < priority) {
			priority, ok = e.Priority, true
		}
	}
	return priority, ok
}

// below is the next priority to try after priority, if there is one.
func (p *Policy) below(priority, avoid int) (next int, ok bool) {
	for i, e := range p.Endpoints {
		if i != avoid && e.Priority > priority && (!ok || e.Priority < next) {
			next, ok = e.Priority, true
		}
	}
	return next, ok
}

func (e Endpoint) weight() float64 { return float64(max(e.Weight, 1)) }
