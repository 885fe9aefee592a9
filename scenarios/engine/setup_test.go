package engine

import (
	"context"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

// TestDescriptorsAreCountedPerProcess: the engine needs one for a client, the proxy two,
// and it is there only where there are faults.
func TestDescriptorsAreCountedPerProcess(t *testing.T) {
	least := func(s *scenarios.Scenario) (limit int, why string) {
		for limit = 1; unfitFor(s, limit) != ""; limit++ {
			why = unfitFor(s, limit)
		}
		return limit, why
	}
	proxied, why := least(open(t, "reset-storm"))
	assert.Contains(t, why, "the fault proxy needs")
	assert.GreaterOrEqual(t, proxied, 2*40+margin)
	direct, why := least(open(t, "steady", "steady_state=[]"))
	assert.Contains(t, why, "the engine needs")
	assert.GreaterOrEqual(t, direct, 40+margin)
	assert.InDelta(t, 40, proxied-direct, 2, "what it keeps free aside")

	// What it advises is enough, and no more than that.
	assert.Empty(t, unfitFor(open(t, "reset-storm"), 0), "unknown")
	advice := regexp.MustCompile(`clients\.count=(\d+)`).FindStringSubmatch(unfitFor(open(t, "reset-storm"), 100))
	require.Len(t, advice, 2)
	assert.Empty(t, unfitFor(open(t, "reset-storm", "clients.count="+advice[1]), 100))
}

func TestMuIsOfAllTargetsTogether(t *testing.T) {
	assert.Zero(t, mu(open(t, "reset-storm")), "no capacity is set")
	one := []string{"targets.blue={embedded: {handshake: {workers: 3, cost: 2ms}}}"}
	assert.InDelta(t, 1500, mu(open(t, "reset-storm", one...)), 1e-9)
	both := append(one, "targets.red={embedded: {handshake: {workers: 1, cost: 4ms}}}")
	assert.InDelta(t, 1750, mu(open(t, "reset-storm", both...)), 1e-9)
	unknown := append(one, "targets.red={url: 'ws://127.0.0.1:9/'}")
	assert.Zero(t, mu(open(t, "reset-storm", unknown...)))
}

// standing is a target that is nothing but its URL.
type standing string

func (s standing) URL() string { return string(s) }
func (standing) Stats(context.Context) (report.Target, bool, error) {
	return report.Target{}, false, nil
}
func (standing) Usage() (Usage, error)      { return Usage{}, nil }
func (standing) Done() <-chan struct{}      { return nil }
func (standing) Err() error                 { return nil }
func (standing) Stop(context.Context) error { return nil }

func TestPoolIsOpenedAsTheScenarioSays(t *testing.T) {
	s := open(t, "reset-storm", "targets.red={embedded: {}}", "load.size=4096",
		"clients.endpoints=[{target: red, priority: 1, weight: 3}, {target: blue}]")
	b := newBench(t, s)
	for _, tg := range s.Targets {
		b.targets = append(b.targets, standing("ws://"+tg.Name+"/"))
	}
	o := b.fleetOptions(nil)
	assert.Equal(t, []driver.Endpoint{
		{Name: "red", URL: "ws://red/", Priority: 1, Weight: 3},
		{Name: "blue", URL: "ws://blue/", Priority: 0, Weight: s.Clients.Endpoints[1].Weight},
	}, o.Endpoints)
	assert.Equal(t, driver.AtLeastOnce, o.Guarantee)
	assert.Equal(t, queueFrames, o.QueueFrames)
	assert.GreaterOrEqual(t, o.QueueBytes, queueFrames*4096, "the frames bound the queue, not the bytes")
	assert.Equal(t, s.Seed, o.Seed)
	assert.Equal(t, s.Clients.Count, o.Clients)
	assert.Equal(t, "7/3", o.Header(7, 3).Get("X-Wsheal-Client"))

	s = open(t, "reset-storm", "load.guarantee=at-most-once")
	b = newBench(t, s)
	b.targets = []Target{standing("ws://blue/")}
	assert.Equal(t, driver.AtMostOnce, b.fleetOptions(nil).Guarantee)
}

func TestNoLoadMeansNone(t *testing.T) {
	s := open(t, "reset-storm", "load={pattern: none}")
	assert.Zero(t, newBench(t, s).rec.schedule.total())
}

func TestHeaderSaysWhatIsRun(t *testing.T) {
	s := open(t, "partition", "targets.blue={embedded: {handshake: {workers: 1, cost: 2ms}}}")
	b := newBench(t, s)
	b.env.Version, b.env.Host, b.env.Command, b.epoch = "v", "h", "c", time.Unix(0, 0).UTC()
	h := b.header()
	assert.Equal(t, "v h c 1970-01-01T00:00:00Z", h.Version+" "+h.Host+" "+h.Command+" "+h.Started)
	assert.InDelta(t, 500, h.Mu, 1e-9)
	require.Len(t, h.Faults, 1)
	assert.Equal(t, s.CohortSize(s.Faults[0]), h.Faults[0].Cohort)
	assert.Equal(t, int64(s.Faults[0].At), h.Faults[0].At)
	assert.Equal(t, s.ControlBitmap(), h.Control)
	assert.Equal(t, []string{"blue"}, h.Endpoints)
}
