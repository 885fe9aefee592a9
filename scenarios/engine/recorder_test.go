package engine

import (
	"bytes"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/live"
	"github.com/wsheal/wsheal/scenarios"
)

// bench is a run of which only the recorder is there.
type bench struct {
	*run
	t       *testing.T
	journal bytes.Buffer
	latency bytes.Buffer
}

func open(t *testing.T, name string, set ...string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Open(name, scenarios.Options{Set: append([]string{
		"clients.count=40", "clients.ramp=200ms", "load.rate=80/s", "hold=500ms", "steady_state=[]", "gates=[]",
		"phases={warmup: 500ms, baseline: 500ms, chaos: 1s, recovery: 2s}",
	}, set...)})
	require.NoError(t, err)
	return s
}

func newBench(t *testing.T, s *scenarios.Scenario) *bench {
	b := &bench{t: t}
	b.run = &run{
		env:      Env{Latency: &b.latency, Track: live.NewTracker(live.Plan{})},
		scenario: s, epoch: time.Now(), journal: report.NewWriter(&b.journal), commanded: map[string]bool{}, edges: map[string]edges{},
		abort: func(error) {},
	}
	b.rec = newRecorder(b.run)
	return b
}

// phase makes a client be in a phase of its life.
func (b *bench) phase(client int, gen uint32, from, to heal.Phase) {
	b.rec.observe(driver.Event{Kind: driver.Stepped, Client: client, From: from, State: heal.State{Gen: gen, Live: gen, Phase: to}})
}

func (b *bench) answer(n uint64, after time.Duration) {
	b.answerTo(b.rec.schedule.client(n), n, after)
}

// answerTo is the answer to a message that comes to a client, whoever sent it.
func (b *bench) answerTo(client int, n uint64, after time.Duration) {
	payload := make([]byte, headerSize)
	putMessage(payload, n)
	b.rec.observe(driver.Event{Kind: driver.Received, Client: client, At: b.rec.schedule.due(n).Add(after), Payload: payload})
}

func (b *bench) sent(n uint64, gen uint32, after time.Duration, again bool) {
	b.rec.observe(driver.Event{Kind: driver.Sent, Seq: n, Gen: gen, At: b.rec.schedule.due(n).Add(after), Again: again})
}

// load ends an interval and returns what it wrote.
func (b *bench) load(at time.Duration) report.Load {
	b.t.Helper()
	require.NoError(b.t, b.rec.interval(int64(at)))
	var last *report.Load
	for _, r := range b.records() {
		if r.Load != nil {
			last = r.Load
		}
	}
	require.NotNil(b.t, last)
	return *last
}

func (b *bench) records() (out []report.Record) {
	b.t.Helper()
	require.NoError(b.t, b.run.journal.Flush())
	r := report.NewReader(bytes.NewReader(b.journal.Bytes()))
	for r.Scan() {
		out = append(out, r.Record())
	}
	require.NoError(b.t, r.Err())
	require.Empty(b.t, r.Warnings())
	return out
}

func TestMessagesAreCountedOnceEach(t *testing.T) {
	b := newBench(t, open(t, "reset-storm"))
	b.phase(0, 1, heal.Proving, heal.Ready)
	// Of five: answered; answered twice; sent twice and answered; given up; waiting.
	for n := range uint64(5) {
		b.rec.due(n, 0)
	}
	assert.EqualValues(t, 5, b.rec.outstanding())
	b.sent(0, 1, 0, false)
	b.answer(0, time.Millisecond)
	b.sent(1, 1, 0, false)
	b.answer(1, time.Millisecond)
	b.answer(1, 2*time.Millisecond)
	b.sent(2, 1, 0, false)
	b.sent(2, 2, time.Second, true)
	b.answer(2, time.Second)
	b.rec.observe(driver.Event{Kind: driver.Dropped, Seq: 3})
	assert.EqualValues(t, 1, b.rec.outstanding())

	assert.Equal(t, map[string]report.LoadCount{
		"warmup": {Intended: 5, Sent: 3, Acked: 3, Resent: 1, Dup: 1, Dropped: 1},
	}, b.load(time.Second).Phases)

	b.sent(4, 1, 0, false)
	assert.Equal(t, map[string]report.LoadCount{"warmup": {Sent: 1}}, b.load(2*time.Second).Phases, "an interval has what came since the last")
}

