package chaos_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/chaos"
)

func TestJudge(t *testing.T) {
	reset := chaos.Fault{Name: "cut", Effect: chaos.Reset{}}
	split := chaos.Fault{Name: "split", For: time.Second, Effect: chaos.Partition{}}
	open := chaos.Fault{Name: "open", Effect: &chaos.Partition{}}
	slow := chaos.Fault{Name: "slow", For: time.Second, Effect: chaos.Latency{Delay: time.Millisecond}}

	for _, c := range []struct {
		name  string
		f     chaos.Fault
		e     chaos.Evidence
		ended bool
		want  chaos.State
		why   string
	}{
		{"never armed", reset, chaos.Evidence{}, true, chaos.NoEffect, "it was never in force"},
		{
			"never armed but counted", reset,
			chaos.Evidence{Targeted: 3, Hit: 3},
			true,
			chaos.NoEffect, "it was never in force",
		},
		{
			"nobody there", reset,
			chaos.Evidence{Armed: 1, Cleared: 2},
			true,
			chaos.NoEffect, "no client of its cohort had a connection",
		},
		{
			"nobody hit", reset,
			chaos.Evidence{Armed: 1, Cleared: 2, Targeted: 5},
			true,
			chaos.NoEffect, "it acted on none of 5 connected clients of its cohort",
		},
		{
			"control hit", reset,
			chaos.Evidence{Armed: 1, Cleared: 2, Targeted: 5, Hit: 5, ControlHit: 1},
			true,
			chaos.Unexpected, "it acted on 1 client outside its cohort (5 of 5 of the cohort hit)",
		},
		{
			"control hit and nobody targeted", reset,
			chaos.Evidence{Armed: 1, Cleared: 2, ControlHit: 2},
			true,
			chaos.Unexpected, "it acted on 2 clients outside its cohort (0 of 0 of the cohort hit)",
		},
		{
			"reset all", reset,
			chaos.Evidence{Armed: 1, Cleared: 2, Targeted: 5, Hit: 5, Resets: 6},
			true,
			chaos.Confirmed, "it acted on 5 of 5 connected clients of its cohort and on nobody else: 6 connections reset",
		},
		{
			"reset all but one", reset,
			chaos.Evidence{Armed: 1, Cleared: 2, Targeted: 1000, Hit: 999},
			true,
			chaos.Partial, "it acted on only 999 of 1000 connected clients of its cohort",
		},
		{
			"leak", split,
			chaos.Evidence{Armed: 1, Cleared: 2, Targeted: 9, Hit: 9, HeldChunks: 9, Leaked: 7},
			true,
			chaos.Unexpected, "7 bytes or ends of stream crossed that should have been held (9 chunks held)",
		},
		{
			"partition, 95 %", split,
			chaos.Evidence{Armed: 1, Cleared: 2, Targeted: 100, Hit: 95, HeldChunks: 100, HeldBytes: 640},
			true,
			chaos.Confirmed,
			"it acted on 95 of 100 connected clients of its cohort and on nobody else: 100 chunks (640 bytes) held, none crossed",
		},
		{
			"partition, below 95 %", split,
			chaos.Evidence{Armed: 1, Cleared: 2, Targeted: 100, Hit: 94},
			true,
			chaos.Partial, "it acted on only 94 of 100 connected clients of its cohort",
		},
		{
			"partition left in force", split,
			chaos.Evidence{Armed: 1, Targeted: 2, Hit: 2},
			false,
			chaos.NotCleared, "it acted on 2 of 2 connected clients and is still in force",
		},
		{
			"open-ended and not ended", open,
			chaos.Evidence{Armed: 1, Targeted: 1, Hit: 1, HeldChunks: 1, HeldBytes: 6},
			false,
			chaos.Confirmed, "it acted on 1 of 1 connected client of its cohort and on nobody else: 1 chunk (6 bytes) held, none crossed",
		},
		{
			"open-ended at the end", open,
			chaos.Evidence{Armed: 1, Targeted: 2, Hit: 2},
			true,
			chaos.NotCleared, "it acted on 2 of 2 connected clients and is still in force",
		},
		{
			"latency", slow,
			chaos.Evidence{Armed: 1, Cleared: 2, Targeted: 20, Hit: 19, Delayed: 4, DelayNS: 6_000_000},
			true,
			chaos.Confirmed,
			"it acted on 19 of 20 connected clients of its cohort and on nobody else: 4 chunks delayed by 1.5 ms on average",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			state, why := c.e.Judge(c.f, c.ended)
			assert.Equal(t, c.want, state)
			assert.Equal(t, c.why, why)
		})
	}
}

// Every counter of the row must have moved, whoever was hit.
func TestJudgeAsksForTheProof(t *testing.T) {
	f := chaos.Fault{Name: "crumbs", Effect: chaos.Slice{Size: 1}}
	e := chaos.Evidence{Armed: 1, Cleared: 2, Targeted: 2, Hit: 2, Counts: map[string]int64{"sliced": 3}}
	state, why := e.Judge(f, true)
	assert.Equal(t, chaos.NoEffect, state)
	assert.Equal(t, "0 pieces written, although 2 connected clients were to be hit", why)
	e.Counts["pieces"] = 9
	state, why = e.Judge(f, true)
	assert.Equal(t, chaos.Confirmed, state)
	assert.Equal(t, "it acted on 2 of 2 connected clients of its cohort and on nobody else: 3 chunks cut, 9 pieces written", why)
}
