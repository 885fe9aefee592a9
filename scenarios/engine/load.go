package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
)

// schedule is the open loop: message n is due at start + n/rate whatever the answers
// do, and belongs to client n mod clients. Every client so sends at an even pace, and
// no two clients are due at the same moment.
type schedule struct {
	start   heal.Instant
	until   heal.Instant
	rate    float64 // messages per second over all clients; 0: none
	clients int
}

func (s schedule) due(n uint64) heal.Instant {
	return s.start + heal.Instant(float64(n)*1e9/s.rate)
}

func (s schedule) client(n uint64) int { return int(n % uint64(s.clients)) }

// total is how many messages are due before until.
func (s schedule) total() uint64 {
	if s.rate <= 0 || s.until <= s.start {
		return 0
	}
	n := uint64(float64(s.until-s.start) * s.rate / 1e9)
	for s.due(n) < s.until {
		n++
	}
	return n
}

// sender is the part of the fleet that the load needs.
type sender interface {
	Send(client int, m driver.Message) error
}

// drive hands every message of the schedule to the fleet when it is due. It is one
// goroutine: Send does not wait for the network, so one keeps up with what a machine
// can echo, and its lateness is measured, not assumed.
func drive(ctx context.Context, s schedule, now func() heal.Instant, to sender, rec *recorder) error {
	var payload []byte
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n, total := uint64(0), s.total(); n < total; n++ {
		if wait := s.due(n).Sub(now()); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return nil
			}
		}
		client := s.client(n)
		rec.due(n, client)
		payload = rec.dialect.put(payload[:0], n, client)
		switch err := to.Send(client, driver.Message{Seq: n, Payload: payload, Text: rec.dialect.text}); {
		case err == nil:
		case errors.Is(err, driver.ErrQueueFull):
			rec.dropped(n)
		default:
			return fmt.Errorf("send message %d of client %d: %w", n, client, err)
		}
	}
	return nil
}
