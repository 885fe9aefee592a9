package live_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTerminalGolden(t *testing.T) {
	for _, c := range []struct {
		name  string
		style report.Style
		width int
	}{
		{"wide", report.Style{Unicode: true, Color: true}, 100},
		{"ascii", report.Style{}, 80},
		{"narrow", report.Style{Unicode: true}, 50},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScreen(t, c.width)
			view := live.NewTerminal(s, c.style, func() (int, int) { return c.width, 24 })
			tr := live.NewTracker(stormPlan())
			var frames strings.Builder
			storm(tr, 26*time.Second, func(now time.Duration) {
				view.Draw(tr.Sample(now))
				require.LessOrEqual(t, len(s.rows), 13, "12 lines and the cursor's below")
				switch now {
				case 2 * time.Second, 11 * time.Second, 13 * time.Second, 15500 * time.Millisecond, 17 * time.Second, 26 * time.Second:
					fmt.Fprintf(&frames, "--- %s\n%s", now, s)
				}
			})
			assert.Equal(t, 260, s.writes, "a frame is one write")
			golden(t, "terminal-"+c.name+".txt", frames.String())
		})
	}
}

func TestTerminalKeepsNotesAndTheLastFrame(t *testing.T) {
	s := newScreen(t, 80)
	view := live.NewTerminal(s, report.Style{Unicode: true}, func() (int, int) { return 80, 24 })
	tr := live.NewTracker(stormPlan())
	view.Draw(tr.Sample(tick))
	tr.Note(2*tick, "first\x1b[2J")
	view.Draw(tr.Sample(2 * tick))
	tr.Note(3*tick, "second")
	view.Close(tr.Sample(3 * tick))

	lines := strings.Split(s.String(), "\n")
	assert.Equal(t, "0.2 s  first?[2J", lines[0])
	assert.Equal(t, "0.3 s  second", lines[1])
	assert.Contains(t, lines[2], "reset-storm  0.3 s of 26 s")
	assert.Equal(t, 1, strings.Count(s.String(), "reset-storm"), "one frame stays")
}

// A frame is drawn over the one before it; only what it leaves over is erased, afterwards.
func TestTerminalDrawsBeforeItErases(t *testing.T) {
	var out bytes.Buffer
	s := newScreen(t, 80)
	view := live.NewTerminal(io.MultiWriter(&out, s), report.Style{Unicode: true}, func() (int, int) { return 80, 24 })
	tr := live.NewTracker(stormPlan())
	full := strings.Repeat("x", 80-len("0.1 s  "))
	for i, note := range []string{full, "short", strings.Repeat("y", 200)} {
		out.Reset()
		tr.Note(time.Duration(i+1)*tick, note)
		view.Draw(tr.Sample(time.Duration(i+1) * tick))
		frame := out.String()
		assert.Equal(t, 1, strings.Count(frame, "\x1b[J"))
		require.True(t, strings.HasSuffix(frame, "\n\x1b[J"), "%q", frame)
		for j, line := range strings.Split(strings.TrimSuffix(frame, "\n\x1b[J"), "\n") {
			assert.Equal(t, i != 0 || j != 0, strings.HasSuffix(line, "\x1b[K"), "%q", line)
		}
	}
	assert.Contains(t, s.String(), "0.1 s  "+full+"\n0.2 s  short\n0.3 s  yyy", "a row that is full keeps its last sign")
	assert.Equal(t, 1, strings.Count(s.String(), "reset-storm"))
	lines := strings.Split(s.String(), "\n")
	assert.Equal(t, strings.Repeat("y", 200-2*80+len("0.3 s  ")), lines[4], "nothing of the frame that stood there")
}

func TestTerminalSurvivesResizing(t *testing.T) {
	s, width := newScreen(t, 100), 100
	view := live.NewTerminal(s, report.Style{Unicode: true}, func() (int, int) { return width, 0 })
	tr := live.NewTracker(stormPlan())
	at := time.Duration(0)
	for _, width = range []int{100, 61, 40, 8, 1, 120, 70} {
		s.resize(width)
		at += tick
		view.Draw(tr.Sample(at))
		assert.LessOrEqual(t, strings.Count(s.String(), "reset-s"), 1, "remains of the frame before, at %d columns:\n%s", width, s)
	}
	assert.Contains(t, s.String(), "reset-storm  0.7 s of 26 s")
}

func TestPlainGolden(t *testing.T) {
	var out bytes.Buffer
	view := live.NewPlain(&out, report.Style{Unicode: true})
	tr := live.NewTracker(stormPlan())
	storm(tr, 26*time.Second, func(now time.Duration) { view.Draw(tr.Sample(now)) })
	view.Close(tr.Sample(26 * time.Second))
	golden(t, "plain.txt", out.String())
}

