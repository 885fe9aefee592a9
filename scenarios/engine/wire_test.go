package engine

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/report"
)

// watched is a proxy of which only what it saw is there.
type watched struct {
	Proxy
	seen, standing []chaos.Sighting
}

func (w watched) Sightings(context.Context, uint64) (chaos.Sightings, error) {
	return chaos.Sightings{Last: uint64(len(w.seen)), Seen: w.seen}, nil
}

func (w watched) Standing(context.Context) ([]chaos.Sighting, error) { return w.standing, nil }

// TestMessagesOfConnectionsThatStandAreCounted: of one that is open at the end nothing was
// told after it had opened, and what ended between two questions is told by its end.
func TestMessagesOfConnectionsThatStandAreCounted(t *testing.T) {
	b := newBench(t, open(t, "reset-storm"))
	sight := func(what string, conn uint64, up, down int64) chaos.Sighting {
		return chaos.Sighting{What: what, Target: "blue", Conn: conn, Client: conn, Named: true, Accepted: 1, Opened: 2, Status: 101, Up: up, Down: down}
	}
	b.proxy = watched{
		seen: []chaos.Sighting{
			sight(chaos.SeenOpened, 0, 0, 0), sight(chaos.SeenOpened, 1, 0, 0), sight(chaos.SeenEnded, 1, 4, 5),
		},
		standing: []chaos.Sighting{sight(chaos.SeenStands, 0, 7, 8), sight(chaos.SeenStands, 1, 3, 3), sight(chaos.SeenStands, 2, 1, 1)},
	}
	v := newWireView(b.run)
	require.NotNil(t, v)
	v.finish(t.Context())
	got := map[int][2]int64{}
	for _, r := range b.records() {
		if r.Conn != nil {
			got[r.Conn.Client] = [2]int64{r.Conn.Up, r.Conn.Down}
		}
	}
	assert.Equal(t, map[int][2]int64{0: {7, 8}, 1: {4, 5}}, got, "and of one that was never told of, nothing")
	assert.Empty(t, unfits(b.records()))
}

func unfits(records []report.Record) (all []report.Unfit) {
	for _, r := range records {
		if r.Unfit != nil {
			all = append(all, *r.Unfit)
		}
	}
	return all
}
