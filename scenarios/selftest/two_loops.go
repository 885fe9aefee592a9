package selftest

import (
	"context"
	"errors"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/scenarios/engine"
)

// twoLoops is two fleets for the same clients, each of which heals on its own. As in the
// programs that have this fault, one of them knows nothing of the other's connection: the
// journal tells of the first alone, and messages go over its connections.
type twoLoops struct{ first, second *driver.Fleet }

func openTwoLoops(o driver.Options) (engine.Healer, error) {
	first, err := driver.Open(o)
	if err != nil {
		return nil, err
	}
	o.Observe, o.Seed = nil, o.Seed+1 // the two do not dial at the same moments
	second, err := driver.Open(o)
	if err != nil {
		return nil, errors.Join(err, first.Close(context.Background()))
	}
	return twoLoops{first, second}, nil
}

func (t twoLoops) Start(client int) {
	t.first.Start(client)
	t.second.Start(client)
}

func (t twoLoops) Send(client int, m driver.Message) error { return t.first.Send(client, m) }

func (t twoLoops) Close(ctx context.Context) error {
	return errors.Join(t.first.Close(ctx), t.second.Close(ctx))
}
