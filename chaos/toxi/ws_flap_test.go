package toxi

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// Of a fault that flaps each turn breaks a message off and each pause lets the rest go on,
// however soon it is over.
func TestMessagesBreakOffTurnByTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const text = "\x81\x02ab"
		x := tapLane(t)
		x.bridge()
		o := x.add("torn", "ws_truncate", `{"then":"stall","flap":{"down":1000000000,"up":1000000000}}`)
		for turn := range 3 {
			x.put(text)
			assert.Equal(t, text[:3], x.crossed(), "turn %d", turn)
			time.Sleep(time.Second + time.Millisecond)
			assert.Equal(t, text[3:], x.crossed())
			x.put(text)
			assert.Equal(t, text, x.crossed(), "lifted")
			time.Sleep(time.Second - time.Millisecond + time.Microsecond)
		}
		assert.EqualValues(t, 3, o.evidence().Count("truncated"))
		close(x.in)
		assert.Equal(t, "end", x.crossed())
	})
}

// And each turn sends its own large message.
func TestOversizedMessagesComeTurnByTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const zero = "\x82\x01\x00"
		x := tapLane(t)
		x.bridge()
		o := x.add("giant", "ws_oversize", `{"bytes":1,"flap":{"down":1000000000,"up":1000000000}}`)
		assert.Equal(t, zero, x.crossed())
		time.Sleep(time.Second + time.Millisecond)
		assert.Empty(t, x.crossed())
		time.Sleep(time.Second)
		assert.Equal(t, zero, x.crossed())
		assert.EqualValues(t, 2, o.evidence().Count("oversized"))
		close(x.in)
		assert.Equal(t, "end", x.crossed())
	})
}
