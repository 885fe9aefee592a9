package proc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Server is a server under test: a process that can be stopped, killed and started again
// on its address, and is one and the same through all of its lives. Its methods may be
// called from many goroutines at once.
type Server struct {
	name, addr string
	start      func(context.Context) (*Child, error)
	drain      func(ctx context.Context, code uint16) (int, error) // nil: it cannot
	done       chan struct{}
	over       context.Context // ends with Stop
	end        context.CancelFunc

	mu    sync.Mutex
	child *Child
	err   error // written before done is closed
}

// NewServer returns the server whose first life is child and which listens on addr
// (host:port). Start begins another life there and returns when it accepts connections.
func NewServer(name, addr string, child *Child, start func(context.Context) (*Child, error)) *Server {
	s := &Server{name: name, addr: addr, start: start, done: make(chan struct{}), child: child}
	s.over, s.end = context.WithCancel(context.Background())
	s.watch(child)
	return s
}

// Drains gives the server a way to send a close frame of a code to each of its clients,
// which returns how many it sent. It is called before anything is broken.
func (s *Server) Drains(drain func(ctx context.Context, code uint16) (int, error)) { s.drain = drain }

// watch tells when a life ends that nobody has ended.
func (s *Server) watch(c *Child) {
	go func() {
		<-c.Done()
		if err := c.Err(); err != nil {
			s.finish(err)
		}
	}()
}

func (s *Server) finish(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.done:
	default:
		s.err = err
		close(s.done)
	}
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.addr }

// Child is its present life, or the last when it is dead.
func (s *Server) Child() *Child {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.child
}

// Done is closed when it has ended of its own accord, or was stopped for good. Being
// killed by a fault is neither.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err says why it ended of its own accord; nil while it has not.
func (s *Server) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Usage measures its present life; ErrEnded when it is dead.
func (s *Server) Usage() (Usage, error) { return s.Child().Usage() }

// Stop ends it for good, as Child.Stop does. A life that is being started ends too.
func (s *Server) Stop(ctx context.Context) error {
	s.end()
	err := s.Child().Stop(ctx)
	s.finish(nil)
	return err
}

// errOver is for what is asked of a server that was stopped for good.
var errOver = errors.New("it was stopped for good")

// Kill ends the present life with SIGKILL and returns when it is reaped. Killing the dead
// is no error.
func (s *Server) Kill(ctx context.Context) error {
	c := s.Child()
	c.kill()
	return s.gone(ctx, c)
}

// Quit ends the present life with SIGTERM, and with SIGKILL when it is not gone by the end
// of the grace. It returns when it is reaped.
func (s *Server) Quit(ctx context.Context, grace time.Duration) error {
	c := s.Child()
	c.mu.Lock()
	c.stopping = true
	c.mu.Unlock()
	c.signal(sigTerm)
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-c.Done():
		return nil
	case <-late.C:
	}
	c.kill()
	return s.gone(ctx, c)
}

func (s *Server) gone(ctx context.Context, c *Child) error {
	select {
	case <-c.Done():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("kill %s: process %d is still there: %w", s.name, c.Pid(), ctx.Err())
	}
}

// Start begins the next life, and does nothing when the present one lives. What comes up
// after the server was stopped for good is ended at once.
func (s *Server) Start(ctx context.Context) error {
	select {
	case <-s.Child().Done():
	default:
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.over, cancel)()
	c, err := s.start(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	over := s.over.Err() != nil
	if !over {
		s.child = c
	}
	s.mu.Unlock()
	if over {
		return errors.Join(fmt.Errorf("start %s: %w", s.name, errOver), c.Stop(context.WithoutCancel(ctx)))
	}
	s.watch(c)
	return nil
}