func TestPlainHeartbeatOfALongRun(t *testing.T) {
	var out bytes.Buffer
	view := live.NewPlain(&out, report.Style{})
	tr := live.NewTracker(live.Plan{Scenario: "soak", Clients: 10, Phases: []live.Phase{{Name: "baseline", To: 8 * time.Hour}}})
	tr.SetPhase("baseline", 0)
	for now := tick; now <= 8*time.Hour; now += tick {
		view.Draw(tr.Sample(now))
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	assert.Less(t, out.Len(), 100_000, "a log of a long run stays readable")
	for i, at := range []string{"30.1 s", "1 min 30 s", "3 min 30 s", "7 min 30 s", "12 min 30 s", "17 min 30 s"} {
		assert.Equal(t, at, strings.TrimSpace(strings.SplitN(lines[2+i], "  baseline", 2)[0]), "heartbeat %d", i)
	}
	assert.Contains(t, lines[2], "0 of 10 clients usable, 0/s dials")
}

func TestStopwatches(t *testing.T) {
	tr := live.NewTracker(stormPlan())
	at := map[string]string{} // by time: the four watches
	storm(tr, 26*time.Second, func(now time.Duration) {
		s := tr.Sample(now)
		at[now.String()] = fmt.Sprint(s.Watches)
	})
	w := func(state live.WatchState, name string, level float64, v time.Duration) live.Watch {
		return live.Watch{Name: name, Level: level, State: state, Value: v}
	}
	all := func(state live.WatchState, v time.Duration) string {
		return fmt.Sprint([4]live.Watch{w(state, "t50", 0.5, v), w(state, "t90", 0.9, v), w(state, "t99", 0.99, v), w(state, "t100", 1, v)})
	}
	const ms = time.Millisecond
	assert.Equal(t, all(live.Idle, 0), at["10.9s"])
	assert.Equal(t, all(live.Running, 98*ms), at["11.1s"], "from the confirmed edge at 11.002 s")
	assert.Equal(t, fmt.Sprint([4]live.Watch{
		w(live.Reached, "t50", 0.5, 2498*ms), w(live.Running, "t90", 0.9, 3998*ms), w(live.Running, "t99", 0.99, 3998*ms), w(live.Running, "t100", 1, 3998*ms),
	}), at["15s"])
	assert.Equal(t, fmt.Sprint([4]live.Watch{
		w(live.Held, "t50", 0.5, 2498*ms), w(live.Held, "t90", 0.9, 4498*ms), w(live.Reached, "t99", 0.99, 4998*ms), w(live.Reached, "t100", 1, 4998*ms),
	}), at["18.5s"])
	assert.Equal(t, fmt.Sprint([4]live.Watch{
		w(live.Held, "t50", 0.5, 2498*ms), w(live.Held, "t90", 0.9, 4498*ms), w(live.Held, "t99", 0.99, 4998*ms), w(live.Held, "t100", 1, 4998*ms),
	}), at["26s"])
}

// A dip between two samples restarts the stopwatch, however short it was.
func TestStopwatchSeesADipBetweenSamples(t *testing.T) {
	tr := live.NewTracker(stormPlan())
	storm(tr, 18*time.Second, func(now time.Duration) { tr.Sample(now) })
	tr.AddUsable(-20)
	tr.AddUsable(+20)
	s := tr.Sample(18100 * time.Millisecond)
	assert.Equal(t, live.Held, s.Watches[0].State)
	assert.Equal(t, live.Reached, s.Watches[2].State)
	assert.Equal(t, 18100*time.Millisecond-11002*time.Millisecond, s.Watches[2].Value)
	assert.Equal(t, live.Reached, s.Watches[3].State)
}

// Clients that a fault does not touch have nothing to recover from.
func TestStopwatchOfAFaultWithoutEffect(t *testing.T) {
	tr := live.NewTracker(stormPlan())
	tr.AddUsable(1000)
	tr.SetPhase("baseline", tick)
	tr.Sample(tick)
	tr.SetFault("cut", live.Commanded, 2*tick, "")
	tr.SetFault("cut", live.Confirmed, 3*tick, "")
	s := tr.Sample(4 * tick)
	assert.Equal(t, live.Untouched, s.Watches[3].State)
	assert.InDelta(t, 1000, s.Baseline, 0)
	assert.Equal(t, live.Untouched, tr.Sample(time.Minute).Watches[0].State)
}

func TestBaselineIsTheMedian(t *testing.T) {
	tr := live.NewTracker(stormPlan())
	tr.SetPhase("baseline", 0)
	for i, delta := range []int{900, 98, 2, 0, 0} { // 900, 998, 1000, 1000, 1000
		tr.AddUsable(delta)
		tr.Sample(time.Duration(i+1) * tick)
	}
	tr.AddUsable(-500)
	tr.SetFault("cut", live.Confirmed, time.Second, "")
	assert.InDelta(t, 1000, tr.Sample(time.Second).Baseline, 0)
}

func TestTrackerRates(t *testing.T) {
	tr := live.NewTracker(live.Plan{Clients: 1, Phases: []live.Phase{{To: time.Minute}}})
	var s live.State
	for i := range 30 { // 10 a tick for 2 s, then nothing
		if i < 20 {
			tr.AddAttempts(10)
			tr.AddAnswers(3)
		}
		s = tr.Sample(time.Duration(i+1) * tick)
		if i == 19 {
			assert.InDelta(t, 100, s.Attempts, 1e-9)
			assert.InDelta(t, 30, s.Answers, 1e-9)
		}
	}
	assert.Zero(t, s.Attempts)
	assert.InDelta(t, 100, s.Peak, 1e-9)
	total := 0
	for _, n := range s.History.Attempts {
		total += n
	}
	assert.Equal(t, 200, total, "the history has every dial once")
}

func TestTrackerEdgesAndSharedStates(t *testing.T) {
	tr := live.NewTracker(stormPlan())
	tr.SetFault("cut", live.Commanded, 0, "")
	before := tr.Sample(tick)
	tr.SetFault("cut", live.Confirmed, 2*tick, "")
	tr.SetFault("cut", live.Confirmed, 9*tick, "")
	tr.SetFault("cut", live.Failed, 3*tick, "proxy is gone")
	tr.SetFault("unheard of", live.Confirmed, 3*tick, "")
	after := tr.Sample(4 * tick)
	assert.Zero(t, before.Faults[0].Confirmed, "a state handed out does not change")
	assert.Equal(t, 2*tick, after.Faults[0].Confirmed, "the first edge counts")
	assert.Equal(t, "proxy is gone", after.Faults[0].Failed)
	require.Len(t, after.Events, 2)
	assert.Equal(t, "fault cut (reset 100 %) failed: proxy is gone", after.Events[1].Text)
	assert.Empty(t, tr.Sample(5*tick).Events, "events are handed over once")
}

func TestTrackerHealth(t *testing.T) {
	tr := live.NewTracker(stormPlan())
	tr.SetHealth(live.Fit, tick, "")
	tr.SetHealth(live.Unfit, tick, "descriptors")
	tr.SetHealth(live.Unfit, tick, "descriptors")
	tr.SetHealth(live.Fit, tick, "")
	var texts []string
	for _, e := range tr.Sample(tick).Events {
		texts = append(texts, e.Text)
	}
	assert.Equal(t, []string{"harness unfit: descriptors", "harness fit again"}, texts)
}

func TestTrackerFromManyGoroutines(t *testing.T) {
	tr := live.NewTracker(stormPlan())
	tr.SetFault("cut", live.Confirmed, tick, "")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 1000 {
				tr.AddUsable(1)
				tr.AddAttempts(1)
				tr.AddAnswers(2)
				tr.AddUsable(-1)
				if i%100 == 0 {
					tr.SetPhase("chaos", tick)
					tr.SetFault("cut", live.Cleared, 2*tick, "")
				}
			}
		})
	}
	for i := range 100 {
		tr.Sample(time.Duration(i) * tick)
	}
	wg.Wait()
	s := tr.Sample(20 * time.Second)
	assert.Zero(t, s.Usable)
	attempts, answers := 0, 0
	for i := range s.History.Attempts {
		attempts += s.History.Attempts[i]
		answers += s.History.Answers[i]
	}
	assert.Equal(t, 8000, attempts)
	assert.Equal(t, 16000, answers)
}

func TestRunDrawsAtTicksAndOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		view := &recorder{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			live.Run(ctx, live.NewTracker(stormPlan()), view, ticker.C, func() time.Duration { return time.Since(began) })
		}()
		time.Sleep(350 * time.Millisecond)
		cancel()
		<-done
		assert.Equal(t, []time.Duration{tick, 2 * tick, 3 * tick}, view.drawn)
		assert.Equal(t, []time.Duration{350 * time.Millisecond}, view.closed)
	})
}

type recorder struct{ drawn, closed []time.Duration }

func (r *recorder) Draw(s live.State)  { r.drawn = append(r.drawn, s.Now) }
func (r *recorder) Close(s live.State) { r.closed = append(r.closed, s.Now) }

func TestViewsFallSilentWhenNobodyReads(t *testing.T) {
	w := &broken{}
	tr := live.NewTracker(stormPlan())
	for _, view := range []live.View{live.NewPlain(w, report.Style{}), live.NewTerminal(w, report.Style{}, func() (int, int) { return 80, 24 })} {
		w.writes = 0
		view.Draw(tr.Sample(tick))
		tr.SetPhase("warmup", tick)
		view.Draw(tr.Sample(2 * tick))
		view.Close(tr.Sample(3 * tick))
		assert.Equal(t, 1, w.writes)
	}
}

type broken struct{ writes int }

func (b *broken) Write([]byte) (int, error) {
	b.writes++
	return 0, errors.New("broken pipe")
}
