// Package longrun writes the two raw files of a run that never was: many clients, lost at
// every fault and back some seconds later, with the steps, the loads and the health that
// the engine would have written. It is for tests and benchmarks of what reads them.
package longrun

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/wsheal/wsheal/report"
)

const (
	ms  = int64(time.Millisecond)
	sec = int64(time.Second)
)

// rate is how many messages are due a second, all clients together: few, for what there is
// to know of them is not what a long run is about.
const rate = int64(200)

// Times of the run, ns: clients begin over the warmup, and every fault has a period, in
// which about thirty steps are taken by each client.
const (
	baseline = 12 * sec
	first    = 20 * sec
	period   = 30 * sec
)

// Run says how large it is.
type Run struct {
	Clients int
	Faults  int // resets of all connections, one a period
	Seed    uint64
	Beat    int64 // ns between two keepalives of a client; 0: a second
}

// Sized is a run with so many clients and at least so many records.
func Sized(clients, records int) Run {
	return Run{Clients: clients, Faults: max(1, (records+30*clients-1)/(30*clients)), Seed: 1}
}

// end is that of the plan.
func (r Run) end() int64 { return first + int64(r.Faults)*period }

// Write writes the run and returns how many records its journal has. The same run is the
// same bytes.
func (r Run) Write(journal, hlog io.Writer) (records int, err error) {
	if r.Beat == 0 {
		r.Beat = sec
	}
	rng := rand.New(rand.NewPCG(r.Seed, uint64(r.Clients)))
	w := &writer{to: report.NewWriter(journal)}
	w.put(report.Record{Run: r.header()})
	c := &course{run: r, rng: rng, w: w, hlog: report.NewHlogWriter(hlog, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), latency: report.NewLatency()}
	f := newFleet(r, rng, w)
	for t := range r.end() / sec {
		if err := c.second(t*sec, f.usable); err != nil {
			return w.n, err
		}
		f.until((t + 1) * sec)
	}
	w.put(report.Record{T: r.end(), End: &report.End{Reason: "complete"}})
	return w.n, w.close()
}

func (r Run) header() *report.Run {
	run := &report.Run{
		Schema: report.Schema, Scenario: "long-run", About: "Every connection is reset, again and again.", Policy: "default", Seed: r.Seed,
		Version: "test", Started: "2026-01-02T03:04:05Z", Host: "nowhere", Clients: r.Clients, Rate: float64(rate), Size: 128, Guarantee: "at-least-once",
		Hold: 3 * sec, Endpoints: []string{"blue"}, Command: "wsheal run long-run",
		Plan: []report.Planned{
			{Name: "warmup", To: baseline},
			{Name: "baseline", From: baseline, To: first},
			{Name: "chaos", From: first, To: r.end() - period/2},
			{Name: "recovery", From: r.end() - period/2, To: r.end()},
		},
		Steady: []string{"clients.usable >= 99.9%"},
		Gates:  []string{"recovery.t99 < 12s", "storm.peak_1s < 80%", "messages.lost == 0"},
	}
	for i := range r.Faults {
		run.Faults = append(run.Faults, report.Intended{Name: name(i), Kind: "reset", On: "blue", Share: 1, At: at(i), Cohort: r.Clients})
	}
	return run
}

func name(fault int) string { return fmt.Sprintf("cut-%d", fault+1) }

// at is when a fault is commanded.
func at(fault int) int64 { return first + int64(fault)*period }

// writer puts every tenth record behind the one that follows it, as goroutines that write
// at the same time do.
type writer struct {
	to   *report.Writer
	held *report.Record
	n    int
	err  error
}

func (w *writer) put(r report.Record) {
	w.n++
	first, last := w.held, &r
	if first != nil && w.n%10 == 0 && first.Step != nil && r.Step != nil && first.Step.Client != r.Step.Client {
		first, last = last, first
	}
	w.write(first)
	w.held = last
}

func (w *writer) write(r *report.Record) {
	if r != nil && w.err == nil {
		w.err = w.to.Write(*r)
	}
}

func (w *writer) close() error {
	w.write(w.held)
	if w.err != nil {
		return w.err
	}
	return w.to.Flush()
}