// TestAnswersOutOfOrderAreCounted, among those of one client, and once each.
func TestAnswersOutOfOrderAreCounted(t *testing.T) {
	b := newBench(t, open(t, "reset-storm")) // 40 clients: message n is of client n mod 40
	for _, n := range []uint64{0, 1, 40, 41, 80, 120} {
		b.rec.due(n, int(n%40))
		b.sent(n, 1, 0, false)
	}
	for _, n := range []uint64{0, 120, 40, 80, 40, 41, 1} {
		b.answer(n, time.Second)
	}
	load := b.load(time.Second)
	assert.True(t, load.Ordered)
	var reordered int64
	for _, c := range load.Phases {
		reordered += c.Reordered
	}
	assert.EqualValues(t, 3, reordered, "40 and 80 after 120, 1 after 41; 40 a second time is a duplicate")
}

// TestCountsBelongToThePhaseInWhichAMessageWasDue, whenever it is answered.
func TestCountsBelongToThePhaseInWhichAMessageWasDue(t *testing.T) {
	b := newBench(t, open(t, "reset-storm"))
	s := b.rec.schedule
	last := s.total() - 1
	for want, n := range map[string]uint64{"warmup": 0, "baseline": 24, "chaos": 64, "recovery": last} {
		assert.Equal(t, want, b.rec.phases[b.rec.phaseOf(n)].Name, "message %d at %d", n, s.due(n))
	}
	assert.Less(t, s.due(last), s.until)
	assert.GreaterOrEqual(t, s.due(last+1), s.until)
}

func TestWhatTheRunDidNotSendIsNoAnswer(t *testing.T) {
	b := newBench(t, open(t, "reset-storm"))
	b.rec.due(0, 0)
	b.rec.observe(driver.Event{Kind: driver.Received, Payload: []byte("welcome to this server")})
	payload := make([]byte, headerSize)
	putMessage(payload, b.rec.schedule.total())
	b.rec.observe(driver.Event{Kind: driver.Received, Payload: payload})
	assert.Equal(t, map[string]report.LoadCount{"warmup": {Intended: 1, Waited: 1, Pushed: 2}}, b.load(time.Second).Phases)
}

// TestAnAnswerIsToWhoAsked: one that comes to another client, or before anybody asked, proves
// nothing of the message, neither to the recorder nor to who sends it again.
func TestAnAnswerIsToWhoAsked(t *testing.T) {
	b := newBench(t, open(t, "reset-storm")) // 40 clients: message 1 is of client 1
	b.rec.due(1, 1)
	b.sent(1, 1, 0, false)
	b.answerTo(2, 1, time.Millisecond)
	b.answerTo(1, 1, -time.Nanosecond)
	assert.EqualValues(t, 1, b.rec.outstanding())
	payload := make([]byte, headerSize)
	putMessage(payload, 1)
	b.targets = []Target{standing("ws://blue/")}
	ack := b.fleetOptions(nil).Ack
	_, ok := ack(2, payload)
	assert.False(t, ok)
	n, ok := ack(1, payload)
	assert.True(t, ok)
	assert.EqualValues(t, 1, n)

	b.answer(1, time.Millisecond)
	b.answerTo(2, 1, time.Millisecond)
	assert.Equal(t, map[string]report.LoadCount{"warmup": {Intended: 1, Waited: 1, Sent: 1, Acked: 1, Pushed: 3}}, b.load(time.Second).Phases,
		"what all clients are told is no second answer")
}

