package engine

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLedgerRemembersEachMessage(t *testing.T) {
	var l ledger
	// Neighbours of a word, of a page and far away: none speaks for another.
	numbers := []uint64{0, 1, 63, 64, page - 1, page, 3*page + 5}
	for _, n := range numbers {
		first := l.answer(n, 9000).first
		assert.False(t, first, "%d is not even due", n)
	}
	for i, n := range numbers {
		l.due(n, uint32(i))
	}
	for i, n := range numbers {
		gen, answered := l.sent(n, int64(1000+i))
		assert.Equal(t, uint32(i), gen, "%d: the generation that due was told", n)
		assert.Zero(t, answered)
	}
	for i, n := range numbers {
		gen, answered := l.sent(n, int64(1000+i))
		assert.Zero(t, gen, "%d is sent a second time", n)
		assert.Zero(t, answered)
	}
	for i, n := range numbers {
		a := l.answer(n, 9000)
		first, sent := a.first, a.sent
		assert.True(t, first, "%d", n)
		assert.Equal(t, int64(1000+i), sent, "%d", n)
		first = l.answer(n, 9000).first
		assert.False(t, first, "%d is answered a second time", n)
	}
}

// TestLedgerLetsTheAnswerOvertakeTheNote: the answer is kept until the sending is noted, the
// message is settled once, and nothing of it stays behind.
func TestLedgerLetsTheAnswerOvertakeTheNote(t *testing.T) {
	var l ledger
	for n := range uint64(page) {
		l.due(n, 3)
	}
	for n := range uint64(page) {
		assert.Equal(t, answer{first: true}, l.answer(n, int64(2000+n)))
		assert.Equal(t, answer{}, l.answer(n, 9000), "a second time")
	}
	assert.NotNil(t, l.pages[0], "the notes are outstanding")
	for n := range uint64(page - 2) {
		gen, answered := l.sent(n, 1000)
		assert.Equal(t, uint32(3), gen)
		assert.Equal(t, int64(2000+n), answered)
	}
	assert.False(t, l.giveUp(page-2), "it has been answered, although nobody will note that it was sent")
	assert.False(t, l.giveUp(page-2))
	assert.NotNil(t, l.pages[0])
	_, answered := l.sent(page-1, 1000)
	assert.Equal(t, int64(2000+page-1), answered)
	assert.Nil(t, l.pages[0])
	assert.Empty(t, l.early)
}

// TestLedgerSettlesEachMessageOnce, whichever of answer and note comes first, and when both
// come at once.
func TestLedgerSettlesEachMessageOnce(t *testing.T) {
	var l ledger
	for n := range uint64(page) {
		l.due(n, 1)
	}
	var both sync.WaitGroup
	var served [2]int
	both.Go(func() {
		for n := range uint64(page) {
			if _, answered := l.sent(n, 1000); answered == 9000 {
				served[0]++
			}
		}
	})
	both.Go(func() {
		for n := range uint64(page) {
			if l.answer(n, 9000).sent == 1000 {
				served[1]++
			}
		}
	})
	both.Wait()
	assert.Equal(t, page, served[0]+served[1], "one of the two knows both times")
	assert.Nil(t, l.pages[0])
	assert.Empty(t, l.early)
}

// TestLedgerGivesPagesBack: its size follows what is outstanding, and a late answer to a
// message of a page that is gone is still a second one.
func TestLedgerGivesPagesBack(t *testing.T) {
	var l ledger
	for n := range uint64(page) {
		l.due(n, 1)
		l.sent(n, 1)
	}
	l.due(page, 1)
	for n := range uint64(page - 1) {
		l.answer(n, 9000)
	}
	assert.NotNil(t, l.pages[0], "one is outstanding")
	first := l.answer(page-1, 9000).first
	assert.True(t, first)
	assert.Nil(t, l.pages[0])
	assert.NotNil(t, l.pages[1])
	first = l.answer(0, 9000).first
	assert.False(t, first)
	gen, answered := l.sent(0, 9)
	assert.Zero(t, gen, "and so is a late note")
	assert.Zero(t, answered)
	l.due(0, 1)
	assert.Nil(t, l.pages[0], "a page that is gone stays gone")
}

// TestLedgerGivesUp: what is given up is settled once, whether or not its answer comes
// after all, and holds no page.
func TestLedgerGivesUp(t *testing.T) {
	var l ledger
	for n := range uint64(page) {
		l.due(n, 1)
		l.sent(n, 1)
	}
	assert.True(t, l.giveUp(0))
	assert.True(t, l.giveUp(0), "told twice")
	assert.Equal(t, answer{first: true, after: true}, l.answer(0, 9000))
	assert.Equal(t, answer{}, l.answer(0, 9000))
	assert.Equal(t, answer{first: true, sent: 1}, l.answer(1, 9000))
	assert.False(t, l.giveUp(1), "it has been answered")
	for n := uint64(2); n < page-1; n++ {
		assert.True(t, l.giveUp(n))
	}
	assert.NotNil(t, l.pages[0], "one is outstanding")
	assert.True(t, l.giveUp(page-1))
	assert.Nil(t, l.pages[0])
}
