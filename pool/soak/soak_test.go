// Package soak lets a pool live through everything that can happen to it: connections over
// two servers that are reset, partitioned, restarted, slow, full and deaf, by a plan drawn
// from a seed, while messages go through. What must hold in the meantime is held against
// what the servers have got; afterwards all has to be as it was.
//
//	go test ./pool/soak                                 60 s; with -short 5 s
//	make soak SOAKTIME=10m
//	go test ./pool/soak -soak.seed=42 -v                the faults of an earlier run
package soak

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/wsheal/wsheal/pool"
	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

var (
	lasts = flag.Duration("soak.for", time.Minute, "how long faults go on")
	seeds = flag.Uint64("soak.seed", 0, "which faults; 0: drawn")
)

// Connections: a session has one of its own.
const (
	sessions = 350
	owned    = 150
)

// within bounds every wait for what has to happen: it is many times what the policy needs,
// for the machine may be slow.
const within = 3 * time.Minute

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soak is one run.
type soak struct {
	testing.TB
	seed   uint64
	total  time.Duration // how long faults go on
	owned  int
	house  *house
	pool   *pool.Pool
	tally  tally
	pushes pushes

	faults  sync.WaitGroup
	readers sync.WaitGroup
	lists   sync.Mutex // one at a time changes the list of endpoints, or the size
	guests  sync.Mutex // one at a time meets those who dial

	known   atomic.Uint64 // version of the credentials that clients have
	fetched sync.Map      // version that was rejected: how often others were asked for
	events  [pool.Shut + 1]atomic.Int64
}

// policy heals faster than one would in production, so that much happens in a minute.
func policy() heal.Policy {
	return heal.Policy{
		Name:             "soak",
		HandshakeTimeout: 4 * time.Second,
		ProveTimeout:     4 * time.Second,
		PingEvery:        2 * time.Second,
		PingTimeout:      3 * time.Second,
		PingTimeoutMin:   2 * time.Second,
		WriteStall:       3 * time.Second,
		DrainTimeout:     2 * time.Second,
		First:            heal.First{Rule: heal.Spread, Within: time.Second},
		Backoff:          heal.Backoff{Base: 200 * time.Millisecond, Cap: 3 * time.Second, Factor: 2, Jitter: heal.Equal},
		StableAfter:      time.Second,
		Heed:             true,
	}
}

// spread is the window over which a storm's clients come back.
const spread = 3 * time.Second

func together() crowd.Policy {
	return crowd.Policy{
		StormSpread: spread, Floor: time.Second,
		EjectFor: 2 * time.Second, EjectCap: 6 * time.Second, ProbeLease: 4 * time.Second, WarmUp: 3 * time.Second,
		RebalanceAfter: 3 * time.Second, RebalanceRate: 0.1,
	}
}

func TestSoak(t *testing.T) {
	total := *lasts
	if testing.Short() {
		total = min(total, 5*time.Second)
	}
	s := &soak{TB: t, seed: *seeds, total: total, owned: owned}
	for s.seed == 0 {
		s.seed = rand.Uint64()
	}
	t.Logf("go test ./pool/soak -soak.seed=%d -soak.for=%v", s.seed, total)
	warmUp(t)
	before := descriptors()
	s.begin()
	stop := s.load()

	first := s.standard("at the start")
	s.rage()
	s.back("after the faults")
	last := s.standard("at the end")

	s.end(stop)
	s.judge(first, last)
	if before > 0 {
		assert.Eventually(t, func() bool { return descriptors() <= before }, 10*time.Second, 50*time.Millisecond, "%d descriptors before, %d after", before, descriptors())
	}
}

// warmUp has the runtime open what it keeps for its poller.
func warmUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
}

// descriptors counts the process's open ones; 0: that cannot be told here.
func descriptors() int {
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(all)
}

// begin starts the servers and opens the pool.
func (s *soak) begin() {
	r := newRecord()
	s.house = &house{record: r}
	s.tally.outcomes = map[string]map[pool.Outcome]int{}
	s.pushes = pushes{record: r, last: map[string]uint64{}}
	require.NoError(s, s.house.open(2))
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	var err error
	s.pool, err = pool.Open(ctx, pool.Config{
		Endpoints: s.endpoints(nil), Min: s.owned, Max: s.owned, MinReady: s.owned,
		Policy: policy(), Crowd: together(), RestartAfter: 2 * time.Second, Seed: s.seed,
		Credentials: s.credentials, Correlate: correlate, Receive: s.pushes.take, AnswerWithin: 10 * time.Second,
	})
	require.NoError(s, err)
	watch := s.pool.Watch(context.Background())
	s.readers.Go(func() {
		for ev := range watch.Events(context.Background()) {
			s.events[ev.Kind].Add(1)
		}
	})
}

// credentials are those that clients know, or those that count, when these were rejected.
func (s *soak) credentials(_ context.Context, _ pool.Attempt, rejected *pool.Credentials) (pool.Credentials, error) {
	if rejected != nil {
		n, _ := s.fetched.LoadOrStore(rejected.Version, new(atomic.Int64))
		n.(*atomic.Int64).Add(1)
		s.known.Store(s.house.version.Load())
	}
	v := s.known.Load()
	return pool.Credentials{Header: http.Header{"Authorization": {fmt.Sprintf("Bearer %d", v)}}, Version: v}, nil
}

// load opens the sessions and lets everybody send. The function that it returns has them
// stop, and waits until all outcomes are known.
func (s *soak) load() (stop func()) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	senders := make([]*sender, sessions)
	var opening sync.WaitGroup
	for n := range senders {
		opening.Go(func() {
			var err error
			senders[n], err = s.session(ctx, n)
			assert.NoError(s, err)
		})
	}
	opening.Wait()
	require.False(s, s.Failed(), "sessions could not be opened")
	for n := range 20 {
		senders = append(senders, s.plain(n))
	}
	going, halt := context.WithCancel(context.Background())
	last, giveUp := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, x := range senders {
		running.Go(func() { x.run(last, going) })
	}
	for n := range 10 {
		running.Go(func() { s.requests(going, n) })
	}
	return func() {
		halt()
		clock := time.AfterFunc(within, giveUp)
		running.Wait()
		clock.Stop()
		giveUp()
	}
}

// rage carries out the plan.
func (s *soak) rage() {
	begun := time.Now()
	for _, f := range plan(s.seed, s.total) {
		_ = wait(context.Background(), time.Until(begun.Add(f.at)))
		s.Log(f)
		s.faults.Go(func() { assert.NoError(s, s.act(context.Background(), f), f) })
	}
	s.faults.Wait()
	s.Logf("%v: the faults are over", time.Since(begun).Round(time.Millisecond))
}

// end lets everybody finish, and closes the pool and the servers.
func (s *soak) end(stop func()) {
	stop()
	s.back("when all is said")
	p := s.pool.Snapshot()
	assert.Zero(s, p.Kept, "messages in the rings of sessions")
	assert.Zero(s, p.InFlight, "messages in flight")
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	assert.NoError(s, s.pool.Close(ctx))
	assert.Zero(s, s.pool.Snapshot().Timers)
	s.readers.Wait()
	s.house.close()
}
