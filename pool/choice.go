package pool

// pick returns the next slot for a message by the crowd's balance, nil when none is fit.
func (p *Pool) pick() *slot {
	i, ok := p.picker.Pick(len(p.fit), 1, func(i int) (load, weight float64) { return float64(p.fit[i].load()), 1 })
	if !ok {
		return nil
	}
	return p.fit[i]
}
