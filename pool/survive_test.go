package pool_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/wsheal/wsheal/pool"
)

// survive sends n orders and returns when the server has acknowledged each of them,
// whatever becomes of the server and of connections in the meantime.
func survive(ctx context.Context, url string, n uint64) error {
	p, err := pool.Open(ctx, pool.Config{Endpoints: []pool.Endpoint{{URL: url}}})
	if err != nil {
		return err
	}
	defer p.Close(context.WithoutCancel(ctx))
	orders, err := p.Session(ctx, pool.SessionConfig{
		Key: "orders",
		Ack: func(m pool.Message) (pool.Ack, bool) {
			seq, err := strconv.ParseUint(strings.TrimPrefix(string(m.Payload), "ack "), 10, 64)
			return pool.Ack{Seq: seq}, err == nil
		},
	})
	if err != nil {
		return err
	}
	for seq := uint64(1); seq <= n; seq++ {
		order := pool.Message{Payload: fmt.Appendf(nil, "order %d", seq), Text: true, Seq: seq}
		if _, err := orders.Send(ctx, order); err != nil {
			return err
		}
	}
	return orders.Close(ctx) // returns when everything is acknowledged
}
