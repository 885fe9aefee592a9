package pool

import (
	"context"
	"errors"
)

// What callers branch on.
var (
	ErrClosed    = errors.New("pool: closed")
	ErrQueueFull = errors.New("pool: queue full")
)

// Pool drives Options.Clients clients through heal.Step.
type Pool struct{}

// Open validates the options and starts the pool's event loops. It dials nothing:
// Start does.
func Open(o Options) (*Pool, error) { panic("contract") }

// Start tells one client to connect now; a started client heals until Close.
func (p *Pool) Start(client int) { panic("contract") }

// Send queues one message for a client and returns without waiting for the network.
// The payload is copied. It is sent when the client is usable, in order of Send.
func (p *Pool) Send(client int, seq uint64, payload []byte) error { panic("contract") }

// Snapshot counts the clients by phase.
func (p *Pool) Snapshot() Snapshot { panic("contract") }

// Close ends every client with a close frame, bounded by ctx, then by force, and
// returns when every goroutine of the pool has ended. It may be called again.
func (p *Pool) Close(ctx context.Context) error { panic("contract") }

// Snapshot is the pool at one moment.
type Snapshot struct {
	Phases  [10]int // clients by heal.Phase
	Dials   uint64  // dials begun so far
	Waiting int     // messages queued or unacknowledged
}

// Usable counts the clients on which a validated exchange has happened.
func (s Snapshot) Usable() int { panic("contract") }
