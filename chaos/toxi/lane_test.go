package toxi

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

// nowhere is an endpoint of which only the deadline matters.
type nowhere struct{ endpoint }

func (nowhere) SetWriteDeadline(time.Time) error { return nil }

// tapped is a down lane with its tap running between two channels, in virtual time.
type tapped struct {
	t    *testing.T
	p    *proxy
	lane *lane
	in   chan *stream.StreamChunk
	out  chan *stream.StreamChunk
}

func tapLane(t *testing.T) *tapped {
	began := time.Now()
	p := &proxy{clock: func() int64 { return 1 + int64(time.Since(began)) }, past: map[string]*order{}, conns: map[*conn]struct{}{}}
	p.orders.Store(new([]*order))
	c := &conn{proxy: p}
	c.who.Store(&identity{client: 7, gen: 1})
	c.remote = newRemote(c)
	c.client, c.server = &side{endpoint: nowhere{}}, &side{endpoint: nowhere{}}
	c.up, c.down = newLane(c, chaos.Up), newLane(c, chaos.Down)
	c.up.out = &sink{to: c.server, lane: c.up}
	c.down.out = &sink{to: c.client, lane: c.down}
	p.conns[c] = struct{}{}
	x := &tapped{t: t, p: p, lane: c.down, in: make(chan *stream.StreamChunk), out: make(chan *stream.StreamChunk)}
	stub := toxics.NewToxicStub(x.in, x.out)
	stub.State = c.down
	p.ends.Add(1)
	go new(tap).Pipe(stub)
	t.Cleanup(func() { p.clearAll() })
	return x
}

func (x *tapped) put(data string) {
	x.in <- &stream.StreamChunk{Data: []byte(data), Timestamp: time.Now()}
}

// get takes what the tap lets go on, as the sink does.
func (x *tapped) get() string {
	c, ok := <-x.out
	if !ok {
		return "end"
	}
	x.lane.mu.Lock()
	defer x.lane.mu.Unlock()
	x.lane.landed(len(c.Data))
	return string(c.Data)
}

// nothing says whether the tap, with all the time of this instant, lets nothing go on.
func (x *tapped) nothing() {
	x.t.Helper()
	synctest.Wait()
	select {
	case c, ok := <-x.out:
		require.Fail(x.t, "it went on", "%v %v", c, ok)
	default:
	}
}

func (x *tapped) add(name, kind, attributes string) *order {
	x.t.Helper()
	t, err := parseToxic([]byte(`{"name":"` + name + `","type":"` + kind + `","attributes":` + attributes + `}`))
	require.NoError(x.t, err)
	require.NoError(x.t, x.p.add(t, nil))
	return t.order
}

func TestLatencyIsExactAndAPipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		o := x.add("slow", "latency", `{"delay":100000000}`)
		began := time.Now()
		const n = 50
		go func() {
			for range n {
				x.put("x")
				time.Sleep(time.Millisecond)
			}
			close(x.in)
		}()
		for i := range n {
			assert.Equal(t, "x", x.get())
			assert.Equal(t, 100*time.Millisecond+time.Duration(i)*time.Millisecond, time.Since(began))
		}
		assert.Equal(t, "end", x.get())
		assert.Equal(t, (100+n)*time.Millisecond, time.Since(began))
		e := o.evidence()
		assert.EqualValues(t, n+1, e.Delayed)
		assert.EqualValues(t, (n+1)*100*time.Millisecond, e.DelayNS)
		assert.Equal(t, 1, e.Hit)
		assert.Equal(t, 1, e.Targeted)
	})
}

func TestJitterIsSeededBoundedAndKeepsTheOrder(t *testing.T) {
	run := func(seed string) (times []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			x := tapLane(t)
			x.add("slow", "latency", `{"delay":100000000,"jitter":50000000,"seed":`+seed+`}`)
			began := time.Now()
			go func() {
				for i := range 200 {
					x.put(string(rune('a' + i%26)))
				}
				close(x.in)
			}()
			for i := range 200 {
				require.Equal(t, string(rune('a'+i%26)), x.get())
				times = append(times, time.Since(began))
			}
			x.get()
		})
		return times
	}
	a := run("1")
	assert.Equal(t, a, run("1"))
	assert.NotEqual(t, a, run("2"))
	for _, at := range a {
		assert.GreaterOrEqual(t, at, 50*time.Millisecond)
		assert.Less(t, at, 150*time.Millisecond)
	}
}

