package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/wsheal/wsheal/internal/inprocess"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestResetIsSeenAsSuchAndHealed(t *testing.T) {
	t.Parallel()
	w := inprocess.New(t)
	s := inprocess.Small(t, "reset-storm", inprocess.Hasty, "phases={warmup: 1s, baseline: 1s, chaos: 500ms, recovery: 4s}", "gates=[messages.lost == 0]")
	w.Judge(s, func(t testing.TB, sum *report.Summary) {
		f := sum.Faults[0]
		assert.Equal(t, "confirmed", f.State, f.Why)
		assert.Equal(t, 40, f.Evidence.Targeted)
		assert.Equal(t, 40, f.Evidence.Hit)
		assert.Equal(t, 40, f.SawReset, "a true RST: ECONNRESET, not EOF, at every client")
		assert.Equal(t, 40, sum.Recovery.Lost)
		assert.Equal(t, 40, sum.Recovery.Healed)
		assert.Zero(t, sum.Lost["all"])
		assert.LessOrEqual(t, f.Commanded, f.Confirmed)
		assert.LessOrEqual(t, f.Confirmed, f.Cleared)

		replays(t, w, s)
	})
}

// replays holds the journal against the policy: the same events give the same decisions.
func replays(t testing.TB, w *inprocess.World, s *scenarios.Scenario) {
	t.Helper()
	policy := engine.FleetPolicy(s)
	n, err := engine.Replay(report.NewReader(bytes.NewReader(w.Journal.Bytes())), policy, s.Seed)
	require.NoError(t, err)
	assert.Greater(t, n, 3*s.Clients.Count, "each client was started, opened and proved at least")

	policy.PingEvery *= 2
	_, err = engine.Replay(report.NewReader(bytes.NewReader(w.Journal.Bytes())), policy, s.Seed)
	require.Error(t, err, "another policy decides otherwise")
	_, err = engine.Replay(report.NewReader(bytes.NewReader(w.Journal.Bytes())), engine.FleetPolicy(s), s.Seed+1)
	require.Error(t, err, "another seed draws otherwise")
}

// TestShortPartitionGoesByUnnoticed: what was held flows afterwards, nobody reconnects.
func TestShortPartitionGoesByUnnoticed(t *testing.T) {
	t.Parallel()
	w := inprocess.New(t)
	s := inprocess.Small(t, "partition", "phases={warmup: 1s, baseline: 1s, chaos: 3s, recovery: 2s}",
		"clients.policy={base: default, ping: {every: 60s, timeout: 30s}}", "faults.split.for=2s", "faults.split.share=100%", "gates=[recovery.lost == 0, messages.lost == 0]")
	w.Judge(s, func(t testing.TB, sum *report.Summary) {
		f := sum.Faults[0]
		assert.Equal(t, "confirmed", f.State, f.Why)
		assert.Positive(t, f.Evidence.HeldBytes)
		assert.Zero(t, f.Evidence.Leaked)
		assert.Zero(t, sum.Recovery.Lost)
		assert.Equal(t, 40, sum.Storm.Attempts+40, "nobody dialled again")
		assert.Zero(t, sum.Lost["all"])
		assert.Zero(t, sum.Messages["all"].Resent)
	})
}

// TestLongPartitionIsDetectedWhenThePolicySays holds every detection against the client's
// own drawn silence: last byte + silence + ping timeout, never before.
func TestLongPartitionIsDetectedWhenThePolicySays(t *testing.T) {
	t.Parallel()
	w := inprocess.New(t)
	s := inprocess.Small(t, "partition", inprocess.Hasty, "clients.policy.handshake_timeout=1s", "clients.policy.ping={every: 600ms, timeout: 1500ms}",
		"phases={warmup: 1s, baseline: 1s, chaos: 4s, recovery: 6s}", "gates=[messages.lost == 0]")
	w.Judge(s, func(t testing.TB, sum *report.Summary) {
		f := sum.Faults[0]
		assert.Equal(t, "confirmed", f.State, f.Why)
		assert.Zero(t, f.Evidence.Leaked)
		assert.Equal(t, f.Intended.Cohort, sum.Recovery.Lost)
		assert.Equal(t, sum.Recovery.Lost, sum.Recovery.Healed)
		assert.Zero(t, sum.Lost["all"])

		detected := detections(t, w, s)
		assert.GreaterOrEqual(t, len(detected), f.Intended.Cohort)
		for _, d := range detected {
			assert.Equal(t, d.due, d.armed, "client %d: the deadline is its last byte, its drawn silence and the ping timeout", d.client)
			assert.GreaterOrEqual(t, d.at, d.armed, "client %d gave up before its time", d.client)
			assert.True(t, s.Faulted(d.client), "client %d was not cut off", d.client)
		}

		// While it lasted the server went on counting the connections of those cut off.
		live := targetsLive(t, w, f.Confirmed, f.Cleared)
		require.NotEmpty(t, live)
		for _, n := range live {
			assert.GreaterOrEqual(t, n, int64(40), "the server counts the old connections until the partition clears")
		}
		replays(t, w, s)
	})
}

