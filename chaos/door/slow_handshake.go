package door

import (
	"net"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// SlowHandshake lets callers wait, and who can slow their answer does that, too (Write).
type SlowHandshake struct{ chaos.SlowHandshake }

// Stage is where they wait.
func (r SlowHandshake) Stage() Stage { return stages[r.At()] }

// Receive lets the caller wait, and in.
func (r SlowHandshake) Receive(c *Caller) bool {
	if r.Delay > 0 && c.kept("slowed") {
		c.wait(r.Delay)
	}
	return true
}

// wait lets a time go by, or what is left of the fault.
func (c *Caller) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.Context.Done():
	}
}

// Write sends the caller its answer at the rate; when the fault is over, the rest at once.
func (r SlowHandshake) Write(c *Caller, to net.Conn, answer []byte) error {
	// Who had to wait before has been counted then.
	for slow := r.Rate > 0 && (r.Delay > 0 || c.kept("slowed")); slow && len(answer) > 1 && c.Context.Err() == nil; {
		if _, err := to.Write(answer[:1]); err != nil {
			return err
		}
		answer = answer[1:]
		c.wait(time.Second / time.Duration(r.Rate))
	}
	_, err := to.Write(answer)
	return err
}
