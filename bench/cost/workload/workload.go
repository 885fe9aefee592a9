// Package workload is what a client is put through, in a process of its own, and what is
// read off that process.
package workload

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/bench/cost/client"
	"github.com/wsheal/wsheal/bench/cost/server"
)

// Job is one measurement.
type Job struct {
	Workload string        `json:"workload"`
	Client   string        `json:"client"`
	Conns    int           `json:"conns"`
	InFlight int           `json:"in_flight"` // dials at once
	Window   time.Duration `json:"window"`    // echo, burst: how long is measured, after a fourth of it to warm up
	Server   server.Hello  `json:"server"`
	Profile  string        `json:"profile"` // prefix of files for pprof; "": none
}

// Result is what was measured.
type Result struct {
	Values  map[string]float64 `json:"values"`  // by unit
	Units   []string           `json:"units"`   // in order; the first is the one that is compared
	Foreign float64            `json:"foreign"` // share of the machine's CPU time that others took meanwhile, 0 to 1
	Steal   float64            `json:"steal"`   // share that other guests of the host took
}

func (r *Result) add(unit string, value float64) {
	if r.Values == nil {
		r.Values = make(map[string]float64)
	}
	r.Units = append(r.Units, unit)
	r.Values[unit] = value
}

// Main is the compared value.
func (r *Result) Main() float64 { return r.Values[r.Units[0]] }

const (
	messageSize = 64
	burstSize   = 64
	// warmConns are opened and closed before memory is weighed, so that code and tables
	// that are there once are not counted as connections.
	warmConns = 64
)

// run is a measurement under way.
type run struct {
	Job
	client  client.Client
	conns   client.Conns
	failure atomic.Pointer[error] // the first of what must not happen
}

var workloads = map[string]func(context.Context, *run) (Result, error){
	"idle":      idle,
	"echo":      func(ctx context.Context, r *run) (Result, error) { return exchange(ctx, r, 1) },
	"burst":     func(ctx context.Context, r *run) (Result, error) { return exchange(ctx, r, burstSize) },
	"reconnect": reconnect,
}

// Do does a job. Everything that a client did wrong is an error: what is timed has worked.
func Do(ctx context.Context, j Job) (Result, error) {
	c, ok := client.Named(j.Client)
	if !ok {
		return Result{}, fmt.Errorf("client %s: expected one of %v", j.Client, client.Names())
	}
	f, ok := workloads[j.Workload]
	if !ok {
		return Result{}, fmt.Errorf("workload %s: there is none", j.Workload)
	}
	r := &run{Job: j, client: c}
	result, err := f(ctx, r)
	failure := r.failure.Load() // what fails from here on fails because we close
	if r.conns != nil {
		over, cancel := context.WithCancel(context.Background())
		cancel()
		_ = r.conns.Close(over) // by force
	}
	if p := failure; p != nil {
		err = errors.Join(*p, err)
	}
	if err != nil {
		return Result{}, fmt.Errorf("%s of %s: %w", j.Workload, j.Client, err)
	}
	return result, nil
}

// fail remembers the first failure.
func (r *run) fail(err error) { r.failure.CompareAndSwap(nil, &err) }

// options are what all workloads have in common.
func (r *run) options() client.Options {
	return client.Options{
		URLs: r.Server.URLs, Conns: r.Conns, InFlight: r.InFlight,
		Failed: func(_ int, err error) { r.fail(err) },
	}
}

// open opens the connections that are measured.
func (r *run) open(ctx context.Context, o client.Options) (err error) {
	r.conns, err = r.client.Open(ctx, o)
	return err
}
