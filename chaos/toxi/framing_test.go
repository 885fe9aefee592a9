package toxi

import (
	"testing"
	"testing/synctest"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/stretchr/testify/assert"
)

// bridge lets the upgrade of a tapped lane go through, so that what comes next is frames.
func (x *tapped) bridge() {
	x.put(response)
	assert.Equal(x.t, response, x.get())
}

// slipped puts frames of ours into the lane.
func (x *tapped) slipped(data bool, frames string) {
	x.lane.mu.Lock()
	defer x.lane.mu.Unlock()
	x.lane.insert(insertion{by: new(order), data: data, items: []item{{chunk: &stream.StreamChunk{Data: []byte(frames)}}}})
	x.lane.poke()
}

// Frames of ours never tear one of theirs, and a message never another.
func TestFramesOfOursStandAtEdges(t *testing.T) {
	const ping, text = "\x89\x00", "\x81\x01o"
	for _, c := range []struct {
		name          string
		before, after string // what has come when ours are to go in, and what comes then
		data          bool
		want          []string
	}{
		{"nothing under way", "\x81\x01a", "\x81\x01b", false, []string{ping, "\x81\x01b"}},
		{"a message, nothing under way", "\x81\x01a", "\x81\x01b", true, []string{text, "\x81\x01b"}},
		{"in a head", "\x81", "\x01a", false, []string{"\x01a", ping}},
		{"in a payload", "\x81\x03a", "bc\x81\x01d", false, []string{"bc", ping, "\x81\x01d"}},
		{"between fragments", "\x01\x01a", "\x80\x01b", false, []string{ping, "\x80\x01b"}},
		{"a message between fragments", "\x01\x01a", "\x89\x00\x80\x01b\x81\x00", true, []string{"\x89\x00\x80\x01b", text, "\x81\x00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := tapLane(t)
				x.bridge()
				x.put(c.before)
				assert.Equal(t, c.before, x.get())
				synctest.Wait()
				ours := ping
				if c.data {
					ours = text
				}
				x.slipped(c.data, ours)
				go x.put(c.after)
				for _, want := range c.want {
					assert.Equal(t, want, x.get())
				}
				x.nothing()
				close(x.in)
				assert.Equal(t, "end", x.get())
			})
		})
	}
}

// A frame of ours counts as sent only when all before it has been written, so that it is
// not claimed of a client that reads nothing.
func TestFramesOfOursCountWhenTheyGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.bridge()
		x.put("\x81\x01a")
		synctest.Wait()
		unwritten := <-x.out
		o := x.add("giant", "ws_oversize", `{"bytes":1}`)
		x.nothing()
		assert.Zero(t, o.evidence().Count("oversized"))
		x.lane.mu.Lock()
		x.lane.landed(len(unwritten.Data))
		x.lane.mu.Unlock()
		assert.Equal(t, "\x82\x01\x00", x.crossed())
		assert.EqualValues(t, 1, o.evidence().Count("oversized"))
		close(x.in)
		assert.Equal(t, "end", x.crossed())
	})
}

// A message that is being dropped is dropped to its end, although the fault is over: what
// is behind it would be torn. What comes in between is not part of it.
func TestADroppedMessageIsDroppedToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.bridge()
		o := x.add("lossy", "ws_drop", `{}`)
		x.put("\x01\x03a")
		x.nothing()
		assert.True(t, x.p.remove("lossy"))
		x.put("bc\x89\x01p\x00\x01")
		assert.Equal(t, "\x89\x01p", x.get(), "a ping between its fragments")
		x.put("d")
		x.put("\x80\x00\x81\x01e")
		assert.Equal(t, "\x81\x01e", x.get(), "the next message")
		assert.Equal(t, int64(1), o.evidence().Count("dropped"))
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}

// A message that was under way as the fault came into force goes on whole.
func TestAMessageUnderWayIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.bridge()
		x.put("\x01\x03a")
		assert.Equal(t, "\x01\x03a", x.get())
		x.add("lossy", "ws_drop", `{}`)
		x.put("bc\x80\x01d\x81\x01e\x89\x00")
		assert.Equal(t, "bc\x80\x01d", x.get())
		assert.Equal(t, "\x89\x00", x.get())
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}

// Before the target's answer there are no frames, and after one that is not 101 neither:
// whoever is on the connection is not meant.
func TestFramesFaultsMeanNobodyWithoutFrames(t *testing.T) {
	for name, head := range map[string]string{"no answer yet": "HTTP/1.1 101 Switch", "refused": "HTTP/1.1 503 No\r\n\r\n\x81\x01a"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := tapLane(t)
				o := x.add("lossy", "ws_drop", `{}`)
				x.put(head)
				assert.Equal(t, head, x.get())
				assert.Zero(t, o.evidence().Targeted)
				close(x.in)
				assert.Equal(t, "end", x.get())
			})
		})
	}
}

// A target that says 101 before it was asked is no reason to fall over.
func TestAnAnswerBeforeItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.lane.conn.who.Store(nil)
		o := x.add("lossy", "ws_drop", `{}`)
		x.put(response + "\x81\x01a")
		assert.Equal(t, response+"\x81\x01a", x.get())
		assert.Zero(t, o.evidence().Targeted)
		x.lane.conn.who.Store(&identity{client: 7})
		x.put("\x81\x01b\x89\x00")
		assert.Equal(t, "\x89\x00", x.get())
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}
