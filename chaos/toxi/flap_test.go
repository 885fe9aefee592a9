package toxi

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Down 2 s, up 1 s, three times: what comes while it is down waits for the next edge, and
// after the last the fault is over.
func TestAFaultFlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		began := time.Now()
		o := x.add("f", "partition", `{"flap":{"up":1000000000,"down":2000000000,"cycles":3}}`)
		for _, c := range []struct{ put, got time.Duration }{{500, 2000}, {2500, 2500}, {3500, 5000}, {5500, 5500}, {6500, 8000}, {9500, 9500}} {
			time.Sleep(c.put*time.Millisecond - time.Since(began))
			synctest.Wait() // the edge is over
			x.put("x")
			assert.Equal(t, "x", x.get())
			assert.Equal(t, c.got*time.Millisecond, time.Since(began))
		}
		e := o.evidence()
		assert.EqualValues(t, 3, e.Counts["downs"])
		assert.EqualValues(t, 2, e.Counts["ups"])
		assert.Equal(t, int64(8*time.Second), e.Cleared-e.Armed)
		assert.EqualValues(t, 3, e.HeldChunks)
		assert.Zero(t, e.Leaked)
		assert.Empty(t, x.p.listed())
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}

// Cleared while it is lifted, it does not come back; nor when its time is up.
func TestAFlapEndsWithItsFault(t *testing.T) {
	for name, end := range map[string]func(*tapped){
		"cleared": func(x *tapped) { time.Sleep(2500 * time.Millisecond); x.p.remove("f") },
		"expired": func(*tapped) {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := tapLane(t)
				o := x.add("f", "partition", `{"for":2500000000,"flap":{"up":1000000000,"down":2000000000}}`)
				end(x)
				time.Sleep(time.Minute)
				x.put("x")
				assert.Equal(t, "x", x.get())
				e := o.evidence()
				assert.EqualValues(t, 1, e.Counts["downs"])
				assert.EqualValues(t, 1, e.Counts["ups"])
				assert.Equal(t, int64(2500*time.Millisecond), e.Cleared-e.Armed)
				close(x.in)
				assert.Equal(t, "end", x.get())
			})
		})
	}
}

// A latency that is lifted takes its part of the delay away, as one that is cleared does.
func TestALiftedLatencyDelaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.add("f", "latency", `{"delay":5000000000,"flap":{"up":1000000000,"down":2000000000}}`)
		began := time.Now()
		x.put("x")
		assert.Equal(t, "x", x.get())
		assert.Equal(t, 2*time.Second, time.Since(began))
		close(x.in)
		assert.Equal(t, "end", x.get())
	})
}

// Time in which an idle drop was lifted is not idle: nobody has looked.
func TestALiftedIdleDropLooksAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.closes(time.Hour)
		x.add("timed", "idle_drop", `{"idle":2000000000,"then":"rst","flap":{"up":10000000000,"down":3000000000}}`)
		began := time.Now()
		for range 12 { // a second each; silence from 12 s on
			x.put("x")
			assert.Equal(t, "x", x.get())
			time.Sleep(time.Second)
		}
		_, how := x.ends()
		assert.Equal(t, "rst", how)
		assert.Equal(t, 15*time.Second, time.Since(began), "2 s from its second coming at 13 s")
		close(x.in)
		x.p.ends.Wait()
	})
}

func TestFlapsAreRefusedByField(t *testing.T) {
	for body, want := range map[string]string{
		`{"type":"reset","attributes":{"flap":{"up":10000000,"down":10000000}}}`:      `bad request body: attribute "flap": reset happens once and is over`,
		`{"type":"partition","attributes":{"flap":{"up":1,"down":10000000}}}`:         `bad request body: attribute "flap": up 1ns is below 10ms`,
		`{"type":"reset_peer","attributes":{"flap":{"up":10000000,"down":10000000}}}`: `bad request body: attribute "flap": a toxic of Toxiproxy's own does not flap`,
	} {
		_, err := parseToxic([]byte(body))
		assert.EqualError(t, err, want, body)
	}
	_, err := parseToxic([]byte(`{"type":"partition","attributes":{"flap":{"upp":1}}}`))
	require.ErrorContains(t, err, `attribute "flap"`)
	require.ErrorContains(t, err, "expected up, down (ns) and cycles")
}
