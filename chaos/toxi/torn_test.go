package toxi

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
)

// Where a message breaks off, however it came; and what was behind that is there when the
// fault is over, not a byte of it lost.
func TestAMessageBreaksOffWhereItIsTold(t *testing.T) {
	const messages = "\x89\x00\x81\x00\x82\x04wxyz\x81\x01a"
	for _, c := range []struct{ attributes, crosses string }{
		{`"where":"header"`, "\x89\x00\x81"},
		{`"percent":0`, "\x89\x00\x81\x00\x82\x04"},
		{`"percent":0.5`, "\x89\x00\x81\x00\x82\x04wx"},
		{`"percent":1`, "\x89\x00\x81\x00\x82\x04wxy"},
	} {
		for size := 1; size <= len(messages); size++ {
			t.Run(fmt.Sprintf("%s in pieces of %d", c.attributes, size), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					x := tapLane(t)
					x.bridge()
					o := x.add("torn", "ws_truncate", `{"then":"stall",`+c.attributes+`}`)
					for rest := messages; len(rest) > 0; {
						n := min(size, len(rest))
						x.put(rest[:n])
						rest = rest[n:]
					}
					close(x.in)
					assert.Equal(t, c.crosses, x.crossed())
					assert.Equal(t, int64(1), o.evidence().Count("truncated"))
					assert.True(t, x.p.remove("torn"))
					assert.Equal(t, messages[len(c.crosses):]+"end", x.crossed())
				})
			})
		}
	}
}

// crossed is all that the tap lets go on in this instant, and "end" behind its end.
func (x *tapped) crossed() (all string) {
	for {
		synctest.Wait()
		select {
		case c, ok := <-x.out:
			if !ok {
				return all + "end"
			}
			x.lane.mu.Lock()
			x.lane.landed(len(c.Data))
			x.lane.mu.Unlock()
			all += string(c.Data)
		default:
			return all
		}
	}
}
