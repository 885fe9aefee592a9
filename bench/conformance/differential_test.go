package conformance

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var peers = map[string]client{"gorilla": gorillas, "coder": coders}

func explained(peer string, ours, theirs verdict) bool {
	for _, d := range disagreements {
		if (d.peer == "" || d.peer == peer) && d.explains(ours, theirs) {
			return true
		}
	}
	return false
}

func (v verdict) String() string {
	var b strings.Builder
	for _, m := range v.messages {
		fmt.Fprintf(&b, "message of %d: %.40q\n", len(m)-2, m)
	}
	fmt.Fprintf(&b, "pongs: %q\nclosed: %v %d\nwhy: %s\n", v.pongs, v.closed, v.code, v.why)
	return b.String()
}

func agree(a, b verdict) bool { return alike(a, b) && a.closed == b.closed && a.code == b.code }

// compare runs one plan.
func compare(t testing.TB, w *world, data []byte) {
	d := &draw{rest: data}
	server := []string{"gorilla:80", "coder:80"}[d.below(2)]
	p := newPlan(d)
	stream := edit(w.recorded(t, server, p), d)
	mine := w.judged(t, ours, p.deflate, stream, 1<<20)
	require.Empty(t, mine.wrong)
	require.Equal(t, mine, w.judged(t, ours, p.deflate, stream, 1+d.below(5000)), "however the stream is split")
	for peer, c := range peers {
		theirs := w.judged(t, c, p.deflate, stream, 1<<20)
		if !agree(mine, theirs) && !explained(peer, mine, theirs) {
			t.Errorf("a disagreement with %s that is not explained\n\nours:\n%v\ntheirs:\n%v\nstream of %s, deflate %v: %.300q",
				peer, mine, theirs, server, p.deflate, stream)
		}
	}
}

// seeds are plans to begin with.
func seeds(n int, give func(data []byte)) {
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		data := make([]byte, 20+r.IntN(100))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		give(data)
	}
}

// FuzzDifferential lets a server say what the fuzzer plans.
func FuzzDifferential(f *testing.F) {
	w := newWorld(f)
	seeds(400, func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) { compare(t, w, data) })
}

// TestEveryDisagreementIsReal shows each by its example: one that is none any more has to
// leave the table.
func TestEveryDisagreementIsReal(t *testing.T) {
	w := newWorld(t)
	for _, d := range disagreements {
		mine := w.judged(t, ours, d.deflated, []byte(d.example), 1<<20)
		for peer, c := range peers {
			if d.peer != "" && d.peer != peer {
				continue
			}
			theirs := w.judged(t, c, d.deflated, []byte(d.example), 1<<20)
			assert.False(t, agree(mine, theirs), "%s, %s: %s\n%v", peer, d.section, d.because, mine)
			assert.True(t, d.explains(mine, theirs), "%s, %s: %s\nours:\n%v\ntheirs:\n%v", peer, d.section, d.because, mine, theirs)
		}
	}
}
