package soak

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// kind is a kind of fault.
type kind uint8

const (
	reset     kind = iota // RST of a share
	resetAll              // of all of a server
	partition             // a server's bytes are held, newcomers' included, and go on
	severed               // the same of a share of its connections
	latency               // everything takes longer
	halfOpen              // a share is never heard of again, and what it has sent is lost
	restart               // a server is gone for a moment
	down                  // for longer
	busy                  // 503 with Retry-After
	away                  // close 1001
	service               // close 1012
	later                 // close 1013
	slam                  // accept, then close
	hang                  // accept, then nothing
	mute                  // 101, then nothing
	sips                  // a share is read slowly
	rotate                // credentials are rejected, once
	scale                 // one endpoint is taken off the list, and comes back
	resize                // fewer connections, and all of them again
	renew                 // every connection is replaced
	kinds
)

var kindNames = [kinds]string{
	"reset", "reset-all", "partition", "severed", "latency", "half-open", "restart", "down", "busy-503", "close-1001", "close-1012", "close-1013",
	"slam", "hang", "mute", "sips", "rotate", "scale", "resize", "renew",
}

func (k kind) String() string { return kindNames[k] }

// fault is one fault of a plan.
type fault struct {
	kind  kind
	at    time.Duration // since the plan began
	lasts time.Duration
	on    int // server
	share float64
}

func (f fault) String() string {
	return fmt.Sprintf("%v %v on %d, %.0f %% for %v", f.at.Round(time.Millisecond), f.kind, f.on, 100*f.share, f.lasts.Round(time.Millisecond))
}

// plan draws the faults of a run, in rounds in which each kind comes once. They overlap.
func plan(seed uint64, total time.Duration) (all []fault) {
	r := rand.New(rand.NewPCG(seed, 4))
	between := func(low, high time.Duration) time.Duration { return low + time.Duration(r.Int64N(int64(high-low))) }
	var at time.Duration
	for {
		for _, k := range r.Perm(int(kinds)) {
			f := fault{
				kind: kind(k), at: at, on: r.IntN(2), share: 0.1 + 0.6*r.Float64(),
				lasts: between(500*time.Millisecond, 4*time.Second),
			}
			if f.kind == restart {
				f.lasts /= 10
			}
			if f.at+f.lasts > total {
				return all
			}
			all = append(all, f)
			at += between(500*time.Millisecond, 4*time.Second)
		}
	}
}

func TestPlanIsItsSeeds(t *testing.T) {
	all := plan(7, 10*time.Minute)
	assert.Equal(t, all, plan(7, 10*time.Minute))
	assert.NotEqual(t, all, plan(8, 10*time.Minute))
	seen := map[kind]int{}
	for i, f := range all[:kinds] {
		seen[f.kind]++
		if i > 0 {
			assert.Greater(t, f.at, all[i-1].at)
		}
	}
	assert.Len(t, seen, int(kinds), "each comes once in a round")
	assert.Equal(t, "renew", (kinds - 1).String())
}
