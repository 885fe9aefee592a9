package crowd

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// busy is a pool of n clients over so many endpoints, all connected and stable.
func busy(t testing.TB, n, endpoints int) (*Crowd, []uint8, []Action) {
	c := New(Policy{}, heal.Rand{Seed: 1})
	var list []Endpoint
	for i := range endpoints {
		list = append(list, Endpoint{Key: fmt.Sprint("10.0.0.", i)})
	}
	out, err := c.SetEndpoints(0, list, nil)
	require.NoError(t, err)
	at := make([]uint8, n)
	for client := range n {
		out = life(c, 0, client, at, out[:0])
	}
	return c, at, out
}

// life brings one client from asking to stable: four events.
func life(c *Crowd, now heal.Instant, client int, at []uint8, out []Action) []Action {
	out = c.Step(now, Event{Kind: Asked, Client: client, Avoid: -1}, out)
	for _, a := range out {
		if a.Kind == Admit {
			at[a.Client] = a.Endpoint
		}
	}
	for _, kind := range []EventKind{Opened, Proved, Stable} {
		out = c.Step(now, Event{Kind: kind, Client: client, Endpoint: at[client], Took: time.Millisecond}, out)
	}
	return out
}

func TestInvariant15AllocatesNothing(t *testing.T) {
	const n = 2000
	c, at, out := busy(t, n, 8)
	now := heal.Instant(0)
	outage := func() {
		for client := range n {
			now += heal.Instant(time.Millisecond)
			out = c.Step(now, Event{Kind: Lost, Client: client, Endpoint: at[client], Cause: heal.Reset}, out[:0])
		}
		for client := range n {
			now += heal.Instant(time.Millisecond)
			out = c.Step(now, Event{Kind: Asked, Client: client, Avoid: -1}, out[:0])
			out = c.Step(now, Event{Kind: Failed, Client: client, Endpoint: out[0].Endpoint, Cause: heal.Timeout}, out[:0])
			out = c.Step(now, Event{Kind: Answered, Endpoint: 1, Took: time.Millisecond}, out[:0])
		}
		now += heal.Instant(time.Hour)
		out = c.Step(now, Event{Kind: Ticked}, out[:0])
		for client := range n {
			now += heal.Instant(time.Millisecond)
			out = life(c, now, client, at, out[:0])
		}
		c.forget()
	}
	outage() // more clients ask at once than ever before
	assert.Zero(t, testing.AllocsPerRun(3, outage))
}

// BenchmarkStep is one event of a client's life, in a pool of 100,000.
func BenchmarkStep(b *testing.B) {
	for _, endpoints := range []int{1, 4, 32, 256} {
		b.Run(fmt.Sprintf("kind=heal/endpoints=%d", endpoints), func(b *testing.B) {
			const n = 100_000
			c, at, out := busy(b, n, endpoints)
			b.ReportAllocs()
			client, now := 0, heal.Instant(time.Hour)
			for b.Loop() { // five events: lost, asked, opened, proved, stable
				client = (client + 1) % n
				now += heal.Instant(10 * time.Millisecond)
				out = c.Step(now, Event{Kind: Lost, Client: client, Endpoint: at[client], Cause: heal.Reset}, out[:0])
				out = life(c, now, client, at, out[:0])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/5, "ns/event")
			require.Zero(b, c.book.waiting()+c.dialing, "each was admitted at once")
		})
	}
	b.Run("kind=asked/queue=100000", func(b *testing.B) {
		c, _, out := busy(b, 0, 4)
		for client := range 100_000 {
			out = c.Step(0, Event{Kind: Asked, Client: client, Avoid: -1}, out[:0])
		}
		b.ReportAllocs()
		client := 50_000
		for b.Loop() { // two events at the far end of a full queue
			client++
			out = c.Step(0, Event{Kind: Withdrawn, Client: client}, out[:0])
			out = c.Step(0, Event{Kind: Asked, Client: client + 50_000, Avoid: -1}, out[:0])
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2, "ns/event")
	})
	b.Run("kind=answered/endpoints=4", func(b *testing.B) {
		c, _, out := busy(b, 100_000, 4)
		b.ReportAllocs()
		for b.Loop() {
			out = c.Step(0, Event{Kind: Answered, Endpoint: 2, Took: time.Millisecond}, out[:0])
		}
	})
}

// BenchmarkPick is one choice among connections, as a pool makes it for each message.
func BenchmarkPick(b *testing.B) {
	for _, balance := range []Balance{PowerOfTwo, RoundRobin, LeastConnections} {
		for _, n := range []int{10, 1000} {
			b.Run(fmt.Sprintf("balance=%v/n=%d", balance, n), func(b *testing.B) {
				p := Picker{Balance: balance}
				load := make([]float64, n)
				b.ReportAllocs()
				for b.Loop() {
					i, _ := p.Pick(n, 1, func(i int) (float64, float64) { return load[i], 1 })
					load[i]++
				}
			})
		}
	}
}
