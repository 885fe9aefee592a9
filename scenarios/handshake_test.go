package scenarios

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHandshakeReadsWhatItPrints(t *testing.T) {
	for _, h := range []Handshake{
		{Overflow: "503"},
		{Workers: 1, Cost: 2 * time.Millisecond, Queue: 200, Overflow: "503", RetryAfter: 3 * time.Second},
		{Workers: 4, Cost: time.Second, Burn: true, Overflow: "hang", LIFO: true, StaleWork: true},
	} {
		got, err := ParseHandshake(h.String())
		require.NoError(t, err)
		assert.Equal(t, h, got)
	}
}

func TestHandshakeMistakes(t *testing.T) {
	_, err := ParseHandshake("{workes: 1, cost: 2, overflow: 504}")
	assert.ErrorContains(t, err, "workes: ")
	assert.ErrorContains(t, err, "cost: ")
	assert.ErrorContains(t, err, "overflow: ")
	_, err = ParseHandshake("{workers: ")
	assert.Error(t, err)
}
