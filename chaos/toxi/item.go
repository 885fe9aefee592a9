package toxi

import (
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
)

// item is a chunk, or the end of stream when chunk is nil; or something to be done once
// all before it has been written.
type item struct {
	chunk  *stream.StreamChunk
	do     deed
	by     *order // who wants it done, or who put the chunk in
	counts string // counter of by that says that the chunk went on; empty: none
	until  *order // it may not go on before this is cleared or lifted; nil: it may
	turn   uint32 // of until in which that was decided
	came   time.Time
	delays []delay
	held   []*order // that have counted it
}

// delay is one order's part in an item's delay.
type delay struct {
	by *order
	d  time.Duration
}

// waits says whether an order that is in force keeps the item from going on.
func (it *item) waits() bool {
	return it.until != nil && !it.until.off() && it.until.turns.Load() == it.turn
}

// due is when an item may go on. Orders that were cleared no longer delay it.
func (it *item) due() time.Time {
	at := it.came
	for _, d := range it.delays {
		if !d.by.off() {
			at = at.Add(d.d)
		}
	}
	return at
}

func size(c *stream.StreamChunk) int {
	if c == nil {
		return 0
	}
	return len(c.Data)
}
