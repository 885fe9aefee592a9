package driver

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/pool/heal"
)

// TestWhatDialsWaitForIsReadFirst, each kind in its order, and of the rest so much at a time
// that it does not wait for long.
func TestWhatDialsWaitForIsReadFirst(t *testing.T) {
	b := mailbox{notify: make(chan struct{}, 1)}
	posted := 0
	post := func(kind heal.EventKind, n int) {
		for range n {
			posted++
			b.post(mail{event: heal.Event{Kind: kind, Gen: uint32(posted)}})
		}
	}
	read := func() (kinds []heal.EventKind, gens []uint32) {
		for all := b.collect(); all != nil; all = all.recycle() {
			for _, m := range all.mails[:all.n] {
				kinds, gens = append(kinds, m.event.Kind), append(gens, m.event.Gen)
			}
		}
		return kinds, gens
	}
	size := len(bundle{}.mails)
	post(heal.Lost, size+1)
	post(heal.Admitted, 1)
	post(heal.Opened, size)
	b.post(mail{order: force})
	kinds, gens := read()
	assert.Len(t, kinds, 1+size+size)
	assert.Equal(t, heal.Admitted, kinds[0])
	assert.Equal(t, heal.Opened, kinds[1])
	assert.Equal(t, heal.Opened, kinds[size])
	assert.Equal(t, heal.Lost, kinds[size+1])
	assert.IsIncreasing(t, gens[:size+1])
	assert.IsIncreasing(t, gens[size+1:])
	post(heal.Failed, 1)
	kinds, gens = read()
	assert.Equal(t, []heal.EventKind{heal.Failed, heal.Lost, 0}, kinds)
	assert.Equal(t, uint32(size+1), gens[1])
	assert.Nil(t, b.collect())
	assert.Len(t, b.notify, 1)
}
