package engine

import (
	"context"

	"github.com/wsheal/wsheal/pool/driver"
)

// Healer keeps the clients of a run connected. It is the fleet, or one that stands in its
// place: how the gates are tested by healers that are bad on purpose. It tells what happens
// to driver.Options.Observe, as the fleet does, from where it goes into the journal.
type Healer interface {
	Start(client int)
	Send(client int, m driver.Message) error
	Close(ctx context.Context) error
}

// openHealer opens who heals in this run.
func (r *run) openHealer() (Healer, error) {
	if r.env.Healer != nil {
		return r.env.Healer(r.fleetOptions(r.dial))
	}
	return driver.Open(r.fleetOptions(r.dial))
}
