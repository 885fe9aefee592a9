package pool

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var dawn = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// filled is a ring with messages of one byte, numbered from 1, added a second apart.
func filled(places ...place) *replay {
	r := &replay{limit: Ring{Messages: 10, Bytes: 10, Age: time.Minute}}
	for i, to := range places {
		e := &entry{message: Message{Payload: []byte{0}, Seq: uint64(i + 1)}, receipt: &Receipt{}, since: dawn.Add(time.Duration(i) * time.Second)}
		r.add(e)
		r.move(e, to)
	}
	return r
}

func numbersOf(all []*entry) (n []uint64) {
	for _, e := range all {
		n = append(n, e.message.Seq)
	}
	return n
}

func (r *replay) drop(all []*entry) {
	for _, e := range all {
		r.move(e, left)
	}
	r.trim()
}

func TestRingHandsOverInOrder(t *testing.T) {
	r := filled(gone, handed, here, here)
	assert.Equal(t, uint64(3), r.next().message.Seq)
	assert.Equal(t, []uint64{1}, numbersOf(r.unsure()))
	assert.Equal(t, 1, r.queued)
	r.move(r.next(), handed)
	assert.Equal(t, uint64(4), r.next().message.Seq)
	r.move(r.next(), handed)
	assert.Nil(t, r.next())
	assert.Equal(t, 3, r.queued)
	assert.Equal(t, 3, r.weight)
	r.move(r.entries[1], gone)
	assert.Equal(t, 2, r.queued)
	assert.Equal(t, []uint64{1, 2}, numbersOf(r.unsure()))
	assert.Nil(t, (&replay{}).next())
}

func TestRingBounds(t *testing.T) {
	r := filled(gone, gone)
	assert.True(t, r.room(8))
	assert.False(t, r.room(9), "bytes")
	r.limit.Messages = 2
	assert.False(t, r.room(0), "messages")
	r.drop(r.named(Ack{Seq: 2}))
	assert.True(t, r.room(9))
	assert.Equal(t, 1, r.waiting)
	assert.Len(t, r.entries, 2, "what is acknowledged out of turn leaves a gap")
	r.drop(r.named(Ack{Seq: 1}))
	assert.Empty(t, r.entries)
	assert.Equal(t, uint64(2), r.last)
}

func TestRingAcknowledges(t *testing.T) {
	r := filled(gone, gone, handed, here)
	assert.Equal(t, []uint64{2}, numbersOf(r.named(Ack{Seq: 2})))
	assert.Equal(t, []uint64{1, 2, 3}, numbersOf(r.named(Ack{Seq: 3, UpTo: true})))
	assert.Empty(t, r.named(Ack{Seq: 9}))
	assert.Empty(t, r.named(Ack{Seq: 4}), "it was not sent")
	assert.Equal(t, []uint64{1, 2, 3}, numbersOf(r.named(Ack{Seq: 9, UpTo: true})))
	r.drop(r.named(Ack{Seq: 2}))
	assert.Equal(t, []uint64{1}, numbersOf(r.unsure()))
	assert.Equal(t, []uint64{1, 3}, numbersOf(r.named(Ack{Seq: 3, UpTo: true})), "once only")
	assert.Equal(t, uint64(4), r.next().message.Seq)
}

func TestRingForgetsWhatIsTooOld(t *testing.T) {
	r := filled(gone, handed, here, here)
	due, ok := r.due()
	assert.True(t, ok)
	assert.Equal(t, dawn.Add(time.Minute), due)
	assert.Empty(t, r.old(due.Add(-1)))
	assert.Equal(t, []uint64{1}, numbersOf(r.old(due)))
	assert.Equal(t, []uint64{1, 3}, numbersOf(r.old(due.Add(2*time.Second))), "what is handed over is on its way")
	r.drop(r.old(due))
	due, _ = r.due()
	assert.Equal(t, dawn.Add(time.Minute+2*time.Second), due)
	_, ok = filled(handed).due()
	assert.False(t, ok)
}
