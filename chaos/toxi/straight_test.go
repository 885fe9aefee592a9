package toxi

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

func TestWhatNothingIsInForceOnGoesPastTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := openLane(t, plenty)
		said := []string{"\x81\x05hel", "lo\x82", "\x01x\x81\x00\x88", "\x02\x03\xe9"}
		x.say(said...)
		assert.Equal(t, strings.Join(said, ""), x.to.has())
		assert.Empty(t, x.linked)
		assert.EqualValues(t, len(switched)+len(x.to.has()), x.p.bytesDown.Load())
		assert.EqualValues(t, 1+len(said), x.lane.count, "each has its number, by which jitter is drawn")
		_, down := x.lane.conn.said()
		assert.Equal(t, chaos.Down, x.lane.conn.seen.closer)
		assert.EqualValues(t, 3, down.messages)
		assert.EqualValues(t, 1001, down.code)
	})
}

// What there is no room for is brought by the link, with what comes meanwhile behind it, in
// order; once all of it is written the next goes straight again.
func TestTheRestComesByTheLink(t *testing.T) {
	for room := range len("one two three") {
		synctest.Test(t, func(t *testing.T) {
			x := openLane(t, room)
			x.say("one ", "two ", "three")
			assert.Equal(t, "one two three"[:room], x.to.has())
			linked := 2 // what is read after the rest of the first
			if room >= len("one ") {
				linked--
			}
			if room >= len("one two ") {
				linked--
			}
			assert.Len(t, x.linked, linked)
			x.room(plenty)
			assert.Equal(t, "one two three", x.to.has())
			x.say(" four")
			assert.Equal(t, "one two three four", x.to.has())
			assert.Len(t, x.linked, linked)
			assert.EqualValues(t, len(switched)+len(x.to.has()), x.p.bytesDown.Load())
		})
	}
}

// Whoever reads reads the next into the same buffer.
func TestTheRestIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t) // without a sink
		c := x.lane.conn
		x.lane.out.to = &side{endpoint: &stuck{room: len("go"), moved: make(chan struct{})}}
		x.lane.frames.phase, c.status.done = inFrames, true
		c.served.Store(true)
		b := []byte("goes")
		assert.True(t, x.lane.straight(b))
		copy(b, "next")
		assert.Equal(t, "es", x.get())
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}

// Whatever is in force looks at what comes; once it is not any more nobody does.
func TestWhatIsInForceGetsAllByTheLink(t *testing.T) {
	for kind, attributes := range map[string]string{
		"latency": `{"delay":1}`, "partition": `{}`, "slice": `{"size":1}`, "bandwidth": `{"rate":1000000}`, "limit": `{"bytes":1000}`,
		"idle_drop": `{"idle":3600000000000}`, "lifetime": `{"after":3600000000000}`,
		"ws_drop": `{"nth":1000,"direction":"down"}`, "ws_ping_flood": `{"rate":1,"direction":"down"}`,
	} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := openLane(t, plenty)
				x.add("f", kind, attributes)
				x.say("\x81\x01a")
				assert.Equal(t, []string{"\x81\x01a"}, x.linked)
				time.Sleep(time.Second)
				x.p.remove("f")
				synctest.Wait()
				before := x.to.has()
				x.say("\x81\x01b")
				assert.Len(t, x.linked, 1)
				assert.Equal(t, before+"\x81\x01b", x.to.has())
			})
		})
	}
}

// A message that an order has begun to swallow it swallows whole, also when it was cleared
// in the middle.
func TestWhatIsClaimedGoesToWhoClaimedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := openLane(t, plenty)
		x.add("f", "ws_drop", `{"direction":"down"}`)
		x.say("\x81\x04ab")
		x.p.remove("f")
		x.say("cd", "\x81\x01x")
		assert.Equal(t, "\x81\x01x", x.to.has())
		assert.Equal(t, []string{"\x81\x04ab", "cd"}, x.linked)
	})
}

