package main

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/bench/cost/ratio"
	"github.com/wsheal/wsheal/bench/cost/workload"
)

// result is a measurement of value, while others took a share of the machine.
func result(value, foreign float64) workload.Result {
	return workload.Result{Units: []string{"x"}, Values: map[string]float64{"x": value}, Foreign: foreign}
}

// scripted is a runner that notes who was measured.
func scripted(pairs, repeats int, measure func(n int, client string) (workload.Result, error)) (*runner, *[]string) {
	var order []string
	return &runner{
		pairs: pairs, repeats: repeats, progress: &bytes.Buffer{}, rand: rand.New(rand.NewPCG(1, 1)),
		measure: func(_ context.Context, _ plan, client string) (workload.Result, error) {
			order = append(order, client)
			return measure(len(order)-1, client)
		},
	}, &order
}

var duel = plan{workload: "w", unit: "x", baseline: "base", rivals: []string{"a", "b"}, bar: ratio.Bar{Limit: 2}}

func TestPairsAreInterleaved(t *testing.T) {
	r, order := scripted(20, 0, func(_ int, client string) (workload.Result, error) {
		return result(map[string]float64{"a": 3, "b": 1, "base": 2}[client], 0), nil
	})
	o, err := r.run(t.Context(), duel)
	require.NoError(t, err)
	require.Len(t, *order, 20*2*2)
	seen := make(map[string]int)
	for i := 0; i < len(*order); i += 4 {
		round := (*order)[i : i+4]
		for _, two := range [][]string{round[:2], round[2:]} {
			seen[strings.Join(two, " ")]++
			assert.Contains(t, two, "base", "each client has a baseline of its own beside it")
		}
		assert.Contains(t, round, "a")
		assert.Contains(t, round, "b", "all clients have their turn in each round")
	}
	assert.Len(t, seen, 4, "either may be first: %v", seen)
	for i, want := range []float64{1.5, 0.5} {
		require.Len(t, o.contests[i].pairs, 20)
		for _, x := range o.contests[i].ratios() {
			assert.InDelta(t, want, x, 0)
		}
	}
}

func TestLoadedPairsAreRepeated(t *testing.T) {
	one := duel
	one.rivals = []string{"a"}
	t.Run("until it is quiet", func(t *testing.T) {
		loads := []float64{0.5, 0, 0, 0.16, 0.1, 0.15, 9, 9}
		r, order := scripted(1, 5, func(n int, _ string) (workload.Result, error) { return result(float64(n), loads[n]), nil })
		o, err := r.run(t.Context(), one)
		require.NoError(t, err)
		assert.Len(t, *order, 6, "the third pair was quiet")
		p := o.contests[0].pairs[0]
		assert.InDelta(t, 9, p.rival.Main()+p.base.Main(), 0, "it is the one that counts")
		assert.Zero(t, o.contests[0].loaded())
	})
	t.Run("but not for ever", func(t *testing.T) {
		loads := []float64{0.5, 0, 0.2, 0, 0, 0.3}
		r, order := scripted(1, 2, func(n int, _ string) (workload.Result, error) { return result(float64(n), loads[n]), nil })
		o, err := r.run(t.Context(), one)
		require.NoError(t, err)
		assert.Len(t, *order, 6)
		p := o.contests[0].pairs[0]
		assert.InDelta(t, 5, p.rival.Main()+p.base.Main(), 0, "the quietest counts")
		assert.Equal(t, 1, o.contests[0].loaded(), "and is marked")
	})
}

func TestLoadIsTheWorstOfBoth(t *testing.T) {
	quiet := pair{result(1, loadLimit), result(1, loadLimit)}
	assert.False(t, quiet.loaded())
	for _, share := range []func(*pair) *float64{
		func(p *pair) *float64 { return &p.rival.Foreign },
		func(p *pair) *float64 { return &p.rival.Steal },
		func(p *pair) *float64 { return &p.base.Foreign },
		func(p *pair) *float64 { return &p.base.Steal },
	} {
		p := quiet
		*share(&p) = 0.2
		assert.InDelta(t, 0.2, p.load(), 0)
		assert.True(t, p.loaded())
	}
}

func TestFailuresPutAClientOut(t *testing.T) {
	broken := errors.New("broken")
	failed := 0
	r, order := scripted(3, 1, func(n int, client string) (workload.Result, error) {
		if client == "a" {
			failed++
			return workload.Result{}, broken
		}
		return result(1, 0), nil
	})
	o, err := r.run(t.Context(), duel)
	require.NoError(t, err)
	require.ErrorIs(t, o.contests[0].err, broken)
	assert.Equal(t, 2, failed, "it was tried twice, once")
	assert.Empty(t, o.contests[0].pairs)
	assert.Len(t, o.contests[1].pairs, 3, "the others go on")
	assert.NotEmpty(t, *order)

	// One that fails once has its pair.
	r, _ = scripted(1, 1, func(n int, client string) (workload.Result, error) {
		if n == 0 {
			return workload.Result{}, broken
		}
		return result(1, 0), nil
	})
	o, err = r.run(t.Context(), duel)
	require.NoError(t, err)
	for _, c := range o.contests {
		require.NoError(t, c.err)
		assert.Len(t, c.pairs, 1)
	}
}

func TestInterruptedRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, order := scripted(5, 5, func(n int, client string) (workload.Result, error) {
		cancel()
		return workload.Result{}, errors.New("killed")
	})
	_, err := r.run(ctx, duel)
	require.ErrorIs(t, err, context.Canceled)
	assert.Len(t, *order, 1)
}

func TestTable(t *testing.T) {
	defer func(before []string) { ours = before }(ours)
	ours = []string{"a", "b"}
	o := outcome{plan: duel, contests: []contest{{name: "a"}, {name: "b", err: errors.New("it broke")}}}
	o.about = "what it is"
	for i := range 10 {
		o.contests[0].pairs = append(o.contests[0].pairs, pair{result(1.4+float64(i)/10, 0), result(1, float64(i)/50)})
	}
	var out bytes.Buffer
	writeTable(&out, []outcome{o})
	assert.Equal(t, `w: what it is

  client     x  x base    interval  pairs  loaded
    base     1       1           -      -       -
       a  1.85    1.85  1.5 to 2.2     10       2

bar a <= 2 x base in x: open (1.85, 1.5 to 2.2 with 97.9 % of 10 pairs, 2 of them loaded)
b: not measured to the end: it broke
bar b <= 2 x base in x: open (no pair)

Figures are medians. A ratio is the median of those within pairs; its interval is that of the sign test,
at least 95 %, and holds for this machine. Loaded are pairs during which others took more than 15 % of it.
`, out.String())
}

func TestFigure(t *testing.T) {
	for x, want := range map[float64]string{0.25: "0.25", 1.2345: "1.23", 99.94: "99.9", 123.45: "123.5", 2129115: "2129115"} {
		assert.Equal(t, want, figure(x))
	}
}
