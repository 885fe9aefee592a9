package crowd

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// A book is a map and some queues; this one has both beside it.
func TestBook(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b := newBook()
	where := map[int]int8{}
	var queues [lists][]int
	remove := func(client int, from int8) {
		for i, c := range queues[from] {
			if c == client {
				queues[from] = append(queues[from][:i:i], queues[from][i+1:]...)
				return
			}
		}
	}
	for range 200_000 {
		client := r.IntN(300) * 64 // many begin their search at the same place
		s := b.find(client)
		from, known := where[client]
		require.Equal(t, known, s != nil)
		switch r.IntN(3) {
		case 0:
			if s == nil {
				s = b.add(client)
				require.Equal(t, client, s.client)
				where[client] = none
			}
		case 1:
			if s == nil {
				continue
			}
			if from != none {
				remove(client, from)
			}
			to := int8(r.IntN(lists))
			b.join(s, to)
			where[client] = to
			queues[to] = append(queues[to], client)
		default:
			if s == nil {
				continue
			}
			if from != none {
				remove(client, from)
			}
			b.drop(s)
			delete(where, client)
		}
	}
	for l, want := range queues {
		require.Equal(t, len(want), b.lists[l].len)
		s := b.first(int8(l))
		for _, client := range want {
			require.Equal(t, client, s.client)
			s = b.after(s)
		}
		require.Nil(t, s)
	}
	for client := range where {
		require.NotNil(t, b.find(client))
	}
	require.LessOrEqual(t, len(b.seats), 300)
}
