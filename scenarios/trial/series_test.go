package trial_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/trial"
)

// arm opens a scenario of the library; its name tells the arm.
func arm(name string) trial.Arm {
	return trial.Arm{Name: name, Open: func(seed uint64) (*scenarios.Scenario, error) {
		return scenarios.Open("reset-storm", scenarios.Options{Set: []string{fmt.Sprintf("seed=%d", seed)}})
	}}
}

func TestEveryRoundHasEveryArmWithOneSeed(t *testing.T) {
	jobs, err := trial.Series{Arms: []trial.Arm{arm("new"), arm("old"), arm("again")}, Rounds: 40, Seed: 7}.Jobs()
	require.NoError(t, err)
	require.Len(t, jobs, 120)
	first := map[string]int{}
	for round := range 40 {
		arms := map[string]bool{}
		for _, j := range jobs[3*round : 3*round+3] {
			assert.Equal(t, round+1, j.Round)
			assert.Equal(t, uint64(7+round), j.Scenario.Seed)
			arms[j.Arm] = true
		}
		assert.Len(t, arms, 3)
		first[jobs[3*round].Arm]++
	}
	for name, n := range first {
		assert.Greater(t, n, 5, "%s is among the first of a round like the others", name)
	}
	again, err := trial.Series{Arms: []trial.Arm{arm("new"), arm("old"), arm("again")}, Rounds: 40, Seed: 7}.Jobs()
	require.NoError(t, err)
	assert.Equal(t, order(jobs), order(again), "the order is that of the seed")
	other, err := trial.Series{Arms: []trial.Arm{arm("new"), arm("old"), arm("again")}, Rounds: 40, Seed: 8}.Jobs()
	require.NoError(t, err)
	assert.NotEqual(t, order(jobs), order(other))
	assert.Equal(t, 120*(26*time.Second+500*time.Millisecond), trial.Length(jobs))
}

func order(jobs []trial.Job) string {
	var out strings.Builder
	for _, j := range jobs {
		out.WriteString(j.Arm + " ")
	}
	return out.String()
}

func TestASeriesWithAMistakeDoesNotBegin(t *testing.T) {
	last := trial.Arm{Name: "new", Open: func(seed uint64) (*scenarios.Scenario, error) {
		if seed == 9 {
			return nil, errors.New("no such policy")
		}
		return arm("new").Open(seed)
	}}
	_, err := trial.Series{Arms: []trial.Arm{last}, Rounds: 3, Seed: 7}.Jobs()
	assert.EqualError(t, err, "no such policy")
	_, err = trial.Series{Arms: []trial.Arm{last}, Seed: 7}.Jobs()
	assert.EqualError(t, err, "1 arms, 0 rounds: expected at least one of each")
}

func TestArmsMustBeOfOneEpisode(t *testing.T) {
	with := func(set ...string) trial.Arm {
		return trial.Arm{Name: "old", Open: func(seed uint64) (*scenarios.Scenario, error) {
			return scenarios.Open("reset-storm", scenarios.Options{Set: append(set, fmt.Sprintf("seed=%d", seed))})
		}}
	}
	for set, want := range map[string]string{
		"clients.count=500":      "as many clients, got",
		"load.rate=1/s":          "the same load",
		"phases.recovery=20s":    "the same phases and hold",
		"faults.cut.share=50%":   "the same faults",
		"clients.policy=naive":   "",
		"clients.sharing=shared": "",
		"targets.blue.embedded.handshake={workers: 1, cost: 1ms}": "",
	} {
		_, err := trial.Series{Arms: []trial.Arm{arm("new"), with(set)}, Rounds: 2, Seed: 1}.Jobs()
		if want == "" {
			assert.NoError(t, err, set)
			continue
		}
		assert.ErrorContains(t, err, "cannot be compared: expected "+want)
	}
}

func TestRunEndsWithTheFirstErrorAndWhenInterrupted(t *testing.T) {
	jobs, err := trial.Series{Arms: []trial.Arm{arm("new"), arm("old")}, Rounds: 2}.Jobs()
	require.NoError(t, err)
	n := 0
	done, err := trial.Run(t.Context(), jobs, func(context.Context, trial.Job) error {
		if n++; n == 3 {
			return errors.New("no port is free")
		}
		return nil
	})
	assert.Equal(t, 2, done)
	assert.EqualError(t, err, jobs[2].Arm+", round 2: no port is free")

	ctx, cancel := context.WithCancel(t.Context())
	done, err = trial.Run(ctx, jobs, func(context.Context, trial.Job) error { cancel(); return nil })
	assert.Equal(t, 1, done)
	assert.ErrorIs(t, err, context.Canceled)
	done, err = trial.Run(t.Context(), jobs, func(context.Context, trial.Job) error { return nil })
	assert.Equal(t, 4, done)
	assert.NoError(t, err)
}
