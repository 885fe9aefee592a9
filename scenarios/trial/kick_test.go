package trial_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/engine"
	"github.com/wsheal/wsheal/scenarios/trial"
)

// worn is a server that says of itself what it is told to.
type worn struct {
	engine.Target
	at func(time.Duration) report.Target
	t0 time.Time
}

func (w worn) Stats(context.Context) (report.Target, bool, error) {
	return w.at(time.Since(w.t0)), true, nil
}

// kicked plays a kick in virtual time against what a server says of itself, and returns when
// dials went out, of one that is tried every 10 ms, and what came of it.
func kicked(t *testing.T, at func(time.Duration) report.Target, end *report.Summary) (r trial.KickResult, let []time.Duration) {
	t.Helper()
	r, let, _ = told(t, at, end)
	return r, let
}

// told is kicked, and what people are told meanwhile.
func told(t *testing.T, at func(time.Duration) report.Target, end *report.Summary) (r trial.KickResult, let []time.Duration, said []string) {
	t.Helper()
	s, err := scenarios.Open("metastable", scenarios.Options{Set: []string{"clients.policy={base: fixed, handshake_timeout: 1s}"}})
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		k, recovery, err := trial.NewKick(s)
		require.NoError(t, err)
		assert.Equal(t, 4*time.Second, k.Window)
		assert.Equal(t, 40*time.Second, k.Wait)
		assert.Equal(t, 10*time.Second+200*time.Millisecond, k.Over)
		k.Tell = func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
		t0 := time.Now()
		begun := false
		env := k.Watch(t.Context(), engine.Env{
			Target: func(context.Context, scenarios.Target) (engine.Target, error) { return worn{at: at, t0: t0}, nil },
			Dial:   func(context.Context, string, string) (net.Conn, error) { return nil, errDialled },
			Begun:  func(time.Time) { begun = true },
		})
		_, err = env.Target(t.Context(), s.Targets[0])
		require.NoError(t, err)
		env.Begun(t0)
		assert.True(t, begun, "who waited for the run to begin still does")
		for time.Since(t0) < 11*time.Second+recovery {
			if _, err := env.Dial(t.Context(), "tcp", "x"); errors.Is(err, errDialled) {
				let = append(let, time.Since(t0))
			}
			time.Sleep(10 * time.Millisecond)
		}
		r = k.Judge(end)
	})
	return r, let, said
}

var errDialled = errors.New("dialled")

// between counts the dials that went out from a to b seconds.
func between(let []time.Duration, a, b float64) (n int) {
	for _, x := range let {
		if x.Seconds() >= a && x.Seconds() < b {
			n++
		}
	}
	return n
}

func finished(v report.Verdict, usable int, metrics map[string]float64) *report.Summary {
	return &report.Summary{Verdict: v, Metrics: metrics, Clients: report.Clients{Usable: usable}}
}

// stuck is a server that worked for nobody from the fault on, and is idle at 70 s.
func stuck(at time.Duration) report.Target {
	s := report.Target{Live: 16, Upgraded: 16, Stale: int64(at.Seconds()), Queue: 1000}
	if at > 70*time.Second {
		s.Queue = 0
	}
	return s
}

func TestAKickLetsThemInEvenlyWhenTheQueueIsEmpty(t *testing.T) {
	r, let, said := told(t, stuck, finished(report.Fail, 160, map[string]float64{"recovery.t99": 64}))
	assert.Equal(t, []string{
		"the fault is over; whoever is not back in 40 s is down",
		"the server has 10 % of them, and 1000 handshakes wait: all who are down are held back",
		"the server has worked off its queue: they are let in evenly, over 4 s",
	}, said)
	assert.Equal(t, "self-sustained", r.State)
	assert.Equal(t, report.Pass, r.Verdict)
	assert.InDelta(t, 50.2, r.At, 1e-9)
	assert.InDelta(t, 70, r.Resumed, 0.1)
	assert.Equal(t, 0.1, r.Before)
	assert.Equal(t, 1.0, r.Useless)
	assert.Equal(t, int64(1000), r.Queue)
	assert.Equal(t, 5020, between(let, 0, 50.2), "nobody is held back before")
	assert.Zero(t, between(let, 50.21, r.Resumed))
	assert.InDelta(t, 160, between(let, r.Resumed, r.Resumed+4), 1, "all of the fleet in the window")
	assert.InDelta(t, 40, between(let, r.Resumed+1, r.Resumed+2), 1, "at the pace of the server")
	assert.InDelta(t, 100, between(let, r.Resumed+5, r.Resumed+6), 1, "and nobody after it")
}

func TestAKickThatDoesNotHelpSaysSo(t *testing.T) {
	r, _ := kicked(t, stuck, finished(report.Fail, 80, nil))
	assert.Equal(t, "not self-sustained", r.State)
	assert.Contains(t, r.Why, "capacity or a server is missing")
}

func TestAFleetThatIsBackIsNotKicked(t *testing.T) {
	r, let, said := told(t, func(time.Duration) report.Target { return report.Target{Live: 160} },
		finished(report.Pass, 160, map[string]float64{"recovery.t99": 5}))
	assert.Equal(t, "recovered", r.State)
	assert.Zero(t, r.At)
	assert.Equal(t, 1000, between(let, 50, 60))
	assert.Equal(t, "the server has 100 % of them: there is nothing to kick", said[len(said)-1])
}

func TestAQueueThatIsNeverEmptyProvesNothing(t *testing.T) {
	r, let := kicked(t, func(time.Duration) report.Target { return report.Target{Queue: 1} }, finished(report.Fail, 0, nil))
	assert.Equal(t, "unknown", r.State)
	assert.Equal(t, report.Inconclusive, r.Verdict)
	assert.Contains(t, r.Why, "had not worked off its queue")
	assert.NotZero(t, between(let, 116, 125), "nobody is held back for ever")
	r, _ = kicked(t, stuck, finished(report.Invalid, 160, map[string]float64{"recovery.t99": 64}))
	assert.Equal(t, report.Invalid, r.Verdict)
}

func TestWhatCannotBeKicked(t *testing.T) {
	for set, want := range map[string]string{
		"targets.blue.embedded.handshake={}": "expected one embedded target with workers and cost",
		"faults=[]":                          "expected a fault",
	} {
		s, err := scenarios.Open("metastable", scenarios.Options{Set: []string{set, "gates=[messages.lost == 0]"}})
		require.NoError(t, err)
		_, _, err = trial.NewKick(s)
		assert.ErrorContains(t, err, want)
	}
}
