package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/wsheal/wsheal/bench/cost/client"
	"github.com/wsheal/wsheal/bench/cost/conform"
	"github.com/wsheal/wsheal/bench/cost/server"
	"github.com/wsheal/wsheal/bench/cost/workload"
	"github.com/wsheal/wsheal/chaos/proc"
)

const (
	startLimit   = 10 * time.Second
	conformLimit = time.Minute
	measureLimit = 2 * time.Minute
)

// parts are what children do. Each says what it has to say as one line of JSON, its hello.
var parts = map[string]func(ctx context.Context, args []string, stdout io.Writer) error{
	"serve":   serve,
	"conform": conforms,
	"measure": measure,
}

// serve echoes until the parent has enough.
func serve(ctx context.Context, _ []string, stdout io.Writer) error {
	s, err := server.Listen()
	if err != nil {
		return err
	}
	if err := json.NewEncoder(stdout).Encode(server.Hello{URLs: s.URLs, Control: s.Control, Pid: os.Getpid()}); err != nil {
		return err
	}
	s.Serve(ctx)
	return nil
}

// conforms tests one client.
func conforms(ctx context.Context, args []string, stdout io.Writer) error {
	c, ok := client.Named(first(args))
	if !ok {
		return fmt.Errorf("conform %q: expected one of %v", args, client.Names())
	}
	if err := conform.Check(ctx, c); err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode("conforms")
}

// jobEnv holds the job of a child that measures, as JSON.
const jobEnv = "WSHEAL_COST_JOB"

// measure does one job.
func measure(ctx context.Context, _ []string, stdout io.Writer) error {
	var j workload.Job
	if err := json.Unmarshal([]byte(os.Getenv(jobEnv)), &j); err != nil {
		return fmt.Errorf("%s: %w", jobEnv, err)
	}
	result, err := workload.Do(ctx, j)
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(result)
}

// start starts this program again as a child that plays a part, and waits for its hello.
func start(ctx context.Context, s proc.Spec) (c *proc.Child, err error) {
	if s.Path, err = os.Executable(); err != nil {
		return nil, err
	}
	return proc.Start(ctx, s)
}

// finish starts a child, takes its hello and ends it.
func finish(ctx context.Context, s proc.Spec, hello any) error {
	c, err := start(ctx, s)
	if err != nil {
		return err
	}
	err = json.Unmarshal(c.Hello, hello)
	// What it had to say is said; its sockets are reset when it ends.
	return errors.Join(err, c.Stop(context.WithoutCancel(ctx)))
}

// testClient runs the conformance test in a child.
func testClient(ctx context.Context, name string) error {
	var said string
	return finish(ctx, proc.Spec{Name: "conform " + name, Args: []string{"conform", name}, Hello: conformLimit}, &said)
}

// do does a job in a child.
func do(ctx context.Context, j workload.Job) (result workload.Result, err error) {
	text, err := json.Marshal(j)
	if err != nil {
		return result, err
	}
	err = finish(ctx, proc.Spec{
		Name: j.Workload + " of " + j.Client, Args: []string{"measure"},
		Env: []string{jobEnv + "=" + string(text)}, Hello: measureLimit,
	}, &result)
	return result, err
}

// startServer starts the server, which lives until stop.
func startServer(ctx context.Context) (hello server.Hello, stop func(), err error) {
	c, err := start(ctx, proc.Spec{Name: "server", Args: []string{"serve"}, Hello: startLimit})
	if err != nil {
		return hello, nil, err
	}
	stop = func() { _ = c.Stop(context.WithoutCancel(ctx)) }
	if err := json.Unmarshal(c.Hello, &hello); err != nil {
		stop()
		return hello, nil, err
	}
	return hello, stop, nil
}
