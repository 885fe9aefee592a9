package report

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func dialStep(t int64, client int, gen uint32) Record {
	return Record{T: t, Step: &Step{Client: client, Gen: gen, Event: "timer", From: "waiting", To: "dialing", Actions: []Action{{Kind: "dial", Gen: gen}}}}
}

func eventStep(t int64, client int, gen uint32, event, from, to string) Record {
	return Record{T: t, Step: &Step{Client: client, Gen: gen, EventGen: gen, Event: event, From: from, To: to}}
}

// TestViewsAgree: what the pool and the wire say of the same connections, whichever told first.
func TestViewsAgree(t *testing.T) {
	v := newViews(&Run{Clients: 3})
	for _, rec := range []Record{
		dialStep(10, 0, 1),
		eventStep(1_000, 0, 1, "opened", "dialing", "proving"),
		eventStep(9_000, 0, 1, "lost", "ready", "waiting"),
		{T: 9_100, Conn: &Conn{Client: 0, Gen: 1, Accepted: 20, Opened: 900, Ended: 8_900, Status: 101, By: "server", Code: 1012, Closer: "server", Up: 2, Down: 3}},
		dialStep(10, 1, 1),
		eventStep(700, 1, 1, "failed", "dialing", "waiting"),
		{T: 800, Conn: &Conn{Client: 1, Gen: 1, Accepted: 30, Ended: 650, Status: 503, By: "server"}},
		dialStep(10_000, 2, 1), // under way at the end
	} {
		v.Add(rec)
	}
	got := v.Close()
	require.NotNil(t, got)
	assert.Equal(t, &Agreement{Clients: 2, Agree: 2, Dials: 2, Connections: 2, OpenedOwn: 1, OpenedWire: 1, ApartP50: 100, ApartMax: 100}, got.Agreement)
	assert.True(t, got.Agreement.Agrees())
	assert.EqualValues(t, 2, got.Connections)
	assert.EqualValues(t, 1, got.Opened)
	assert.EqualValues(t, 2, got.Up)
	assert.EqualValues(t, 3, got.Down)
	assert.Equal(t, []WireEnd{{By: "server", Status: 503, N: 1}, {By: "server", Code: 1012, Closer: "server", N: 1}}, got.Ends)
}

// TestViewsDisagree: a dial that the wire never had, one that the client does not know, one
// that only one of them saw open, and times that are too far apart.
func TestViewsDisagree(t *testing.T) {
	for name, recs := range map[string][]Record{
		"never on the wire":   {dialStep(10, 0, 2), eventStep(20, 0, 2, "failed", "dialing", "waiting")},
		"not of the client":   {{T: 30, Conn: &Conn{Client: 0, Gen: 3, Accepted: 20, Ended: 25}}},
		"open to one of them": {dialStep(10, 0, 2), {T: 30, Conn: &Conn{Client: 0, Gen: 2, Accepted: 20, Opened: 22, Ended: 25}}},
		"too far apart": {
			dialStep(10, 0, 2), eventStep(6e6, 0, 2, "opened", "dialing", "proving"),
			{T: 9e6, Conn: &Conn{Client: 0, Gen: 2, Accepted: 20, Opened: 22}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := newViews(&Run{Clients: 1})
			for _, rec := range recs {
				v.Add(rec)
			}
			v.Add(Record{T: 1e7, Conn: &Conn{Client: -1}}) // so that the wire has told of something
			assert.False(t, v.Close().Agreement.Agrees())
		})
	}
}

// TestViewsFromTheWireAlone: clients that are not ours have no view to be held against.
func TestViewsFromTheWireAlone(t *testing.T) {
	v := newViews(&Run{Clients: 1, Seen: FromWire})
	assert.Nil(t, v.Close())
	v.Add(Record{T: 30, Conn: &Conn{Client: 0, Accepted: 20, Opened: 22, Ended: 25, By: "client", Guessed: true}})
	got := v.Close()
	assert.Nil(t, got.Agreement)
	assert.EqualValues(t, 1, got.Guessed)
}

// TestViewsForget: dials that the wire never tells of do not pile up, and count.
func TestViewsForget(t *testing.T) {
	v := newViews(&Run{Clients: 1})
	for gen := range uint32(1000) {
		v.Add(dialStep(int64(gen), 0, gen+1))
		v.Add(eventStep(int64(gen), 0, gen+1, "failed", "dialing", "waiting"))
	}
	assert.LessOrEqual(t, len(v.pending), forgetAfter)
	v.Add(Record{T: 2000, Conn: &Conn{Client: -1}})
	assert.EqualValues(t, 1000, v.Close().Agreement.Dials)
}
