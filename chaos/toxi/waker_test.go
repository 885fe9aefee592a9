package toxi

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// ends says after which time the lane is ended, and by which deed.
func (x *tapped) ends() (time.Duration, string) {
	began := time.Now()
	if end := x.get(); end != "end" {
		return 0, end
	}
	o := x.p.past["timed"]
	e := o.evidence()
	switch {
	case e.Resets > 0:
		return time.Since(began), "rst"
	case e.Counts["fins"] > 0:
		return time.Since(began), "fin"
	}
	return time.Since(began), ""
}

// closes gives the connection sockets that can be closed. It is as old as it is said to be.
func (x *tapped) closes(age time.Duration) {
	x.p.accepted.Store(1)
	x.lane.conn.opened = time.Now().Add(-age)
	x.lane.conn.client.endpoint = &mortal{}
	x.lane.conn.server.endpoint = &mortal{}
	x.lane.conn.parts.Store(4)
	x.lane.out.to = x.lane.conn.client
}

// mortal is a socket that can be closed.
type mortal struct{ nowhere }

func (*mortal) SetLinger(int) error { return nil }
func (*mortal) CloseWrite() error   { return nil }
func (*mortal) Close() error        { return nil }

// A connection's time is up to the instant, however much crosses in between.
func TestLifetimeIsExact(t *testing.T) {
	for then, attributes := range map[string]string{
		"rst": `{"after":3000000000}`, "fin": `{"after":3000000000,"then":"fin"}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			x := tapLane(t)
			x.closes(time.Hour)
			o := x.add("timed", "lifetime", attributes)
			began := time.Now()
			for range 29 {
				time.Sleep(100 * time.Millisecond)
				x.put("x")
				assert.Equal(t, "x", x.get())
			}
			_, how := x.ends()
			assert.Equal(t, 3*time.Second, time.Since(began))
			assert.Equal(t, then, how)
			close(x.in)
			x.p.ends.Wait()
			assert.EqualValues(t, 1, o.evidence().Counts["ended"])
			time.Sleep(lingerTime) // of the FIN
		})
	}
}

// Counted from the opening, what is left of it counts.
func TestLifetimeFromTheOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.closes(2 * time.Second)
		x.add("timed", "lifetime", `{"after":3000000000,"since":"opening"}`)
		after, how := x.ends()
		assert.Equal(t, time.Second, after)
		assert.Equal(t, "rst", how)
		close(x.in)
		x.p.ends.Wait()
	})
}

// What counts keeps a connection, and nothing else does: it is dropped after so long to the
// instant.
func TestIdleIsExact(t *testing.T) {
	const text, ping = "\x81\x01x", "\x89\x00"
	for _, c := range []struct {
		attributes, crosses string
		dropped             time.Duration // after the last of five that cross, one each 600 ms
	}{
		{`{"idle":1000000000,"then":"rst"}`, text, time.Second},
		{`{"idle":1000000000,"then":"rst"}`, ping, time.Second},
		{`{"idle":1000000000,"then":"fin","count_pings":false}`, text, time.Second},
		{`{"idle":4000000000,"then":"rst","count_pings":false}`, ping, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			x := tapLane(t)
			x.closes(time.Hour)
			x.lane.frames.phase = inFrames
			x.add("timed", "idle_drop", c.attributes)
			for range 5 {
				time.Sleep(600 * time.Millisecond)
				x.put(c.crosses)
				assert.Equal(t, c.crosses, x.get())
			}
			after, how := x.ends()
			assert.Equal(t, c.dropped, after, c.attributes)
			assert.NotEmpty(t, how)
			close(x.in)
			x.p.ends.Wait()
			time.Sleep(lingerTime) // of the FIN
		})
	}
}