func TestLatenciesAddUpAndClearingOneTakesItsPartAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		a := x.add("a", "latency", `{"delay":100000000}`)
		b := x.add("b", "latency", `{"delay":300000000}`)
		began := time.Now()
		x.put("x")
		assert.Equal(t, "x", x.get())
		assert.Equal(t, 400*time.Millisecond, time.Since(began))
		assert.EqualValues(t, 100*time.Millisecond, a.evidence().DelayNS)
		assert.EqualValues(t, 300*time.Millisecond, b.evidence().DelayNS)

		began = time.Now()
		x.put("y")
		time.AfterFunc(50*time.Millisecond, func() { x.p.remove("b") })
		assert.Equal(t, "y", x.get())
		assert.Equal(t, 100*time.Millisecond, time.Since(began))
		x.put("z")
		x.p.remove("a")
		assert.Equal(t, "z", x.get())
		assert.Equal(t, 100*time.Millisecond, time.Since(began), "at once")
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}

func TestPartitionPushesBackAndReleasesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		o := x.add("split", "partition", `{"for":60000000000}`)
		began := time.Now()
		block := string(make([]byte, 4<<10))
		var took atomic.Int64
		go func() {
			for range 100 {
				x.put(block)
				took.Add(1)
			}
			close(x.in)
		}()
		x.nothing()
		assert.EqualValues(t, holdLimit/len(block), took.Load(), "it reads no more than the limit")
		assert.EqualValues(t, holdLimit, o.evidence().HeldBytes)
		for range 100 {
			assert.Equal(t, block, x.get())
		}
		assert.Equal(t, "end", x.get())
		assert.Equal(t, time.Minute, time.Since(began), "it expired by itself, to the instant")
		assert.Equal(t, int64(time.Minute), o.evidence().Cleared-o.evidence().Armed)
	})
}

// A chunk that the tap has offered but the sink not taken goes back behind the partition.
func TestWhatIsOfferedIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.put("offered")
		synctest.Wait()
		o := x.add("split", "partition", `{}`)
		x.nothing()
		assert.EqualValues(t, len("offered"), o.evidence().HeldBytes)
		x.p.remove("split")
		assert.Equal(t, "offered", x.get())
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}

// When a write neither ends nor can be stopped, the partition is not claimed.
func TestAPartitionThatCannotSettleIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.put("taken, never written")
		<-x.out
		began := time.Now()
		f, err := parseToxic([]byte(`{"name":"split","type":"partition"}`))
		require.NoError(t, err)
		require.ErrorContains(t, x.p.add(f, nil), `toxic "split" not in force: 1 writes did not end within 2s`)
		assert.Equal(t, settleTime, time.Since(began))
		assert.Zero(t, f.order.evidence().Armed)
		assert.Empty(t, x.p.listed())
		x.put("next")
		assert.Equal(t, "next", x.get())
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}

// A held chunk's time is not claimed by a latency beside the partition.
func TestHeldTimeIsNotDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		o := x.add("slow", "latency", `{"delay":1000000}`)
		x.add("split", "partition", `{"for":5000000000}`)
		x.put("x")
		assert.Equal(t, "x", x.get())
		assert.EqualValues(t, time.Millisecond, o.evidence().DelayNS)
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}

// What ends a connection ends its lanes whatever they hold, and its source is read to the
// end, so that nobody stays behind.
func TestALaneThatIsOverDrainsItsSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.add("split", "partition", `{}`)
		x.put("held")
		x.nothing()
		x.lane.conn.over.Store(true)
		x.lane.poke()
		assert.Equal(t, "end", x.get())
		for range 100 {
			x.put("to nobody")
		}
		close(x.in)
		x.p.ends.Wait()
	})
}

