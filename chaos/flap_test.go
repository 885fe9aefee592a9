package chaos_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/chaos"
)

func TestDownsThatMustHaveBeen(t *testing.T) {
	f := chaos.Flap{Up: time.Second, Down: 2 * time.Second}
	for within, want := range map[time.Duration]int64{0: 1, 1: 1, 2: 1, 4: 1, 5: 2, 7: 2, 8: 3, 80: 27} {
		assert.Equal(t, want, f.Downs(within*time.Second), within)
	}
	f.Cycles = 2
	assert.EqualValues(t, 2, f.Downs(time.Minute))
}

func TestFlapsAreChecked(t *testing.T) {
	assert.Empty(t, chaos.Flap{}.Check())
	assert.Empty(t, chaos.Flap{Up: time.Second, Down: time.Second, Cycles: 3}.Check())
	assert.Equal(t, []string{"up 0s is below 10ms", "cycles -1 is below 0"}, chaos.Flap{Down: time.Second, Cycles: -1}.Check())
	assert.Equal(t, []string{"down 25h0m0s is above 24h0m0s"}, chaos.Flap{Up: time.Second, Down: 25 * time.Hour}.Check())
}

func TestWhatIsOverAtOnceDoesNotFlap(t *testing.T) {
	f := chaos.Fault{Name: "f", Share: 1, Effect: chaos.Reset{}, Flap: chaos.Flap{Up: 1, Down: 1}}
	assert.EqualError(t, chaos.Refusal(f, chaos.ByProxy), "reset happens once and is over: it cannot flap")
	f.Effect = chaos.AcceptHang{}
	assert.ErrorContains(t, chaos.Refusal(f, chaos.ByTarget), "target cannot let a fault flap; proxy could")
}

// A fault that flaps is confirmed when it came into force as often as it had to.
func TestJudgeCountsTheEdges(t *testing.T) {
	f := chaos.Fault{Name: "f", Effect: chaos.Partition{}, Flap: chaos.Flap{Up: time.Second, Down: time.Second}}
	e := chaos.Evidence{
		Armed: 1, Cleared: 1 + int64(5*time.Second), Targeted: 1, Hit: 1, HeldChunks: 2, HeldBytes: 9,
		Counts: map[string]int64{"downs": 2, "ups": 2},
	}
	state, why := e.Judge(f, true)
	assert.Equal(t, chaos.Partial, state)
	assert.Equal(t, "it came into force only 2 times of 3", why)
	e.Counts["downs"] = 3
	state, why = e.Judge(f, true)
	assert.Equal(t, chaos.Confirmed, state)
	assert.Equal(t, "it acted on 1 of 1 connected client of its cohort and on nobody else: 2 chunks (9 bytes) held, none crossed; in force 3 times", why)
}