func TestLatencyShiftsItsCohortAlone(t *testing.T) {
	t.Parallel()
	w := inprocess.New(t)
	s := inprocess.Small(t, "latency-spike", "phases={warmup: 1s, baseline: 2s, chaos: 2s, recovery: 3s}", "faults.slow.delay=300ms", "gates=[recovery.lost == 0]")
	w.Judge(s, func(t testing.TB, sum *report.Summary) {
		f := sum.Faults[0]
		assert.Equal(t, "confirmed", f.State, f.Why)
		assert.Zero(t, f.Evidence.ControlHit)
		var usual int64
		for _, row := range sum.Latency {
			if row.Phase == "baseline" && row.Cohort == "faulted" && row.Kind == "response" {
				usual = row.P50
			}
		}
		require.NotZero(t, usual)
		require.NotNil(t, f.Shift)
		assert.GreaterOrEqual(t, time.Duration(*f.Shift+usual), 300*time.Millisecond, "no answer comes sooner than the delay")
	})
}

// TestFaultOnNobodyProvesNothing: a share of 0 %, and a target that no client dials.
func TestFaultOnNobodyProvesNothing(t *testing.T) {
	for name, set := range map[string][]string{
		"share 0":       {"faults.cut.share=0%"},
		"unused target": {"targets.red={embedded: {}}", "clients.endpoints=[{target: blue}]", "faults.cut.on=red"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := inprocess.New(t)
			s := inprocess.Small(t, "reset-storm", append(set, "phases={warmup: 500ms, baseline: 500ms, chaos: 500ms, recovery: 3s}", "gates=[messages.lost == 0]")...)
			w.Judge(s, func(t testing.TB, sum *report.Summary) {
				assert.Equal(t, "no effect", sum.Faults[0].State)
				assert.NotEqual(t, report.Pass, sum.Verdict)
				assert.Contains(t, strings.Join(sum.Reasons, "\n"), "cut")
				assert.Zero(t, sum.Recovery.Lost)
			})
		})
	}
}

func TestSameSeedSameCohortAndDelays(t *testing.T) {
	t.Parallel()
	first := inprocess.Small(t, "partition")
	again := inprocess.Small(t, "partition")
	other := inprocess.Small(t, "partition", "seed=43")
	assert.Equal(t, first.ControlBitmap(), again.ControlBitmap())
	assert.NotEqual(t, first.ControlBitmap(), other.ControlBitmap())

	delays := func() map[string]int64 {
		w := inprocess.New(t)
		s := inprocess.Small(t, "reset-storm", inprocess.Hasty, "phases={warmup: 1s, baseline: 500ms, chaos: 500ms, recovery: 1500ms}", "gates=[]")
		var out map[string]int64
		w.Judge(s, func(t testing.TB, _ *report.Summary) {
			out = map[string]int64{}
			records(t, w, func(r report.Record) {
				if st := r.Step; st != nil && st.Event == "lost" {
					for _, a := range st.Actions {
						if a.Kind == "arm" {
							out[fmt.Sprintf("client %d after generation %d", st.Client, st.EventGen)] = a.At - r.T
						}
					}
				}
			})
			require.Len(t, out, 40)
		})
		return out
	}
	assert.Equal(t, delays(), delays())
}

func TestInterruptedRunClearsItsFaults(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	w := inprocess.New(t)
	s := inprocess.Small(t, "partition", "phases={warmup: 500ms, baseline: 500ms, chaos: 60s, recovery: 1s}", "gates=[]")
	env := w.Env()
	env.Journal = trigger{env.Journal, `"edge":"confirmed"`, cancel}
	require.NoError(t, engine.Run(ctx, s, env))
	sum, err := report.Build(bytes.NewReader(w.Journal.Bytes()), bytes.NewReader(w.Latency.Bytes()))
	require.NoError(t, err)
	assert.Equal(t, "interrupted", sum.Ended.Reason)
	unproven(t, sum, "the run was interrupted")
	assert.NotZero(t, sum.Faults[0].Confirmed)
	assert.NotZero(t, sum.Faults[0].Cleared)
	assert.Less(t, sum.Duration, int64(30*time.Second))
}

// trigger acts when a text is written.
type trigger struct {
	io.Writer
	text string
	act  func()
}

func (t trigger) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(t.text)) {
		t.act()
	}
	return t.Writer.Write(b)
}

func TestTooFewDescriptorsIsInvalid(t *testing.T) {
	w := inprocess.New(t)
	env := w.Env()
	env.FDLimit = 100
	require.NoError(t, engine.Run(t.Context(), inprocess.Small(t, "reset-storm"), env))
	sum, err := report.Build(bytes.NewReader(w.Journal.Bytes()), bytes.NewReader(w.Latency.Bytes()))
	require.NoError(t, err)
	assert.Equal(t, report.Invalid, sum.Verdict)
	assert.Contains(t, sum.Reasons[0], "descriptors")
	assert.Contains(t, sum.Reasons[0], "100")
}

