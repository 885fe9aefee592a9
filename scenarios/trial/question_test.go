package trial_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/scenarios/trial"
)

func questions() []trial.Question {
	return []trial.Question{
		{Scenario: "a", Arms: []trial.Arm{arm("new"), arm("old")}},
		{Scenario: "b", Arms: []trial.Arm{arm("new"), arm("old")}},
	}
}

func TestEveryRoundHasEveryPolicyInEveryScenario(t *testing.T) {
	turns, err := trial.Turns(questions(), 30, 7)
	require.NoError(t, err)
	require.Len(t, turns, 120)
	first := map[[2]string]int{}
	for round := range 30 {
		there := map[[2]string]bool{}
		for _, turn := range turns[4*round : 4*round+4] {
			assert.Equal(t, round+1, turn.Round)
			assert.Equal(t, uint64(7+round), turn.Job.Scenario.Seed)
			there[[2]string{turn.Scenario, turn.Arm}] = true
		}
		assert.Len(t, there, 4)
		first[[2]string{turns[4*round].Scenario, turns[4*round].Arm}]++
	}
	assert.Len(t, first, 4, "each comes first sometimes")
	again, err := trial.Turns(questions(), 30, 7)
	require.NoError(t, err)
	for i := range turns {
		assert.Equal(t, [2]string{turns[i].Scenario, turns[i].Arm}, [2]string{again[i].Scenario, again[i].Arm})
	}
	_, err = trial.Turns([]trial.Question{{Scenario: "a"}}, 1, 7)
	assert.EqualError(t, err, "a: 0 arms, 1 rounds: expected at least one of each")
}

func TestRoundsFitIntoABudget(t *testing.T) {
	round, err := trial.Turns(questions(), 1, 7)
	require.NoError(t, err)
	one := 26*time.Second + 500*time.Millisecond // of reset-storm
	for _, c := range []struct {
		at   int
		want time.Duration
	}{{1, 4 * one}, {2, 2 * one}, {4, one}, {40, one}} {
		assert.Equal(t, c.want, trial.Takes(round, c.at))
		assert.Equal(t, 3, trial.Fit(3*c.want, round, c.at))
		assert.Equal(t, 0, trial.Fit(c.want-1, round, c.at))
	}
}

func TestSoManyRunAtOnceAndNoMore(t *testing.T) {
	turns, err := trial.Turns(questions(), 3, 7)
	require.NoError(t, err)
	for _, at := range []int{1, 3, 100} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			var now, most atomic.Int32
			done, err := trial.RunAll(t.Context(), turns, at, func(context.Context, trial.Turn) error {
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(time.Second)
				now.Add(-1)
				return nil
			})
			require.NoError(t, err)
			assert.Equal(t, 12, done)
			assert.EqualValues(t, min(at, 12), most.Load())
			assert.Equal(t, time.Duration((12+at-1)/at)*time.Second, time.Since(began))
		})
	}
}

func TestAnErrorEndsATrialAndWhatRunsIsWaitedFor(t *testing.T) {
	turns, err := trial.Turns(questions(), 3, 7)
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		var n, ended atomic.Int32
		done, err := trial.RunAll(t.Context(), turns, 2, func(ctx context.Context, turn trial.Turn) error {
			if n.Add(1) == 2 {
				return errors.New("no port is free")
			}
			<-ctx.Done()
			time.Sleep(time.Second) // it writes its report
			ended.Add(1)
			return nil
		})
		assert.Equal(t, 1, done)
		assert.EqualValues(t, 1, ended.Load())
		assert.ErrorContains(t, err, ", round 1: no port is free")
	})
	ctx, cancel := context.WithCancel(t.Context())
	done, err := trial.RunAll(ctx, turns, 1, func(context.Context, trial.Turn) error { cancel(); return nil })
	assert.Equal(t, 1, done)
	assert.ErrorIs(t, err, context.Canceled)
}
