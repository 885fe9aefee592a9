package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLedgerRemembersEachMessage(t *testing.T) {
	var l ledger
	// Neighbours of a word, of a page and far away: none speaks for another.
	numbers := []uint64{0, 1, 63, 64, page - 1, page, 3*page + 5}
	for _, n := range numbers {
		first := l.answer(n).first
		assert.False(t, first, "%d is not even due", n)
	}
	for i, n := range numbers {
		l.due(n, uint32(i))
	}
	for i, n := range numbers {
		assert.Equal(t, uint32(i), l.sent(n, int64(1000+i)), "%d: the generation that due was told", n)
	}
	for i, n := range numbers {
		assert.Zero(t, l.sent(n, 5000), "%d is sent a second time", n)
		assert.Equal(t, uint32(0), l.sent(n, int64(1000+i)))
	}
	for i, n := range numbers {
		a := l.answer(n)
		first, sent := a.first, a.sent
		assert.True(t, first, "%d", n)
		assert.Equal(t, int64(1000+i), sent, "%d", n)
		first = l.answer(n).first
		assert.False(t, first, "%d is answered a second time", n)
	}
}

func TestLedgerLetsTheAnswerOvertakeTheNote(t *testing.T) {
	var l ledger
	l.due(7, 3)
	a := l.answer(7)
	first, sent := a.first, a.sent
	assert.True(t, first)
	assert.Zero(t, sent, "a generation is no time")
	assert.Equal(t, uint32(3), l.sent(7, 1000))
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
		l.answer(n)
	}
	assert.NotNil(t, l.pages[0], "one is outstanding")
	first := l.answer(page - 1).first
	assert.True(t, first)
	assert.Nil(t, l.pages[0])
	assert.NotNil(t, l.pages[1])
	first = l.answer(0).first
	assert.False(t, first)
	assert.Zero(t, l.sent(0, 9), "and so is a late note")
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
	assert.Equal(t, answer{first: true, after: true}, l.answer(0))
	assert.Equal(t, answer{}, l.answer(0))
	assert.Equal(t, answer{first: true, sent: 1}, l.answer(1))
	assert.False(t, l.giveUp(1), "it has been answered")
	for n := uint64(2); n < page-1; n++ {
		assert.True(t, l.giveUp(n))
	}
	assert.NotNil(t, l.pages[0], "one is outstanding")
	assert.True(t, l.giveUp(page-1))
	assert.Nil(t, l.pages[0])
}
