package pool

// pick returns the next slot for a message by the crowd's balance, nil when none is fit.
func (p *Pool) pick() *slot {
	i, ok := p.picker.Pick(len(p.fit), 1, func(i int) (load, share float64) {
		s := p.fit[i]
		return float64(s.load()), weight(p.health[s.endpoint])
	})
	if !ok {
		return nil
	}
	return p.fit[i]
}
