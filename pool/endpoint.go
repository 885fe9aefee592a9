package pool

import (
	"cmp"
	"fmt"

	"github.com/wsheal/wsheal/pool/crowd"
)

// endpointOf is where a client's connection leads, or led last, in the words of the
// crowd's snapshot: the endpoint's name, or its URL, and the address.
func (p *Pool) endpointOf(client int) string {
	e := p.fleet.Client(client).Endpoint
	name := cmp.Or(e.Name, e.URL)
	if e.Address.IsValid() {
		name += "@" + e.Address.String()
	}
	return name
}

// weight is the share of messages that a connection gets, by the health of where it leads.
func weight(h crowd.Health) float64 {
	if h == crowd.Degraded {
		return 0.5
	}
	return 1
}

// leaseOver is why a lease is over that did not outlive its connection.
func leaseOver(what string, why *Failure) error {
	return fmt.Errorf("%w: %w", ErrLeaseOver, because(fmt.Errorf("%s", what), why))
}