// TestResponseCountsFromTheIntendedTime and service from the time of sending, each in the
// client's own cohort, whichever of answer and sending is noted first.
func TestResponseCountsFromTheIntendedTime(t *testing.T) {
	for _, overtaking := range []bool{false, true} {
		t.Run(fmt.Sprintf("overtaking=%t", overtaking), func(t *testing.T) { responseAndService(t, overtaking) })
	}
}

func responseAndService(t *testing.T, overtaking bool) {
	s := open(t, "partition", "faults.split.share=50%")
	b := newBench(t, s)
	cohorts := map[string]uint64{}
	for client := range s.Clients.Count {
		cohorts[map[bool]string{true: "f0", false: "control"}[s.Faulted(client)]] = uint64(client)
	}
	require.Len(t, cohorts, 2)
	took := map[string]time.Duration{"f0": 700 * time.Millisecond, "control": 30 * time.Millisecond}
	for cohort, n := range cohorts {
		b.rec.due(n, int(n))
		steps := []func(){
			func() { b.sent(n, 1, took[cohort]/2, false) },
			func() { b.answer(n, took[cohort]) },
		}
		if overtaking {
			slices.Reverse(steps)
		}
		for _, step := range steps {
			step()
		}
	}
	b.load(time.Second)

	seen := map[string]int64{}
	r := report.NewHlogReader(bytes.NewReader(b.latency.Bytes()))
	for r.Scan() {
		seen[r.Interval().Tag] = r.Interval().Hist.Max()
	}
	require.NoError(t, r.Err())
	for cohort, n := range cohorts {
		phase := b.rec.phases[b.rec.phaseOf(n)].Name
		assert.InEpsilon(t, took[cohort], seen["response."+phase+"."+cohort], 0.01, "%s: from when it was due", cohort)
		assert.InEpsilon(t, took[cohort]/2, seen["service."+phase+"."+cohort], 0.01, "%s: from when it was sent", cohort)
	}
}

// TestLateIsWhatTheHarnessAloneDelayed: a message that waited for its client, or went out
// on a later connection than it was due on, was not late for the harness's sake.
func TestLateIsWhatTheHarnessAloneDelayed(t *testing.T) {
	b := newBench(t, open(t, "reset-storm"))
	b.phase(0, 1, heal.Proving, heal.Ready)
	b.rec.due(0, 0)
	b.rec.due(1, 0)
	b.rec.due(2, 0)
	b.phase(0, 1, heal.Ready, heal.Waiting)
	b.rec.due(3, 0)
	b.sent(0, 1, 5*time.Millisecond, false)
	b.sent(1, 1, lateLimit+time.Millisecond, false)
	b.sent(2, 2, 3*time.Second, false)
	b.sent(3, 2, 4*time.Second, false)
	got := b.load(time.Second)
	assert.EqualValues(t, 3, got.OnUsable)
	assert.EqualValues(t, 1, got.LateOver)
	assert.InEpsilon(t, lateLimit+time.Millisecond, got.LateMax, 0.01)
	assert.EqualValues(t, 1, got.Phases["warmup"].Waited)

	next := b.load(2 * time.Second)
	assert.Zero(t, next.OnUsable, "each interval has its own")
	assert.Zero(t, next.LateOver)
	assert.Less(t, next.LateMax, int64(lateLimit))
}

func TestUsableFollowsTheClients(t *testing.T) {
	b := newBench(t, open(t, "reset-storm"))
	life := []struct {
		from, to heal.Phase
		usable   int64
	}{
		{heal.Idle, heal.Dialing, 0},
		{heal.Dialing, heal.Proving, 0},
		{heal.Proving, heal.Ready, 1},
		{heal.Ready, heal.Stable, 1},
		{heal.Stable, heal.Suspect, 1},
		{heal.Suspect, heal.Checking, 1},
		{heal.Checking, heal.Moving, 1},
		{heal.Moving, heal.Joining, 1},
		{heal.Joining, heal.Asking, 0},
		{heal.Asking, heal.Waiting, 0},
		{heal.Waiting, heal.GaveUp, 0},
	}
	for _, l := range life {
		b.phase(0, 1, l.from, l.to)
		assert.Equal(t, l.usable, b.rec.usable.Load(), "%v", l.to)
	}
	b.rec.stopped.Store(true)
	b.phase(0, 2, heal.Proving, heal.Ready)
	assert.Zero(t, b.rec.usable.Load(), "after the end nothing is observed")
	assert.Len(t, b.records(), len(life))
}

