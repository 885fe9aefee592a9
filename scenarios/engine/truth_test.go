package engine_test

import (
	"bytes"
	"context"
	"math"
	"net"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/internal/inprocess"
	"github.com/wsheal/wsheal/internal/memnet"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/engine"
)

// The scenarios of testdata/accuracy, in virtual time and over a network in memory: nothing
// but what is injected takes any time, so what is reported must be just that. (make accuracy
// runs them on real sockets.)

// truly runs one of them and returns what is reported and what its target did.
func truly(t *testing.T, name string, then func(sum *report.Summary, did report.Replies, w *inprocess.World)) {
	synctest.Test(t, func(t *testing.T) {
		s, err := scenarios.Open(filepath.Join("..", "..", "testdata", "accuracy", name+".yaml"), scenarios.Options{})
		require.NoError(t, err)
		zero := time.Now()
		clock := func() int64 { return 1 + int64(time.Since(zero)) }
		var network memnet.Network
		w := inprocess.New(t)
		env := w.Env()
		cut := &cutter{network: &network, clock: clock, open: map[uint64]*named{}}
		env.Clock, env.Dial = clock, cut.dial
		env.Proxy = func(context.Context, bool) (engine.Proxy, error) { return cut, nil }
		env.Target = func(ctx context.Context, x scenarios.Target) (engine.Target, error) {
			srv, err := target.New(target.Options{Handshake: target.Handshake(x.Embedded.Handshake), Replies: target.Replies(x.Embedded.Replies), Clock: clock})
			require.NoError(t, err)
			ln, err := network.Listen("target:1")
			require.NoError(t, err)
			return inMemory(ctx, x.Name, srv, ln), nil
		}
		require.NoError(t, engine.Run(t.Context(), s, env))
		sum := summary(t, w)
		assert.Equal(t, "complete", sum.Ended.Reason)
		require.Len(t, sum.Targets, 1)
		var did report.Replies
		if sum.Targets[0].Replies != nil {
			did = *sum.Targets[0].Replies
		}
		then(sum, did, w)
	})
}

// inMemoryTarget is a server of which nobody but this process knows.
type inMemoryTarget struct {
	elsewhere
	name string
	srv  *target.Server
}

func inMemory(ctx context.Context, name string, srv *target.Server, ln net.Listener) inMemoryTarget {
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(serving, ln) }()
	return inMemoryTarget{elsewhere{ln.Addr().String(), stop, ended}, name, srv}
}

func (t inMemoryTarget) Stats(context.Context) (report.Target, bool, error) {
	s := t.srv.Stats()
	return report.Target{Name: t.name, Upgraded: s.Upgraded, Replies: (*report.Replies)(s.Replies)}, true, nil
}

// latencies are the values of a kind, as often as they occur, from the run's raw log: to
// what the histograms can tell, a thousandth.
func latencies(t *testing.T, w *inprocess.World, kind string) map[time.Duration]int64 {
	out := map[time.Duration]int64{}
	r := report.NewHlogReader(bytes.NewReader(w.Latency.Bytes()))
	for r.Scan() {
		if iv := r.Interval(); bytes.HasPrefix([]byte(iv.Tag), []byte(kind+".")) {
			for _, bar := range iv.Hist.Distribution() {
				if bar.Count > 0 {
					out[time.Duration(bar.To)] += bar.Count
				}
			}
		}
	}
	require.NoError(t, r.Err())
	return out
}

// least is how many are of at least d.
func least(all map[time.Duration]int64, d time.Duration) (n int64) {
	for x, k := range all {
		if x >= d {
			n += k
		}
	}
	return n
}

func TestTruthOfLateReplies(t *testing.T) {
	truly(t, "late", func(sum *report.Summary, did report.Replies, w *inprocess.World) {
		const late = 200 * time.Millisecond
		assert.Equal(t, report.Replies{Read: 10000, Late: 100, LateP50: int64(late), LateP90: int64(late), LateMin: int64(late)}, did)
		assert.EqualValues(t, 10000, sum.Messages["all"].Acked)
		for _, kind := range []string{"service", "response"} {
			took := latencies(t, w, kind)
			assert.EqualValues(t, 100, least(took, late), kind)
			assert.EqualValues(t, 100, least(took, time.Millisecond), "%s: and the others at once", kind)
			assert.EqualValues(t, 10000, least(took, 0), kind)
		}
		assert.InEpsilon(t, late.Seconds(), sum.Metrics["service.p99_9"], 0.001)
		assert.Less(t, sum.Metrics["service.p99"], time.Millisecond.Seconds(), "one of a hundred is beyond the 99th percentile")
	})
}

