package main

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
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
	return fmt.Sprintf("%-50s %14s %14s %8.3f %%  %s", f.what, f.shown(f.reported), f.shown(f.injected), 100*f.off(), verdict)
}

// shown has a time in full, where reports round it.
func (f finding) shown(v float64) string {
	if f.unit == "s" {
		return fmt.Sprintf("%.4f s", v)
	}
	return report.FormatValue(v, f.unit)
}

// done is what the target did, by its own counters and its own clock.
func (o outcome) done(t *testing.T) report.Replies {
	require.Len(t, o.Targets, 1)
	require.NotNil(t, o.Targets[0].Replies)
	return *o.Targets[0].Replies
}

// latencies are all those of a kind, from the run's log.
func (o outcome) latencies(t *testing.T, kind string) *hdrhistogram.Histogram {
	log, err := os.ReadFile(filepath.Join(o.dir, latencyFile))
	require.NoError(t, err)
	var all *hdrhistogram.Histogram
	r := report.NewHlogReader(bytes.NewReader(log))
	for r.Scan() {
		iv := r.Interval()
		switch {
		case !strings.HasPrefix(iv.Tag, kind+"."):
		case all == nil:
			all = iv.Hist
		default:
			require.Zero(t, all.Merge(iv.Hist))
		}
	}
	require.NoError(t, r.Err())
	require.NotNil(t, all)
	return all
}

// over counts those above a limit.
func over(all *hdrhistogram.Histogram, limit time.Duration) (n int64) {
	for _, bar := range all.Distribution() {
		if bar.From > int64(limit) {
			n += bar.Count
		}
	}
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
		did, service := o.done(t), o.latencies(t, "service")
		// The median of the hundredth that is late, and of all: what the way there and back
		// takes on this machine is in both.
		added := service.ValueAtPercentile(99.5) - service.ValueAtPercentile(50)
		return []finding{
			{"late: messages answered", float64(o.Messages["all"].Acked), float64(did.Read), ""},
			{"late: of them late, 1 of 100 by 200 ms", float64(over(service, 190*time.Millisecond)), float64(did.Late), ""},
			{"late: service time at 99.5 % less that at 50 %", float64(added) / 1e9, float64(did.LateP50) / 1e9, "s"},
		}
	}},
	{"pause", func(t *testing.T, o outcome) []finding {
		did := o.done(t)
		return []finding{
			{"pause: latency.max, a pause of 2 s", o.Metrics["latency.max"], float64(did.Paused) / 1e9, "s"},
			{"pause: service times over 1 s: those that", float64(over(o.latencies(t, "service"), time.Second)), float64(did.Unanswered), ""},
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

// recorded runs a scenario by the real command.
func recorded(t *testing.T, path string) outcome {
	for n := 1; ; n++ {
		o := ran(t, nil, path, "--quiet")
		if o.Verdict != report.Invalid {
			require.Zero(t, o.exit, "%s", o.said)
			return o
		}
		require.Less(t, n, tries, "this machine is too busy to measure anything: %s", strings.Join(o.Reasons, "; "))
		fmt.Printf("%s: again, for the run was invalid: %s\n", o.Run.Scenario, strings.Join(o.Reasons, "; "))
	}
}

// TestAccuracy holds reports against what was done, on real sockets and by the real command
// (make accuracy). Without the flag it holds the scenarios against what they say of themselves.
func TestAccuracy(t *testing.T) {
	if *accuracy {
		fmt.Printf("%-50s %14s %14s %10s\n", "", "reported", "injected", "error")
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
		o := recorded(t, path)
		injected(t, truth.scenario, o)
		for _, f := range truth.findings(t, o) {
			fmt.Println(f)
			assert.True(t, f.ok(), "%s", f.what)
		}
	}
}