// TestMovesAreNoAttempts, unless the old connection is lost before the new one is there.
func TestMovesAreNoAttempts(t *testing.T) {
	b := newBench(t, open(t, "reset-storm"))
	policy := FleetPolicy(b.scenario)
	var state heal.State
	var now, due heal.Instant
	seen := 0
	step := func(ev heal.Event) (begun int) {
		from := state.Phase
		actions := heal.Step(now, ev, &state, &policy, heal.Rand{Seed: 1})
		for _, a := range actions.All() {
			if a.Kind == heal.Arm {
				due = a.At
			}
		}
		b.rec.observe(driver.Event{Kind: driver.Stepped, At: now, Step: ev, From: from, State: state, Actions: actions})
		total := 0
		for _, n := range b.run.env.Track.Sample(time.Duration(now)).History.Attempts {
			total += n
		}
		begun, seen = total-seen, total
		return begun
	}
	assert.Equal(t, 1, step(heal.Event{Kind: heal.Start}))
	assert.Zero(t, step(heal.Event{Kind: heal.Opened, Gen: 1}))
	assert.Zero(t, step(heal.Event{Kind: heal.Proved, Gen: 1}))
	assert.Zero(t, step(heal.Event{Kind: heal.Move}))
	for n := 0; state.Phase != heal.Moving && n < 100; n++ {
		now = due
		assert.Zero(t, step(heal.Event{Kind: heal.TimerFired, Timer: state.Timer, Inbound: now}))
	}
	require.Equal(t, heal.Moving, state.Phase)
	assert.Equal(t, 1, step(heal.Event{Kind: heal.Lost, Gen: 1, Cause: heal.Reset}), "now it is what the client comes back by")
	assert.Equal(t, heal.Dialing, state.Phase)
	assert.Zero(t, step(heal.Event{Kind: heal.Opened, Gen: 2}))
}

// TestWhatRunsOutIsToldOnce: one line per limit, however many dials it costs.
func TestWhatRunsOutIsToldOnce(t *testing.T) {
	b := newBench(t, open(t, "reset-storm"))
	for range 3 {
		for _, err := range []error{syscall.EMFILE, syscall.EADDRNOTAVAIL, syscall.ECONNREFUSED} {
			b.rec.observe(driver.Event{Kind: driver.Stepped, Err: fmt.Errorf("dial: %w", err)})
		}
	}
	var limits []string
	for _, r := range b.records() {
		if r.Unfit != nil {
			limits = append(limits, r.Unfit.Limit)
			assert.Contains(t, r.Unfit.Why, "dial: ")
		}
	}
	assert.Equal(t, []string{"descriptors", "ports"}, limits)
}

// TestIntervalsOutOfOrder: the sampler and the edge of a fault each read the clock before
// one of them writes first. The log must not go back in time, which would end the run.
func TestIntervalsOutOfOrder(t *testing.T) {
	b := newBench(t, open(t, "steady"))
	require.NoError(t, b.rec.interval(20))
	require.NoError(t, b.rec.interval(10))
	require.NoError(t, b.rec.interval(30))
	var spans [][2]int64
	for _, r := range b.records() {
		if r.Load != nil {
			spans = append(spans, [2]int64{r.Load.From, r.T})
		}
	}
	assert.Equal(t, [][2]int64{{0, 20}, {20, 20}, {20, 30}}, spans)
}
