package toxi

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// A message comes twice with all of its fragments, and what came in between comes once.
func TestAMessageComesTwiceWhole(t *testing.T) {
	const (
		ping  = "\x89\x01p"
		parts = "\x01\x01a\x80\x02bc"
		text  = "\x81\x01d"
	)
	through(t, "ws_dup", `{}`, ping+"\x01\x01a"+ping+"\x80\x02bc"+text, ping+"\x01\x01a"+ping+"\x80\x02bc"+parts+text+text)
	through(t, "ws_dup", `{}`, "\x01\x01a"+text, "\x01\x01a"+text+text) // one that never ended is not part of the next
	through(t, "ws_dup", `{"nth":2}`, text+parts+text, text+parts+parts+text)
}

// A message that is kept back keeps back what is behind it, for no longer than itself;
// those before it are not late.
func TestAMessageIsLateAndWhatIsBehindIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const text, ping = "\x81\x01a", "\x89\x00"
		x := tapLane(t)
		x.bridge()
		o := x.add("late", "ws_delay", `{"delay":1000000000,"nth":2}`)
		began := time.Now()
		x.put(text + "\x81\x02b")
		assert.Equal(t, text, x.crossed())
		time.Sleep(600 * time.Millisecond)
		x.put("c" + ping)
		assert.Empty(t, x.crossed())
		assert.Equal(t, "\x81\x02b", x.get())
		assert.Equal(t, time.Second, time.Since(began))
		assert.Equal(t, "c"+ping, x.crossed())
		x.put(text + text)
		assert.Equal(t, text, x.crossed())
		assert.True(t, x.p.remove("late"))
		assert.Equal(t, text, x.crossed(), "at once, when it is over")
		close(x.in)
		assert.Equal(t, "end", x.crossed())
		assert.EqualValues(t, 2, o.evidence().Delayed)
	})
}