// Frames of ours that wait for an edge find it in what comes by the link.
func TestWhatWaitsForAnEdgeFindsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := openLane(t, plenty)
		x.say("\x81\x04ab")
		x.lane.mu.Lock()
		x.lane.insert(insertion{by: &order{once: true}, items: []item{{chunk: &stream.StreamChunk{Data: []byte("\x89\x00")}}}})
		x.lane.mu.Unlock()
		x.say("cd\x81", "\x01x", "\x81\x01y")
		assert.Equal(t, "\x81\x04abcd\x89\x00\x81\x01x\x81\x01y", x.to.has())
		assert.Equal(t, []string{"cd\x81"}, x.linked)
	})
}

// What the link was given comes before what is read later, however long it takes.
func TestNothingOvertakesTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := openLane(t, plenty)
		x.add("f", "latency", `{"delay":1}`)
		assert.False(t, x.lane.straight([]byte("a")))
		x.p.remove("f") // a is with noop, say
		assert.False(t, x.lane.straight([]byte("b")))
		x.put("a")
		synctest.Wait()
		assert.Equal(t, "a", x.to.has())
		assert.False(t, x.lane.straight([]byte("c")), "b is on its way")
		x.put("b")
		x.put("c")
		synctest.Wait()
		assert.True(t, x.lane.straight([]byte("d")))
		assert.Equal(t, "abcd", x.to.has())
	})
}

// Before everything is known of a connection that is to be learned from its first bytes, and
// once anything has ended, a chunk does not go straight.
func TestWhenAChunkDoesNotGoStraight(t *testing.T) {
	for what, change := range map[string]func(c *conn, l *lane){
		"the client is not known":             func(c *conn, _ *lane) { c.who.Store(nil) },
		"the head has not come whole":         func(_ *conn, l *lane) { l.frames.phase = inHead },
		"the status is half known":            func(c *conn, _ *lane) { c.status = statusReader{n: 5} },
		"the 101 was not served":              func(c *conn, _ *lane) { c.served.Store(false) },
		"a write is going on":                 func(_ *conn, l *lane) { l.inflight = 1 },
		"something stands in the queue":       func(_ *conn, l *lane) { l.queue = []item{{do: resets}} },
		"something is to be done behind this": func(_ *conn, l *lane) { l.behind.do = resets },
		"the stream has ended":                func(_ *conn, l *lane) { l.ended = true },
		"the sink has ended":                  func(_ *conn, l *lane) { l.closed = true },
		"an order ended the stream":           func(_ *conn, l *lane) { l.shutOff() },
		"the sockets are being reset":         func(c *conn, _ *lane) { c.ends() },
		"the sink is parked":                  func(_ *conn, l *lane) { l.parked = true },
		"the connection is over":              func(c *conn, _ *lane) { c.over.Store(true) },
		"the connection is a ghost":           func(c *conn, _ *lane) { c.ghost.Store(&order{}) },
	} {
		p := &proxy{clock: func() int64 { return 1 }}
		p.orders.Store(new([]*order))
		c := &conn{proxy: p, client: &side{endpoint: &stuck{room: plenty, moved: make(chan struct{})}}}
		c.who.Store(&identity{client: 7})
		c.up, c.down = newLane(c, chaos.Up), newLane(c, chaos.Down)
		l := c.down
		l.out = &sink{to: c.client, lane: l}
		l.frames.phase, c.status.done = inFrames, true
		c.served.Store(true)
		require.True(t, l.straight([]byte("goes")), what)
		change(c, l)
		assert.False(t, l.straight([]byte("stays")), what)
		assert.Equal(t, "goes", c.client.endpoint.(*stuck).has(), what)
	}
}

// The 101 has come to the tap, but not all of it to the client: what is behind it may not be
// what it hears first. And of an answer that lets nobody in nothing goes straight.
func TestAnAnswerGoesByTheLinkToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := flowLane(t, 0)
		x.say(switched[:12], switched[12:], "\x81\x01a")
		assert.Len(t, x.linked, 3)
		x.room(plenty)
		assert.Equal(t, switched+"\x81\x01a", x.to.has())
		assert.True(t, x.lane.conn.served.Load())
		x.say("\x81\x01b")
		assert.Equal(t, switched+"\x81\x01a\x81\x01b", x.to.has())
		assert.Len(t, x.linked, 3)
	})
	synctest.Test(t, func(t *testing.T) {
		x := flowLane(t, plenty)
		x.say("HTTP/1.1 503 No\r\n\r\n", "a", "b")
		assert.Len(t, x.linked, 3)
		assert.Equal(t, "HTTP/1.1 503 No\r\n\r\nab", x.to.has())
	})
}

