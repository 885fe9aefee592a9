package toxi

import (
	"io"
	"testing"
	"testing/synctest"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const switched = "HTTP/1.1 101 Switching Protocols\r\n\r\n"

// spoken is a socket of which is read what the test says.
type spoken struct {
	endpoint
	said chan string
}

func (s spoken) Read(b []byte) (int, error) {
	text, ok := <-s.said
	if !ok {
		return 0, io.EOF
	}
	return copy(b, text), nil
}

// flowing is a down lane between a source and a sink, with a link that brings what it is
// given to the tap at once.
type flowing struct {
	*tapped
	said   chan string
	to     *stuck
	linked []string // what the link was given
}

// Write is the link's beginning.
func (x *flowing) Write(b []byte) (int, error) {
	x.linked = append(x.linked, string(b))
	return stream.NewChanWriter(x.in).Write(b)
}

// flowLane has room for so many bytes. Nothing has been said on it.
func flowLane(t *testing.T, room int) *flowing {
	x := &flowing{tapped: tapLane(t), said: make(chan string), to: &stuck{room: room, moved: make(chan struct{})}}
	c := x.lane.conn
	c.answered = make(chan struct{})
	x.p.accepted.Store(1)
	c.server = &side{endpoint: spoken{said: x.said}}
	x.lane.out.to, x.lane.out.from = &side{endpoint: x.to}, c.server
	x.p.ends.Add(2)
	go func() {
		_, err := (&source{c.server, x.lane}).WriteTo(x)
		assert.NoError(t, err)
		close(x.in)
	}()
	go func() {
		_, err := x.lane.out.ReadFrom(stream.NewChanReader(x.out))
		assert.NoError(t, err)
		assert.NoError(t, x.lane.out.Close())
	}()
	t.Cleanup(func() {
		x.p.clearAll()
		x.room(plenty)
		close(x.said)
		x.p.ends.Wait()
	})
	return x
}

// openLane is one on which the target has answered 101, and nothing else.
func openLane(t *testing.T, room int) *flowing {
	x := flowLane(t, len(switched)+room)
	x.say(switched)
	require.Equal(t, []string{switched}, x.linked)
	require.Equal(t, switched, x.to.has())
	x.linked = nil
	x.to.change(func() { x.to.got = nil })
	return x
}

func (x *flowing) say(chunks ...string) {
	for _, text := range chunks {
		x.said <- text
		synctest.Wait()
	}
}

// room makes room for more.
func (x *flowing) room(more int) {
	x.to.change(func() { x.to.room += more })
	synctest.Wait()
}

// plenty is room for all that is said.
const plenty = 1 << 20
