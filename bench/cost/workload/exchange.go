package workload

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// tally is one connection's part in an exchange, on cache lines of its own. Only the
// goroutine that receives for the connection changes it.
type tally struct {
	answers atomic.Int64
	missing int // answers to the burst under way
	_       [112]byte
}

// exchange is a closed loop: each connection sends burst messages, waits for as many
// answers, and sends again.
func exchange(ctx context.Context, r *run, burst int) (Result, error) {
	tallies := make([]tally, r.Conns)
	for i := range tallies {
		tallies[i].missing = burst
	}
	messages := slices.Repeat([][]byte{make([]byte, messageSize)}, burst)
	var over atomic.Bool
	send := func(conn int) {
		if err := r.conns.Send(conn, messages...); err != nil && !over.Load() {
			r.fail(fmt.Errorf("send on connection %d: %w", conn, err))
		}
	}
	o := r.options()
	o.Received = func(conn int, payload []byte) {
		if len(payload) != messageSize {
			r.fail(fmt.Errorf("connection %d received %d bytes, expected %d", conn, len(payload), messageSize))
		}
		t := &tallies[conn]
		t.answers.Add(1)
		if t.missing--; t.missing == 0 && !over.Load() {
			t.missing = burst
			send(conn)
		}
	}
	answers := func() (n int64) {
		for i := range tallies {
			n += tallies[i].answers.Load()
		}
		return n
	}
	if err := r.open(ctx, o); err != nil {
		return Result{}, err
	}
	for i := range r.Conns {
		send(i)
	}
	defer over.Store(true)
	if err := wait(ctx, r.Window/4); err != nil {
		return Result{}, err
	}
	began, err := r.read()
	if err != nil {
		return Result{}, err
	}
	first := answers()
	stop, err := r.profileCPU()
	if err != nil {
		return Result{}, err
	}
	if err := wait(ctx, r.Window); err != nil {
		return Result{}, err
	}
	n := float64(answers() - first)
	ended, err := r.read()
	if err := stop(); err != nil {
		return Result{}, err
	}
	if err != nil {
		return Result{}, err
	}
	if n == 0 {
		return Result{}, fmt.Errorf("no message was answered in %v", r.Window)
	}
	s := began.until(ended)
	result := s.result()
	if burst > 1 {
		result.add("msgs/CPU-s", n/s.cpu.Seconds())
	}
	result.add("us-CPU/msg", s.cpu.Seconds()*1e6/n)
	result.add("msgs/s", n/s.wall.Seconds())
	result.add("allocs/msg", s.allocs/n)
	return result, nil
}

// wait lets time pass.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
