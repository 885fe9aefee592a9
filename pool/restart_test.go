package pool_test

import (
	"bytes"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSurvivesARestart: the program of survive_test.go loses no acknowledged message, nor
// any other, when the server is killed in the middle of it, twice.
func TestSurvivesARestart(t *testing.T) {
	const n = 400
	var mu sync.Mutex
	var stored []string // what the server answered for, or was about to
	half := make(chan struct{}, 2)
	s := &shop{answer: func(text string) string {
		mu.Lock()
		defer mu.Unlock()
		stored = append(stored, text)
		if len(stored) == n/4 || len(stored) == n/2 {
			half <- struct{}{}
		}
		order, _ := after("order", text)
		return "ack " + order
	}}
	url := s.open()
	done := make(chan error, 1)
	go func() { done <- survive(t.Context(), url, n) }()
	for range 2 {
		<-half
		s.close()
		s.open()
	}
	require.NoError(t, <-done)
	s.close()

	seen := map[string]bool{}
	var first []string
	for _, order := range stored {
		if !seen[order] {
			seen[order] = true
			first = append(first, order)
		}
	}
	assert.Len(t, first, n, "nothing is missing")
	assert.Equal(t, "order 1", first[0])
	assert.True(t, slices.IsSortedFunc(first, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return bytes.Compare([]byte(a), []byte(b))
	}), "and the order is kept")
}

// TestTheProgramIsShort: 40 lines, its imports and its doc included.
func TestTheProgramIsShort(t *testing.T) {
	program, err := os.ReadFile("survive_test.go")
	require.NoError(t, err)
	assert.LessOrEqual(t, bytes.Count(program, []byte("\n")), 40)
}
