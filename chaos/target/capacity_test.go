package target

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/transcript"
)

// TestCapacityTranscripts runs the scripts of testdata/capacity:
//
//	capacity workers=1 cost=2ms queue=2 …
//	0ms arrive a b c
//	5ms leave b
//	9ms advance
//	9ms finish a            (burnt)
func TestCapacityTranscripts(t *testing.T) {
	transcript.Play(t, "testdata/capacity/*.txt", func(t *testing.T, out *strings.Builder) func(string) {
		var c *capacity[string]
		tickets := map[string]*ticket[string]{}
		return func(line string) {
			words := strings.Fields(line)
			if words[0] == "capacity" {
				c = newCapacity[string](parseHandshake(t, words[1:]))
				return
			}
			now, err := time.ParseDuration(words[0])
			require.NoError(t, err, line)
			if words[1] == "advance" {
				c.advance(now)
			}
			for _, name := range words[2:] {
				switch words[1] {
				case "arrive":
					tickets[name] = &ticket[string]{value: name}
					c.arrive(now, tickets[name])
				case "leave":
					c.leave(now, tickets[name])
				case "finish":
					c.finish(now, tickets[name])
				default:
					t.Fatalf("%s: no such verb", line)
				}
			}
			describe(out, c)
		}
	})
}

func parseHandshake(t *testing.T, words []string) Handshake {
	t.Helper()
	var h Handshake
	var err error
	for _, w := range words {
		k, v, _ := strings.Cut(w, "=")
		switch k {
		case "workers":
			h.Workers, err = strconv.Atoi(v)
		case "queue":
			h.Queue, err = strconv.Atoi(v)
		case "cost":
			h.Cost, err = time.ParseDuration(v)
		case "burn":
			h.Burn = true
		case "lifo":
			h.LIFO = true
		case "stale_work":
			h.StaleWork = true
		default:
			t.Fatalf("%s: no such setting", w)
		}
		require.NoError(t, err, w)
	}
	return h
}

func describe(out *strings.Builder, c *capacity[string]) {
	settled, started := c.take()
	for _, s := range settled {
		if s.until > 0 {
			fmt.Fprintf(out, "  %v %s %v\n", s.until, s.value, s.fate)
		} else {
			fmt.Fprintf(out, "  %s %v\n", s.value, s.fate)
		}
	}
	for _, s := range started {
		fmt.Fprintf(out, "  %s burns\n", s.value)
	}
	fmt.Fprintf(out, "  busy %d, queue [%s]", c.busy, strings.Join(names(c.queue), " "))
	if at, ok := c.next(); ok {
		fmt.Fprintf(out, ", next %v", at)
	}
	if c.tally != (tally{}) {
		fmt.Fprintf(out, ", tally %+v", c.tally)
	}
	out.WriteString("\n")
}

func names(l line[string]) []string {
	var out []string
	for t := l.head; t != nil; t = t.next {
		out = append(out, t.value)
	}
	return out
}

// Whenever the driver looks, the same must have happened at the same times.
func TestLookingMoreOftenChangesNothing(t *testing.T) {
	type event struct {
		at    time.Duration
		leave int // ticket; < 0: an arrival
	}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		h := Handshake{
			Workers: r.IntN(4), Cost: time.Duration(r.IntN(8)) * time.Millisecond,
			LIFO: r.IntN(2) == 0, StaleWork: r.IntN(2) == 0,
		}
		if h.Workers > 0 {
			h.Queue = r.IntN(10)
		}
		var events []event
		var at time.Duration
		arrived := 0
		for range 300 {
			at += time.Duration(r.IntN(3000)) * time.Microsecond
			if arrived > 0 && r.IntN(3) == 0 {
				events = append(events, event{at, r.IntN(arrived)})
			} else {
				events = append(events, event{at, -1})
				arrived++
			}
		}
		run := func(look func(c *capacity[int], from, to time.Duration)) (string, tally) {
			c := newCapacity[int](h)
			var all []*ticket[int]
			var last time.Duration
			for _, e := range events {
				look(c, last, e.at)
				last = e.at
				if e.leave < 0 {
					all = append(all, &ticket[int]{value: len(all)})
					c.arrive(e.at, all[len(all)-1])
				} else {
					c.leave(e.at, all[e.leave])
				}
				checkCapacity(t, c, h)
			}
			var out strings.Builder
			for _, x := range all {
				fmt.Fprintln(&out, x.value, x.fate, x.until)
			}
			return out.String(), c.tally
		}
		seldom, tally1 := run(func(*capacity[int], time.Duration, time.Duration) {})
		often, tally2 := run(func(c *capacity[int], from, to time.Duration) {
			for _, x := range slices.Sorted(slices.Values([]int64{r.Int64N(int64(to-from) + 1), r.Int64N(int64(to-from) + 1)})) {
				c.advance(from + time.Duration(x))
			}
		})
		require.Equal(t, seldom, often, "seed %d, %+v", seed, h)
		require.Equal(t, tally1, tally2, "seed %d", seed)
	}
}

// checkCapacity holds what is true of every capacity at every moment.
func checkCapacity(t *testing.T, c *capacity[int], h Handshake) {
	t.Helper()
	require.GreaterOrEqual(t, c.busy, 0)
	if h.Workers > 0 {
		require.LessOrEqual(t, c.busy, h.Workers)
		if c.queue.n > 0 {
			require.Equal(t, h.Workers, c.busy, "nobody waits while a worker is free")
		}
	} else {
		require.Zero(t, c.queue.n)
	}
	if h.Queue > 0 {
		require.LessOrEqual(t, c.queue.n, h.Queue)
	}
	last := time.Duration(0)
	for x := c.due.head; x != nil; x = x.next {
		require.GreaterOrEqual(t, x.until, last, "what is due is in order")
		last = x.until
	}
	require.Equal(t, c.busy, c.due.n)
}

// The rate is workers/cost to the nanosecond, however late each end is noticed.
func TestRateDoesNotDriftWithLateTimers(t *testing.T) {
	for _, workers := range []int{1, 3} {
		c := newCapacity[int](Handshake{Workers: workers, Cost: 2 * time.Millisecond})
		const n = 3000
		all := make([]ticket[int], n)
		for i := range all {
			c.arrive(0, &all[i])
		}
		r := rand.New(rand.NewPCG(1, 2))
		for {
			at, ok := c.next()
			if !ok {
				break
			}
			c.advance(at + time.Duration(r.Int64N(int64(stallAfter))))
		}
		assert.Equal(t, n/time.Duration(workers)*2*time.Millisecond, all[n-1].until)
		assert.Equal(t, tally{}, c.tally)
	}
}
