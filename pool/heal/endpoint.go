package heal

// pick chooses the endpoint to dial as generation gen, after attempt dials that did
// not heal the client: the endpoints of equal priority are a tier, each attempt goes
// one tier down, beginning with the best and again after the last, and within a tier
// the weights are the odds. It sorts nothing and stores nothing: endpoints are few.
func (p *Policy) pick(attempt uint32, r Rand, gen uint32) uint8 {
	if len(p.Endpoints) < 2 {
		return 0
	}
	priority := p.tier(attempt)
	var sum float64
	for _, e := range p.Endpoints {
		if e.Priority == priority {
			sum += e.weight()
		}
	}
	chosen, left := 0, sum*r.Float(DrawEndpoint, uint64(gen))
	for i, e := range p.Endpoints {
		if e.Priority != priority {
			continue
		}
		chosen = i
		if left -= e.weight(); left < 0 {
			break
		}
	}
	return uint8(chosen)
}

// tier is the priority whose turn it is: the distinct ones in order, over and over.
func (p *Policy) tier(attempt uint32) int {
	best := p.Endpoints[0].Priority
	for _, e := range p.Endpoints {
		best = min(best, e.Priority)
	}
	tiers := uint32(1)
	for q, ok := p.below(best); ok; q, ok = p.below(q) {
		tiers++
	}
	priority := best
	for range attempt % tiers {
		priority, _ = p.below(priority)
	}
	return priority
}

// below is the next priority to try after priority, if there is one.
func (p *Policy) below(priority int) (next int, ok bool) {
	for _, e := range p.Endpoints {
		if e.Priority > priority && (!ok || e.Priority < next) {
			next, ok = e.Priority, true
		}
	}
	return next, ok
}

func (e Endpoint) weight() float64 { return float64(max(e.Weight, 1)) }
