package proc

import (
	"context"
	"fmt"
	"time"
)

// Stop ends the child and its process group and returns when it is reaped: first by
// the end of its stdin and SIGTERM, then, after Spec.Grace or the end of ctx, whichever
// is first, by SIGKILL. A stopped (SIGSTOP) child is continued so that it can end in
// good order. Stopping what has ended is no error. The only error is a process that
// outlives SIGKILL by five seconds.
func (c *Child) Stop(ctx context.Context) error {
	c.mu.Lock()
	first := !c.stopping
	c.stopping = true
	if first && !c.reaped {
		// SIGTERM goes first, so that it is what a stopped child wakes up to.
		signalGroup(c.cmd, sigTerm)
		signalGroup(c.cmd, sigCont)
	}
	c.mu.Unlock()
	c.io.closeStdin()

	grace := time.NewTimer(c.spec.Grace)
	defer grace.Stop()
	select {
	case <-c.done:
		return nil
	case <-grace.C:
	case <-ctx.Done():
	}
	c.kill()
	last := time.NewTimer(killWait)
	defer last.Stop()
	select {
	case <-c.done:
		return nil
	case <-last.C:
		return fmt.Errorf("stop %s: process %d is still there %v after SIGKILL", c.spec.Name, c.Pid(), killWait)
	}
}

func (c *Child) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	if !c.reaped {
		signalGroup(c.cmd, sigKill)
	}
}