func TestUnreachableTargetIsNamed(t *testing.T) {
	refuses, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &http.Server{Handler: http.NotFoundHandler()}
	go func() { _ = srv.Serve(refuses) }()
	defer srv.Close()
	endless, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer endless.Close()
	go func() {
		conn, err := endless.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for line := []byte("HTTP/1.1 101 "); err == nil; line = bytes.Repeat([]byte{'x'}, 64<<10) {
			_, err = conn.Write(line)
		}
	}()
	for want, at := range map[string]string{
		"HTTP 404": refuses.Addr().String(), "refused": "127.0.0.1:1", "more than 65536 bytes": endless.Addr().String(),
	} {
		w := inprocess.New(t)
		s := inprocess.Small(t, "steady", "targets.blue={url: 'ws://"+at+"/'}")
		s.Targets[0].URL = at // the world's targets put the scheme before it
		err = engine.Run(t.Context(), s, w.Env())
		setup, ok := errors.AsType[*engine.SetupError](err)
		require.True(t, ok, "%v", err)
		assert.ErrorContains(t, setup, "target blue")
		assert.ErrorContains(t, setup, want)
		assert.Empty(t, w.Journal.String())
	}
}

// detection is one connection given up as half-open, or as frozen: through a proxy that holds
// bytes back the kernel goes on acknowledging them.
type detection struct {
	client         int
	due, armed, at int64
}

// detections recomputes each deadline from the journal's own inbound stamps and the
// client's draws.
func detections(t testing.TB, w *inprocess.World, s *scenarios.Scenario) []detection {
	t.Helper()
	policy := s.Clients.Policy
	type suspicion struct {
		armed, due int64
	}
	suspects := map[int]suspicion{}
	draws := map[int]uint32{} // silences drawn so far
	var out []detection
	records(t, w, func(r report.Record) {
		st := r.Step
		if st == nil {
			return
		}
		answered := st.From == "proving" && st.To == "ready" || st.From == "suspect" && (st.To == "ready" || st.To == "stable")
		if answered {
			draws[st.Client]++
		}
		switch {
		case st.From != "suspect" && st.To == "suspect":
			silence := policy.SilenceOf(heal.Rand{Seed: s.Seed, Client: uint64(st.Client)}, draws[st.Client]-1)
			assert.GreaterOrEqual(t, r.T, st.Inbound+int64(silence), "client %d was pinged before it had been silent for %v", st.Client, silence)
			suspects[st.Client] = suspicion{armed: armed(st), due: r.T + int64(policy.PingTimeout)}
		case st.From == "suspect" && st.Event == "timer" && (st.Cause == "half-open" || st.Cause == "frozen"):
			was := suspects[st.Client]
			out = append(out, detection{st.Client, was.due, was.armed, r.T})
		}
	})
	return out
}

func armed(st *report.Step) int64 {
	for _, a := range st.Actions {
		if a.Kind == "arm" {
			return a.At
		}
	}
	return 0
}

// targetsLive is what the target said of its live connections within a span.
func targetsLive(t testing.TB, w *inprocess.World, from, to int64) []int64 {
	t.Helper()
	var out []int64
	records(t, w, func(r report.Record) {
		if r.Target != nil && r.T > from && r.T < to {
			out = append(out, r.Target.Live)
		}
	})
	return out
}

func records(t testing.TB, w *inprocess.World, each func(report.Record)) {
	t.Helper()
	reader := report.NewReader(bytes.NewReader(w.Journal.Bytes()))
	for reader.Scan() {
		each(reader.Record())
	}
	require.NoError(t, reader.Err())
	require.Empty(t, reader.Warnings())
}

// A gate that says so ends the run as soon as it is broken: the fault is cleared, the verdict
// is fail, and the reason has the moment.
func TestABrokenGateEndsTheRun(t *testing.T) {
	t.Parallel()
	w := inprocess.New(t)
	s := inprocess.Small(t, "partition", "phases={warmup: 2s, baseline: 500ms, chaos: 60s, recovery: 10s}", "faults.split.for=50s", "clients.policy.ping={every: 200ms, timeout: 1s, timeout_min: 0s}",
		"gates=[clients.usable >= 90% or abort, messages.lost == 0]")
	w.Judge(s, func(t testing.TB, sum *report.Summary) {
		assert.Equal(t, "aborted", sum.Ended.Reason)
		assert.Equal(t, "clients.usable >= 90% or abort", sum.Ended.Gate)
		assert.Less(t, sum.Duration, int64(40*time.Second), "long before its plan's end")
		assert.Equal(t, []string{"fail", "no data"}, []string{sum.Gates[0].Verdict, sum.Gates[1].Verdict})
		assert.Contains(t, sum.Gates[0].Why, "which ended the run")
		assert.Contains(t, sum.Reasons, "gate "+sum.Gates[0].Text+" is broken: "+sum.Gates[0].Why)
		assert.NotZero(t, sum.Faults[0].Cleared)
	})
}
