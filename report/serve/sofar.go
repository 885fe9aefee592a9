package serve

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// The report of a run that goes on costs the machine that makes the load, so it is made
// when somebody asks, for all who do, and not again before soonest, nor before rest times
// what it took has passed: at most 5 % of one processor.
const (
	soonest = 2 * time.Second
	rest    = 20
)

// soFar is the report of what is recorded so far.
type soFar struct {
	mu    sync.Mutex // protects following; held while the page is made, so that others wait for it
	write func(io.Writer) error
	made  []byte
	next  time.Time // when it may be made again
}

func (r *soFar) set(write func(io.Writer) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.write = write
}

// page is nil as long as nothing is recorded.
func (r *soFar) page() ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.write == nil {
		return nil, nil
	}
	begun := time.Now()
	if r.made != nil && begun.Before(r.next) {
		return r.made, nil
	}
	var b bytes.Buffer
	if err := r.write(&b); err != nil {
		return nil, err
	}
	r.made = b.Bytes()
	now := time.Now()
	r.next = now.Add(max(soonest, rest*now.Sub(begun)))
	return r.made, nil
}
