package pool

import (
	"fmt"
	"slices"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// Resize sets the bounds of the pool's size, both as Config.Min and Config.Max have them
// without their zero values: 0 <= min <= max, 0 < max <= 1<<20. The pool grows at once, and shrinks by
// letting the least loaded finish what is in flight on them.
func (p *Pool) Resize(minimum, maximum int) error {
	if minimum < 0 || maximum < max(minimum, 1) || maximum > most {
		return fmt.Errorf("resize: expected 0 <= min <= max and 0 < max <= %d, got %d and %d", most, minimum, maximum)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("resize: %w", ErrClosed)
	}
	p.limits.Min, p.limits.Max = minimum, maximum
	p.wake()
	return nil
}

// Renew replaces every ready connection by a new one, each only once the new one is
// ready, as fast as admission allows: after a deployment, say.
func (p *Pool) Renew() { p.each(p.fleet.Move) }

// Window passes on what a server announced in a message of its own: that clients whose
// connection it ends should spread their return over within, 5 min at most. It holds for the next
// loss of each connection; that of one that was replaced as planned is none.
func (p *Pool) Window(within time.Duration) {
	p.each(func(client int) { p.fleet.Window(client, within) })
}

// each calls f for every client.
func (p *Pool) each(f func(client int)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	for client, s := range p.slots {
		if !s.retiring {
			f(client)
		}
	}
}

// Restart lets every connection that gave up try again now.
func (p *Pool) Restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []*slot
	for _, s := range p.slots {
		if s.phase == heal.GaveUp && !s.retiring && !p.closed {
			all = append(all, s)
		}
	}
	p.restart(all)
}

// SetEndpoints says where connections may lead from now on. What is known of an address
// that stays is kept; connections to one that has gone move elsewhere, a few at a time.
func (p *Pool) SetEndpoints(list []Endpoint) error {
	if err := p.fleet.SetEndpoints(slices.Clone(list)); err != nil {
		return fmt.Errorf("set endpoints: %w", inOurWords(err))
	}
	return nil
}
