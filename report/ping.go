package report

// pings gathers the round trips of pings that were answered, from the baseline's start on:
// all that a target tells of its latency which answers nothing else.
type pings struct {
	measuring bool
	times     *series
}

func (p *pings) Add(rec Record) {
	switch {
	case rec.Phase != nil:
		p.measuring = rec.Phase.Name != warmup
	case p.measuring && rec.Step != nil && rec.Step.RTT > 0 && rec.Step.Event == "proved":
		if p.times == nil {
			p.times = newSeries()
		}
		p.times.record(rec.Step.RTT)
	}
}

// Close returns the result, nil where none was answered.
func (p *pings) Close() *Quantiles {
	if p.times == nil {
		return nil
	}
	x := p.times
	n := int(x.n())
	return &Quantiles{N: n, Min: x.at(1), P50: x.quantile(0.5, 0), P90: x.quantile(0.9, 0), P99: x.quantile(0.99, 0), Max: x.max}
}
