package trial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/engine"
)

// Kick tests whether a fleet that does not come back keeps its server down by itself: when
// nothing has been broken for Wait, all clients that are down are held back until the last
// that had dialled has given up and the server has worked off what waits, and then let in
// evenly over Window. Nothing is mended by that. A fleet which is whole afterwards had been
// kept out by its own attempts and by nothing else; one that is not lacks capacity, or a server.
//
//	fault ── Wait ──▶ down? ── pause ── Tau, queue empty ──▶ resume ── Window ──▶ whole?
//
// It stands between the clients and the network: a dial of a client that is held back fails at
// once, and the client goes on as its policy says.
type Kick struct {
	Clients int
	Over    time.Duration // when the fault is over, by the run's clock
	Wait    time.Duration // ten times the floor
	Drain   time.Duration // the longest that the server may take to work its queue off
	Tau     time.Duration // handshake timeout of the clients
	Window  time.Duration // W = F

	Tell func(format string, args ...any) // what the test is at, for people; nil: nobody is told

	mu       sync.Mutex // protects following
	target   engine.Target
	state    gate
	resumed  time.Time
	admitted int
	result   KickResult

	done sync.WaitGroup
}

type gate uint8

const (
	open   gate = iota // nobody is held back
	paused             // everybody is
	paced              // they are let in evenly
)

// KickResult is what came of it. Times are by the run's clock, in seconds.
type KickResult struct {
	Floor    float64        `json:"floor_s"`     // F
	Before   float64        `json:"before"`      // share of the clients that the server had when the wait was over
	Useless  float64        `json:"stale_share"` // of the handshakes that it worked on by then since the fault, those for clients that had left
	At       float64        `json:"kicked_s"`    // 0: there was nothing to kick
	Queue    int64          `json:"queue"`       // handshakes that waited then
	Resumed  float64        `json:"resumed_s"`   // 0: never, as the queue was not worked off
	After    float64        `json:"after"`       // share usable at the end of the run
	Whole    bool           `json:"whole"`       // 99 % were back at the end, for good
	State    string         `json:"state"`       // recovered, self-sustained, not self-sustained, unknown
	Why      string         `json:"why"`
	Verdict  report.Verdict `json:"verdict"` // of the run where it says that nothing was proven, else pass
	drainErr error
}

// wholeShare is what of the fleet must be back, and downShare what may be while it counts as
// down.
const (
	wholeShare = 0.99
	downShare  = 0.95
)

// waits is how many floors a fleet is given to come back by itself.
const waits = 10

// ample is what is added to the expected rate at which entries come.
const ample = 1.3

// NewKick plans the test for a scenario, and says how long its recovery phase must be for it.
func NewKick(s *scenarios.Scenario) (*Kick, time.Duration, error) {
	f := Floor(&scenarios.Scenario{Targets: s.Targets}, float64(s.Clients.Count)/0.99)
	if len(s.Targets) != 1 || f == 0 {
		return nil, 0, fmt.Errorf("%s: expected one embedded target with workers and cost, so that its floor is known", s.Name)
	}
	if len(s.Faults) == 0 {
		return nil, 0, fmt.Errorf("%s: expected a fault, as there is nothing to come back from", s.Name)
	}
	k := &Kick{Clients: s.Clients.Count, Wait: waits * f, Tau: s.Clients.Policy.HandshakeTimeout, Window: f}
	for _, x := range s.Faults {
		k.Over = max(k.Over, x.At+x.For)
	}
	// Each leaves an entry in every tau and delay, and the server works off what it can
	// meanwhile; where the mean of the delays is not known it counts as none.
	delay, err := meanAtCap(s.Clients.Policy.Backoff)
	if err != nil {
		delay = 0
	}
	k.Drain = max(f, time.Duration(float64(k.Wait)*(ample*f.Seconds()/(k.Tau+delay).Seconds()-1)))
	var chaos time.Duration
	for _, p := range s.Phases {
		if p.Name == "chaos" {
			chaos = p.To
		}
	}
	end := k.Over + k.Wait + k.Tau + k.Drain + k.Window + 2*k.Tau + s.Hold + time.Second
	return k, (end - chaos).Round(time.Second) + time.Second, nil
}

// Watch puts the test between the run and its world.
func (k *Kick) Watch(ctx context.Context, env engine.Env) engine.Env {
	start, dial, begun := env.Target, env.Dial, env.Begun
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	env.Target = func(ctx context.Context, t scenarios.Target) (engine.Target, error) {
		up, err := start(ctx, t)
		k.mu.Lock()
		k.target = up
		k.mu.Unlock()
		return up, err
	}
	env.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if !k.admit(time.Now()) {
			return nil, errPaused
		}
		return dial(ctx, network, addr)
	}
	env.Begun = func(epoch time.Time) {
		if begun != nil {
			begun(epoch)
		}
		k.done.Go(func() { k.run(ctx, epoch) })
	}
	return env
}

