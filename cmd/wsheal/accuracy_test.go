package main

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

var accuracy = flag.Bool("accuracy", false, "run the scenarios of testdata/accuracy on real sockets and hold what is reported against what was done: a minute")

// most is how far a time may be off, as a part of what was done. Counts are exact.
const most = 0.01

// finding is one figure of a report beside what the target says that it did.
type finding struct {
	what               string
	reported, injected float64
	unit               string // of both; "": counted
}

// off is how far the report is from the truth.
func (f finding) off() float64 {
	if f.reported == f.injected {
		return 0
	}
	return math.Abs(f.reported-f.injected) / math.Abs(f.injected)
}

func (f finding) ok() bool { return f.off() == 0 || f.unit != "" && f.off() <= most }

func (f finding) String() string {
	verdict := "ok"
	if !f.ok() {
		verdict = "WRONG"
	}
	return fmt.Sprintf("%-44s %14s %14s %8.3f %%  %s", f.what, f.shown(f.reported), f.shown(f.injected), 100*f.off(), verdict)
}

// shown has a time in full, where reports round it.
func (f finding) shown(v float64) string {
	if f.unit == "s" {
		return fmt.Sprintf("%.4f s", v)
	}
	return report.FormatValue(v, f.unit)
}

// outcome is a run, as its files have it.
type outcome struct {
	*report.Summary
	dir string
}

// done is what the target did, by its own counters and its own clock.
func (o outcome) done(t *testing.T) report.Replies {
	require.Len(t, o.Targets, 1)
	require.NotNil(t, o.Targets[0].Replies)
	return *o.Targets[0].Replies
}

// over counts the latencies of a kind above a limit.
func (o outcome) over(t *testing.T, kind string, limit time.Duration) (n int64) {
	log, err := os.ReadFile(filepath.Join(o.dir, latencyFile))
	require.NoError(t, err)
	r := report.NewHlogReader(bytes.NewReader(log))
	for r.Scan() {
		if iv := r.Interval(); len(iv.Tag) > len(kind) && iv.Tag[:len(kind)+1] == kind+"." {
			for _, bar := range iv.Hist.Distribution() {
				if bar.From > int64(limit) {
					n += bar.Count
				}
			}
		}
	}
	require.NoError(t, r.Err())
	return n
}

// truths are the runs, each with the one truth that it has. Where a figure is a time the
// truth is what the target measured on CLOCK_MONOTONIC, which its client reads, too: a timer
// that a busy machine serves late is late on both sides.
var truths = []struct {
	scenario string
	findings func(*testing.T, outcome) []finding
}{
	{"late", func(t *testing.T, o outcome) []finding {
		did := o.done(t)
		return []finding{
			{"late: messages answered", float64(o.Messages["all"].Acked), float64(did.Read), ""},
			{"late: of them late, 1 of 100 by 200 ms", float64(o.over(t, "service", 100*time.Millisecond)), float64(did.Late), ""},
			{"late: service.p99_9, 90 % of the late", o.Metrics["service.p99_9"], float64(did.LateP90) / 1e9, "s"},
		}
	}},
	{"pause", func(t *testing.T, o outcome) []finding {
		did := o.done(t)
		return []finding{
			{"pause: latency.max, a pause of 2 s", o.Metrics["latency.max"], float64(did.Paused) / 1e9, "s"},
			{"pause: service times over 1 s: those that", float64(o.over(t, "service", time.Second)), float64(did.Unanswered), ""},
			{"pause: were on their way as it began", float64(o.Messages["all"].Resent), float64(did.Unanswered), ""},
		}
	}},
	{"lost", func(t *testing.T, o outcome) []finding {
		return []finding{{"lost: messages.lost, of 8,000", o.Metrics["messages.lost"], float64(o.done(t).Lost), ""}}
	}},
	{"cohort", func(t *testing.T, o outcome) []finding {
		again := float64(o.Targets[0].Upgraded) - float64(o.Run.Clients) - 1 // and the look at whether it is there
		return []finding{
			{"cohort: recovery.lost, 30 % of 200", o.Metrics["recovery.lost"], again, ""},
			{"cohort: clients that the fault acted on", float64(o.Faults[0].Evidence.Hit), again, ""},
		}
	}},
	{"mu", func(t *testing.T, o outcome) []finding {
		between := o.Metrics["recovery.t99"] - o.Metrics["recovery.t50"]
		return []finding{
			{"mu: clients back per second, t50 to t99", (0.99 - 0.5) * float64(o.Recovery.Lost) / between, o.Run.Mu, "/s"},
			{"mu: recovery.t99, 594 handshakes at 100/s", o.Metrics["recovery.t99"], o.Metrics["recovery.floor"], "s"},
		}
	}},
}

// injected is what the scenarios ask for, which their targets have to have done before
// anything is held against it.
func injected(t *testing.T, name string, o outcome) {
	switch name {
	case "late":
		did := o.done(t)
		assert.EqualValues(t, 10000, did.Read)
		assert.EqualValues(t, 100, did.Late)
		assert.GreaterOrEqual(t, did.LateMin, int64(200*time.Millisecond))
	case "pause":
		assert.GreaterOrEqual(t, o.done(t).Paused, int64(2*time.Second))
	case "lost":
		assert.EqualValues(t, 37, o.done(t).Lost)
	case "cohort":
		assert.Equal(t, 60, o.Faults[0].Intended.Cohort)
	case "mu":
		assert.Equal(t, 100., o.Run.Mu)
		assert.Equal(t, 600, o.Recovery.Lost)
	}
}

// TestAccuracy holds reports against what was done, on real sockets and by the real command
// (make accuracy). Without the flag it holds the scenarios against what they say of themselves.
func TestAccuracy(t *testing.T) {
	if *accuracy {
		fmt.Printf("%-44s %14s %14s %10s\n", "", "reported", "injected", "error")
	}
	for _, truth := range truths {
		path, err := filepath.Abs(filepath.Join("..", "..", "testdata", "accuracy", truth.scenario+".yaml"))
		require.NoError(t, err)
		s, err := scenarios.Open(path, scenarios.Options{})
		require.NoError(t, err)
		assert.Equal(t, truth.scenario, s.Name)
		if truth.scenario == "cohort" {
			assert.Equal(t, 3*s.Clients.Count, 10*s.CohortSize(s.Faults[0]), "the seed draws exactly 30 %%")
		}
		if !*accuracy {
			continue
		}
		dir := filepath.Join(t.TempDir(), "run")
		out, err := wsheal(t, "run", path, "--quiet", "--out", dir).CombinedOutput()
		require.Zero(t, exitCode(t, err), "%s", out)
		o := outcome{readSummary(t, dir), dir}
		injected(t, truth.scenario, o)
		for _, f := range truth.findings(t, o) {
			fmt.Println(f)
			assert.True(t, f.ok(), "%s", f.what)
		}
	}
}
