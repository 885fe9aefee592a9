package proc

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Child is a process that was started and ends with this one. Its methods may be
// called from many goroutines at once.
type Child struct {
	Hello json.RawMessage // the first line of its stdout; nil where none was expected

	spec Spec
	cmd  *exec.Cmd
	io   *stdio
	done chan struct{}
	err  error // written before done is closed

	mu       sync.Mutex
	reaped   bool // from here its pid may be another process's
	stopping bool // its end was asked for
}

// Start starts a child and, where the spec expects a hello, waits for it. ctx and
// Spec.Hello bound the start alone: what then ends the child is Stop, its own will, or
// the end of this process. When Start returns an error, no process is left; a child that
// ended on its own is an *ExitError.
func Start(ctx context.Context, spec Spec) (*Child, error) {
	spec, err := spec.check()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	c := &Child{spec: spec, done: make(chan struct{})}
	c.cmd = exec.Command(spec.Path, spec.Args...)
	c.cmd.Env = append(append(os.Environ(), spec.Env...), fmt.Sprintf("%s=%d", parentEnv, os.Getpid()))
	tie(c.cmd)
	if c.io, err = newStdio(spec); err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	started := make(chan error, 1)
	go c.live(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	if spec.Hello == 0 {
		return c, nil
	}
	if err := c.greet(ctx); err != nil {
		c.kill()
		<-c.done
		return nil, err
	}
	return c, nil
}

// live forks the child and stays until it is gone. Linux sends the parent-death signal
// when the forking *thread* ends, not the process; so the thread is held, by this
// goroutine, for exactly as long as the child lives.
func (c *Child) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := c.io.start(c.cmd)
	started <- err
	if err != nil {
		return
	}
	awaitExit(c.cmd)
	c.mu.Lock()
	reap(c.cmd)
	c.reaped = true
	asked := c.stopping
	c.mu.Unlock()
	c.io.finish()
	if !asked {
		c.err = c.exit("ended with " + c.cmd.ProcessState.String())
	}
	close(c.done)
}

// greet waits for the hello.
func (c *Child) greet(ctx context.Context) error {
	limit := time.NewTimer(c.spec.Hello)
	defer limit.Stop()
	select {
	case line := <-c.io.hello:
		return c.decodeHello(line)
	case <-c.done:
		// A child may say hello and end at once: it was started, and Done tells the rest.
		select {
		case line := <-c.io.hello:
			return c.decodeHello(line)
		default:
			return c.err
		}
	case <-limit.C:
		return c.exit(fmt.Sprintf("said no hello within %v", c.spec.Hello))
	case <-ctx.Done():
		return fmt.Errorf("start %s: %w", c.spec.Name, ctx.Err())
	}
}

func (c *Child) decodeHello(line []byte) error {
	if !json.Valid(line) {
		return c.exit(fmt.Sprintf("began with %.80q, expected a hello, one line of JSON", line))
	}
	c.Hello = line
	return nil
}

func (c *Child) exit(state string) *ExitError {
	return &ExitError{Name: c.spec.Name, Command: c.spec.command(), State: state, Tail: c.Tail()}
}

// Pid is the child's process id, which is also that of its process group.
func (c *Child) Pid() int { return c.cmd.Process.Pid }

// Tail is the last that the child wrote to stdout (but for the hello), followed by the
// last that it wrote to stderr, 8 KiB at most of each.
func (c *Child) Tail() string { return c.io.outTail.String() + c.io.errTail.String() }

// Done is closed when the child has ended, however it did, and is reaped.
func (c *Child) Done() <-chan struct{} { return c.done }

// Err is nil while the child runs and after it was stopped; an *ExitError when it ended on its own.
func (c *Child) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// signal sends a signal to the child's process group, unless that is gone.
func (c *Child) signal(sig syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped {
		signalGroup(c.cmd, sig)
	}
}

// sockets are those at the address where the child listens.
func (c *Child) sockets(addr string) (sockets, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reaped {
		return sockets{}, fmt.Errorf("%s: %w", c.spec.Name, ErrEnded)
	}
	return socketsOf(c.Pid(), addr)
}

// Usage measures the child alone, not what it started.
func (c *Child) Usage() (Usage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reaped {
		return Usage{}, fmt.Errorf("%s: %w", c.spec.Name, ErrEnded)
	}
	u, err := usageOf(c.Pid())
	if err != nil {
		return Usage{}, fmt.Errorf("%s: %w", c.spec.Name, err)
	}
	return u, nil
}
