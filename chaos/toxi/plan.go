package toxi

// plan is what the orders in force mean for one lane.
type plan struct {
	any      bool // something is in force
	hold     bool // no bytes may go on: a holder, or one of which nobody knows yet whether it is meant
	holdEnds bool // nor may an end of stream
	holders  []*order
	breakers []*order
	framers  []*order
	shapers  []*order
	delays   []*order
	pacers   []*order
	wakers   []*order
}

// add makes an order part of the plan, by what its rule can do.
func (p *plan) add(o *order) {
	p.any = true
	if h, ok := o.rule.(holder); ok {
		p.holders = append(p.holders, o)
		bytes, ends := h.holds()
		p.hold, p.holdEnds = p.hold || bytes, p.holdEnds || ends
	}
	if _, ok := o.rule.(breaker); ok {
		p.breakers = append(p.breakers, o)
	}
	if _, ok := o.rule.(framer); ok {
		p.framers = append(p.framers, o)
	}
	if _, ok := o.rule.(shaper); ok {
		p.shapers = append(p.shapers, o)
	}
	if _, ok := o.rule.(delayer); ok {
		p.delays = append(p.delays, o)
	}
	if _, ok := o.rule.(pacer); ok {
		p.pacers = append(p.pacers, o)
	}
	if _, ok := o.rule.(waker); ok {
		p.wakers = append(p.wakers, o)
	}
}

// holds says whether an item may not go on.
func (p *plan) holds(it *item) bool {
	if it.chunk == nil && it.do == nothing {
		return p.holdEnds
	}
	return p.hold
}