// What passes through unread goes straight once the client has anything of it.
func TestOpaqueBytesGoStraight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := flowLane(t, plenty)
		x.lane.conn.who.Store(&identity{client: foreign, opaque: true})
		x.say("\x16\x03\x03 hello", "\r\n\r\n", "\x81\x05 none")
		assert.Equal(t, "\x16\x03\x03 hello\r\n\r\n\x81\x05 none", x.to.has())
		assert.Equal(t, []string{"\x16\x03\x03 hello", "\r\n\r\n"}, x.linked, "as many as a status takes")
		_, down := x.lane.conn.said()
		assert.Zero(t, down)
	})
}

// What a client says goes straight from when it is known, but not to the last that it hears.
func TestWhatAClientSaysGoesStraightUntilItIsHushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		to := &stuck{room: plenty, moved: make(chan struct{})}
		l := x.lane.conn.up // without a tap
		l.out.to = &side{endpoint: to}
		assert.False(t, l.straight([]byte("GET / HTTP/1.1\r\n\r\n")))
		l.frames.phase, l.pushed = inFrames, l.handed
		assert.True(t, l.straight([]byte("before the answer")))
		x.lane.conn.hushed.Store(true)
		assert.False(t, l.straight([]byte("to the last")))
		assert.Equal(t, "before the answer", to.has())
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}

// Wherever in a stream a partition comes, and however much there is room for, nothing crosses
// while it is there, and nothing is lost, doubled or out of order when it has gone.
func TestAPartitionAtAnyTimeHolds(t *testing.T) {
	const said = "abcdefghijkl"
	for room := 0; room <= len(said); room += 2 {
		for from := 0; from <= len(said); from += 3 {
			synctest.Test(t, func(t *testing.T) {
				x := openLane(t, room)
				x.say(strings.Split(said[:from], "")...)
				o := x.add("split", "partition", `{}`)
				before := x.to.has()
				x.room(plenty)
				x.say(strings.Split(said[from:], "")...)
				assert.Equal(t, before, x.to.has())
				assert.EqualValues(t, len(said)-len(before), o.evidence().HeldBytes)
				x.p.remove("split")
				synctest.Wait()
				assert.Equal(t, said, x.to.has())
				x.say("m")
				assert.Equal(t, said+"m", x.to.has())
				assert.Zero(t, o.evidence().Leaked)
				assert.EqualValues(t, len(switched)+len(said)+1, x.p.bytesDown.Load())
			})
		}
	}
}

// Where taps obey nothing, what goes straight through a partition is found out as a leak.
func TestWhatLeaksStraightIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := openLane(t, len("lea"))
		x.p.deaf = true
		o := x.add("split", "partition", `{}`)
		x.say("leaks")
		assert.Equal(t, "lea", x.to.has())
		assert.EqualValues(t, len("lea"), o.evidence().Leaked)
		x.room(plenty)
		assert.EqualValues(t, len("leaks"), o.evidence().Leaked)
		assert.Empty(t, x.linked)
	})
}

// A deadline that was to stop a write that had ended by then stops the next one: it is for the
// sink to find out that it is not meant, and nothing of what it stopped is lost.
func TestADeadlineThatIsLeftLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := openLane(t, plenty)
		x.lane.out.stop()
		x.say("a")
		assert.Equal(t, "a", x.to.has())
		assert.Empty(t, x.linked, "its queue was enough")
		x.say("b")
		assert.Equal(t, "ab", x.to.has())
	})
}

// The kernel tells of a RST once. When a write is told, who reads finds an end of stream, and
// must know better.
func TestARSTThatAWriteMeetsIsKnownToWhoReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := openLane(t, plenty)
		c := x.lane.conn
		to := &side{endpoint: &departed{}}
		c.client, x.lane.out.to = to, to
		x.lane.mu.Lock() // the tap looks, and the sink writes, only later
		n := x.lane.out.try([]byte("to nobody"))
		x.lane.mu.Unlock()
		assert.Zero(t, n)
		assert.True(t, to.broken.Load())
	})
}
