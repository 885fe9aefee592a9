package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/wsheal/wsheal/chaos/foreign"
	"github.com/wsheal/wsheal/chaos/ledger"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/engine"
)

// stockProxy is a toxiproxy-server that was there before, in the place of our fault proxy.
type stockProxy struct {
	*foreign.Server
	book *ledger.Ledger
	tell io.Writer
}

func (stockProxy) Usage() (engine.Usage, error) { return engine.Usage{}, proc.ErrUnsupported }
func (stockProxy) Done() <-chan struct{}        { return nil }
func (stockProxy) Err() error                   { return nil }

// Stop removes what the run made there. What cannot be removed is no error of the run: it
// is told, and stays in the ledger.
func (p stockProxy) Stop(ctx context.Context) error {
	if err := p.Close(ctx); err != nil {
		fmt.Fprintf(p.tell, "not everything that the run broke could be put right; wsheal clear tries again: %v\n", err)
	}
	return p.book.Close()
}

// openStock finds the server at a URL for a run of a scenario.
func openStock(w *world, url string, s *scenarios.Scenario) func(context.Context, bool) (engine.Proxy, error) {
	return func(ctx context.Context, remote bool) (engine.Proxy, error) {
		dir, err := ledger.Dir(w.getenv)
		if err != nil {
			return nil, &engine.SetupError{Err: err}
		}
		book := ledger.New(dir)
		server, err := foreign.Open(ctx, foreign.Options{
			URL: url, Run: fmt.Sprintf("%d-%x", os.Getpid(), time.Now().Unix()), Clock: proc.Monotonic, Ledger: book,
			AllowRemote: remote, Target: func(name, upstream string) string { return urlOf(s, name, upstream) },
		})
		if err != nil {
			return nil, &engine.SetupError{Err: errors.Join(err, book.Close())}
		}
		return stockProxy{server, book, w.stderr}, nil
	}
}

// urlOf is the URL of a scenario's target, which is at an address, as clients have it.
func urlOf(s *scenarios.Scenario, name, address string) string {
	for _, t := range s.Targets {
		switch {
		case t.Name != name:
		case t.URL != "":
			return t.URL
		case t.Embedded != nil && t.Embedded.TLS:
			return "wss://" + address + "/"
		}
	}
	return "ws://" + address + "/"
}