func TestTruthOfAPause(t *testing.T) {
	truly(t, "pause", func(sum *report.Summary, did report.Replies, w *inprocess.World) {
		const pause, every = 2 * time.Second, 4 * time.Millisecond // as messages are due
		assert.EqualValues(t, pause, did.Paused)
		assert.Zero(t, did.Unanswered)
		assert.Zero(t, sum.Metrics["messages.lost"])
		// The first that falls due in it waits for all of it but the time since the last.
		assert.InDelta(t, (pause - every).Seconds(), sum.Metrics["latency.max"], time.Millisecond.Seconds())
		response, service := latencies(t, w, "response"), latencies(t, w, "service")
		assert.EqualValues(t, pause/every-1, least(response, time.Millisecond), "those due in it wait")
		assert.Zero(t, least(service, time.Millisecond), "and once they are sent they are answered at once")
		assert.EqualValues(t, sum.Messages["all"].Acked, least(service, 0), "every answer has a service time")
	})
}

func TestTruthOfLostMessages(t *testing.T) {
	truly(t, "lost", func(sum *report.Summary, did report.Replies, w *inprocess.World) {
		assert.Equal(t, report.Replies{Read: 8000, Lost: 37}, did)
		assert.Equal(t, 37., sum.Metrics["messages.lost"])
		assert.EqualValues(t, 7963, sum.Messages["all"].Acked)
		assert.InDelta(t, 1-37./8000, sum.Metrics["avail.msg"], 1e-12)
		// 37 of 8,000 are 0.46 %: between the 99th percentile and the 99.9th.
		assert.Less(t, sum.Metrics["latency.p99"], time.Millisecond.Seconds())
		assert.True(t, math.IsInf(sum.Values()["latency.p99_9"], 1), "lost messages are slower than any")
	})
}

func TestTruthOfACohort(t *testing.T) {
	truly(t, "cohort", func(sum *report.Summary, _ report.Replies, _ *inprocess.World) {
		const clients, cohort = 200, 60
		f := sum.Faults[0]
		assert.Equal(t, "confirmed", f.State, f.Why)
		assert.Equal(t, cohort, f.Intended.Cohort, "exactly 30 %")
		assert.Equal(t, cohort, f.Evidence.Hit)
		assert.Equal(t, cohort, sum.Recovery.Lost)
		assert.Equal(t, cohort, sum.Recovery.Healed)
		assert.Equal(t, cohort, sum.Storm.Attempts)
		assert.EqualValues(t, 1+clients+cohort, sum.Targets[0].Upgraded, "the look at whether it is there, and the clients")
	})
}

// TestTruthOfMu: n clients that come back to a server of mu at once are back when it has done
// n handshakes, the k-th after k of them.
func TestTruthOfMu(t *testing.T) {
	truly(t, "mu", func(sum *report.Summary, _ report.Replies, _ *inprocess.World) {
		const clients, cost = 600, 10 * time.Millisecond
		require.Equal(t, clients, sum.Recovery.Lost)
		r := sum.Recovery.Cleared
		assert.EqualValues(t, clients*50/100*cost, r.T50)
		assert.EqualValues(t, clients*90/100*cost, r.T90)
		assert.EqualValues(t, clients*99/100*cost, r.T99)
		assert.EqualValues(t, clients*cost, r.T100)
		assert.Equal(t, r.T99, sum.Recovery.Floor)
		assert.Equal(t, 1., sum.Metrics["recovery.efficiency"])
		assert.EqualValues(t, cost, sum.Recovery.Client.Min)
		assert.EqualValues(t, clients*cost, sum.Recovery.Client.Max)
	})
}