var errPaused = errors.New("held back by the kick test")

// admit says whether a dial may go out now.
func (k *Kick) admit(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch k.state {
	case paused:
		return false
	case paced:
		since := now.Sub(k.resumed)
		if since >= k.Window {
			k.state = open
			return true
		}
		if k.admitted >= int(float64(k.Clients)*since.Seconds()/k.Window.Seconds()) {
			return false
		}
		k.admitted++
	}
	return true
}

func (k *Kick) tell(format string, args ...any) {
	if k.Tell != nil {
		k.Tell(format, args...)
	}
}

func (k *Kick) set(state gate) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state, k.resumed, k.admitted = state, time.Now(), 0
}

// run is the test in order, beside the run.
func (k *Kick) run(ctx context.Context, epoch time.Time) {
	at := func() float64 { return time.Since(epoch).Seconds() }
	if !sleep(ctx, time.Until(epoch.Add(k.Over+time.Second))) {
		return
	}
	k.tell("the fault is over; whoever is not back in %.0f s is down", k.Wait.Seconds())
	first, _ := k.stats(ctx) // one that cannot be had counts from the server's start
	if !sleep(ctx, time.Until(epoch.Add(k.Over+k.Wait))) {
		return
	}
	now, err := k.stats(ctx)
	if err != nil {
		k.result.drainErr = err
		return
	}
	k.result.Before = float64(now.Live) / float64(k.Clients)
	if stale, useful := now.Stale-first.Stale, now.Upgraded-first.Upgraded; stale > 0 {
		k.result.Useless = float64(stale) / float64(stale+useful)
	}
	if k.result.Before >= downShare {
		k.tell("the server has %.0f %% of them: there is nothing to kick", 100*k.result.Before)
		return
	}
	k.set(paused)
	k.tell("the server has %.0f %% of them, and %s: all who are down are held back", 100*k.result.Before, waiting(now.Queue))
	defer k.set(open) // however it ends, nobody is held back for ever
	k.result.At, k.result.Queue = at(), now.Queue
	if !sleep(ctx, k.Tau) {
		return
	}
	for end := time.Now().Add(k.Drain); ; {
		now, err := k.stats(ctx)
		if err == nil && now.Queue == 0 {
			break
		}
		if time.Now().After(end) {
			k.result.drainErr = fmt.Errorf("the server had not worked off its queue after %.0f s", k.Drain.Seconds())
			return
		}
		if !sleep(ctx, 50*time.Millisecond) {
			return
		}
	}
	k.set(paced)
	k.result.Resumed = at()
	k.tell("the server has worked off its queue: they are let in evenly, over %.0f s", k.Window.Seconds())
	sleep(ctx, k.Window)
}

func waiting(n int64) string {
	if n == 1 {
		return "1 handshake waits"
	}
	return fmt.Sprintf("%d handshakes wait", n)
}

func (k *Kick) stats(ctx context.Context) (report.Target, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	k.mu.Lock()
	t := k.target
	k.mu.Unlock()
	s, ok, err := t.Stats(ctx)
	if err == nil && !ok {
		err = errors.New("the target says nothing of itself")
	}
	return s, err
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Judge waits for the test and says what it showed, given the summary of its run.
func (k *Kick) Judge(s *report.Summary) KickResult {
	k.done.Wait()
	r := k.result
	_, back := s.Metrics["recovery.t99"]
	r.Floor, r.Verdict = k.Window.Seconds(), report.Pass
	r.After = float64(s.Clients.Usable) / float64(k.Clients)
	r.Whole = back && r.After >= wholeShare
	switch {
	case s.Verdict == report.Invalid || s.Verdict == report.Inconclusive:
		r.State, r.Why, r.Verdict = "unknown", "the run proves nothing", s.Verdict
	case r.drainErr != nil:
		r.State, r.Why, r.Verdict = "unknown", r.drainErr.Error(), report.Inconclusive
	case r.At == 0 && r.Whole:
		r.State, r.Why = "recovered", fmt.Sprintf("%.0f %% were back within %d floors, by themselves", 100*r.Before, waits)
	case r.At == 0:
		r.State, r.Why = "not self-sustained", fmt.Sprintf("the server had %.0f %% of them, and yet they were not back for good", 100*r.Before)
	case r.Whole:
		r.State, r.Why = "self-sustained", "nothing was mended but that clients held still, and all came back: their own attempts had kept the server down"
	default:
		r.State, r.Why = "not self-sustained", "clients held still, and did not come back: capacity or a server is missing"
	}
	return r
}
