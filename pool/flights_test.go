package pool

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFlights(t *testing.T) {
	var l flights
	f := make([]*flight, 5)
	for i := range f {
		f[i] = new(flight)
		l.add(f[i])
	}
	assert.Equal(t, f, slices.Collect(l.all))
	for _, gone := range []int{2, 0, 4} {
		l.remove(f[gone])
	}
	assert.Equal(t, []*flight{f[1], f[3]}, slices.Collect(l.all))
	assert.Equal(t, 2, l.n)
	l.add(f[0])
	for x := range l.all {
		l.remove(x)
	}
	assert.Equal(t, flights{}, l)
	l.add(f[2])
	assert.Equal(t, []*flight{f[2]}, slices.Collect(l.all))
}
