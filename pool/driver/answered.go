package driver

import (
	"context"
	"time"
)

// answerLook is how often Answered looks, at first and at most.
const (
	answerLook = 500 * time.Microsecond
	answerRest = 10 * time.Millisecond
)

// Answered waits until something has come back over the connection, a pong or a message:
// the proof for those who validate a connection without asking it anything.
func (x *exchange) Answered(ctx context.Context) error {
	c := x.conn.client
	for pause := answerLook; ; pause = min(2*pause, answerRest) {
		c.mu.Lock()
		answered := x.conn.exchanged
		c.mu.Unlock()
		if answered {
			return nil
		}
		look := make(chan struct{})
		timer := time.AfterFunc(pause, func() { close(look) })
		err := x.wait(ctx, look)
		timer.Stop()
		if err != nil {
			return err
		}
	}
}
