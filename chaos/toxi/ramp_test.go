package toxi

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

// A ramp of 5 s takes a step every 100 ms; a client is touched from the first step on at
// which its draw is below the share, and no sooner.
func TestRampTakesEachClientAtItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		step := 1
		for !chaos.InCohort(3, "grow", 7, float64(step)/rampSteps) {
			step++
		}
		require.Greater(t, step, 2, "a seed by which the client is not the first")
		x := tapLane(t)
		o := x.add("grow", "partition", `{"ramp":5000000000,"seed":3}`)
		for range step - 1 {
			x.put("free")
			assert.Equal(t, "free", x.get())
			assert.Zero(t, o.evidence().Targeted)
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		x.put("held")
		x.nothing()
		assert.Equal(t, 1, o.evidence().Targeted)
		time.Sleep(5 * time.Second)
		x.nothing()
		assert.EqualValues(t, rampSteps, o.steps.Load())
		x.p.remove("grow")
		assert.Equal(t, "held", x.get())
		e := o.evidence()
		assert.Equal(t, 1, e.Hit)
		assert.Zero(t, e.Leaked)
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}

// A step that comes late does not put off those behind it: at the end of the ramp the cohort
// is whole.
func TestRampEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		o := x.add("grow", "partition", `{"ramp":5000000000,"seed":3}`)
		began := time.Now()
		x.p.toxics[0].growth.Stop()
		time.Sleep(time.Second)
		x.p.grow(x.p.toxics[0], began) // 900 ms late
		time.Sleep(4 * time.Second)
		synctest.Wait()
		assert.EqualValues(t, rampSteps, o.steps.Load())
		x.p.remove("grow")
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}

// Who came before a fault and who came since are told apart by their ordinals.
func TestConnectionsAreToldApart(t *testing.T) {
	for conns, want := range map[chaos.Conns][2]bool{
		"": {true, true}, chaos.AllConns: {true, true}, chaos.Existing: {true, false}, chaos.New: {false, true},
	} {
		o := &order{conns: conns}
		o.from.Store(5)
		assert.Equal(t, want, [2]bool{o.covers(&conn{ordinal: 4}), o.covers(&conn{ordinal: 5})}, conns)
	}
}

func TestCommonAttributesAreChecked(t *testing.T) {
	for body, want := range map[string]string{
		`{"type":"reset","attributes":{"connections":"new"}}`:            `bad request body: attribute "connections": "new", expected one of [existing] for reset`,
		`{"type":"latency","attributes":{"delay":1,"connections":"ol"}}`: `bad request body: attribute "connections": "ol", expected one of [all existing new] for latency`,
		`{"type":"latency","attributes":{"delay":1,"ramp":-1}}`:          `bad request body: attribute "ramp": -1ns is below 0`,
		`{"type":"refuse","attributes":{"ramp":1}}`:                      `bad request body: attribute "ramp": refuse cannot be ramped`,
		`{"type":"reset_peer","attributes":{"ramp":1}}`:                  `bad request body: reset_peer has no attributes connections and ramp`,
	} {
		_, err := parseToxic([]byte(body))
		assert.EqualError(t, err, want, body)
	}
}
