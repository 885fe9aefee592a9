package live

import (
	"context"
	"time"
)

// View shows states. One that cannot write any more stays silent: a run does not end
// because nobody watches.
type View interface {
	Draw(State)
	// Close draws the last state and leaves it on the screen.
	Close(State)
}

// Views are several that see the same states, in their order.
type Views []View

// Draw draws on each.
func (v Views) Draw(s State) {
	for _, each := range v {
		each.Draw(s)
	}
}

// Close closes each.
func (v Views) Close(s State) {
	for _, each := range v {
		each.Close(s)
	}
}

// Run samples the tracker and draws at every tick, ten a second or fewer, until the
// context ends; then once more. It returns when the last frame is written. now is the
// time since the run's start.
func Run(ctx context.Context, t *Tracker, v View, ticks <-chan time.Time, now func() time.Duration) {
	for {
		select {
		case <-ctx.Done():
			v.Close(t.Sample(now()))
			return
		case <-ticks:
			v.Draw(t.Sample(now()))
		}
	}
}
