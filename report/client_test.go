package report

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Each client has a place of its own, however far its number is from the others', and
// numbers that a hostile journal makes up do not make room for all below them.
func TestByClient(t *testing.T) {
	var b byClient[int]
	clients := []int{0, 1, pageSize - 1, pageSize, 3*pageSize + 7, pageSize*pagesMost - 1, pageSize * pagesMost, math.MaxInt}
	for i, c := range clients {
		assert.Zero(t, *b.at(c), c)
		*b.at(c) = i + 1
	}
	for i, c := range clients {
		assert.Equal(t, i+1, *b.at(c), c)
	}
	got := map[int]int{}
	places := 0
	b.each(func(client int, v *int) {
		places++
		if *v > 0 {
			got[client] = *v - 1
		}
	})
	assert.Len(t, got, len(clients))
	for i, c := range clients {
		assert.Equal(t, i, got[c], c)
	}
	assert.Equal(t, 4*pageSize+2, places, "of pages and places that are asked for alone")
}