// Evidence asks anew whom an order was meant for, whoever it was that chose.
func TestActsOutsideTheCohortAreCounted(t *testing.T) {
	o := &order{key: "cut", seed: 1, share: 0.5}
	var in, out uint64
	for !o.has(in) {
		in++
	}
	for o.has(out) {
		out++
	}
	o.target(in)
	o.act(in, 5)
	o.act(in, 6)
	o.act(out, 9)
	e := o.evidence()
	assert.Equal(t, chaos.Evidence{First: 5, Last: 9, Targeted: 1, Hit: 1, ControlHit: 1}, e)
}

// chunkOf is a chunk of n bytes that comes now.
func chunkOf(n int) *stream.StreamChunk {
	return &stream.StreamChunk{Data: make([]byte, n), Timestamp: time.Now()}
}

// What a sink has taken is not held by a partition that comes before the tap knows; what it
// has not taken is, once the tap takes it back.
func TestWhatHasGoneOnIsNotHeld(t *testing.T) {
	for _, taken := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			x := tapLane(t)
			l := newLane(x.lane.conn, chaos.Down) // without a tap, which is what the test is
			l.out = x.lane.out
			l.push(chunkOf(7))
			assert.Len(t, l.next().send.Data, 7)
			o := x.add("split", "partition", `{}`)
			l.visit()
			assert.Zero(t, o.evidence().HeldChunks)
			want := int64(7)
			if taken {
				l.sent()
				want = 0
			}
			l.next()
			assert.Equal(t, want, o.evidence().HeldBytes)
			close(x.in)
			x.p.remove("split")
			assert.Equal(t, "end", x.get())
		})
	}
}

// From when the last goes to the client that is to stand before a FIN, what it says to that
// does not cross.
func TestNoAnswerCrossesToTheLastBeforeAFIN(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		c := &conn{proxy: x.p, remote: x.lane.conn.remote, client: x.lane.conn.client, server: x.lane.conn.server}
		c.who.Store(&identity{client: 7, opaque: true})
		c.up, c.down = newLane(c, chaos.Up), newLane(c, chaos.Down) // without taps
		c.down.enqueue(item{chunk: chunkOf(4)})
		c.down.enqueue(item{do: finishes, by: &order{}})
		assert.Len(t, c.down.next().send.Data, 4)
		c.up.push(chunkOf(6))
		assert.Nil(t, c.up.next().send)
		assert.False(t, c.remote.begun(), "it would be dialled for it")
		assert.Equal(t, finishes, func() deed {
			c.down.sent()
			c.down.mu.Lock()
			c.down.landed(4)
			c.down.mu.Unlock()
			return c.down.next().do
		}())
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}

// A deed that comes too late, as the connection is ending already, is not wanted for ever: a tap
// that does would never rest.
func TestADeedThatComesTooLateIsWantedOnce(t *testing.T) {
	for kind, late := range map[string]struct {
		attributes string
		ending     func(c *conn)
	}{
		"lifetime":  {`{"after":1000000000}`, func(c *conn) { c.hushed.Store(true) }},
		"idle_drop": {`{"idle":1000000000}`, func(c *conn) { c.up.closed = true }},
	} {
		synctest.Test(t, func(t *testing.T) {
			x := tapLane(t)
			late.ending(x.lane.conn)
			o := x.add("late", kind, late.attributes)
			time.Sleep(time.Minute)
			synctest.Wait()
			assert.Zero(t, o.evidence().Hit, kind)
			x.put("goes on")
			assert.Equal(t, "goes on", x.get(), kind)
			close(x.in)
			assert.Equal(t, "end", x.get(), kind)
		})
	}
}

// Of a client that could not be told the last that it was to hear, the target learns how it ends.
func TestWhoWasNotToldTheLastIsHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.add("few", "limit", `{"bytes":3,"then":"fin"}`)
		go x.put("abcdef")
		assert.Equal(t, "abc", string((<-x.out).Data))
		synctest.Wait()
		assert.True(t, x.lane.conn.hushed.Load())
		x.lane.mu.Lock() // the write of it fails
		x.lane.closed = true
		x.lane.mu.Unlock()
		x.lane.poke()
		synctest.Wait()
		assert.False(t, x.lane.conn.hushed.Load())
		close(x.in)
	})
}
