package heal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The server's own pings: the connection is killed when they have failed to come for
// exactly as long as they may.
func TestInvariant07UnpingedIsBounded(t *testing.T) {
	p := policyLike("default")
	p.ExpectPing = 25 * time.Second
	for _, heard := range []time.Duration{0, time.Second, 7 * time.Second, 24 * time.Second} {
		w := newWorld(t, p).reach(Ready)
		opened := w.live().opened
		for w.s.Phase.Usable() {
			next := max(w.now, w.due)
			if at := opened.Add(heard); w.now < at && at <= next && heard > 0 {
				w.live().evidence.Heard = at
			}
			w.byteAt(next) // never silent
			w.fire()
		}
		assert.Equal(t, Unpinged, w.s.Cause)
		assert.Equal(t, opened.Add(heard+p.ExpectPing), w.now, "heard after %v", heard)
	}
}

func TestInvariant17PongClock(t *testing.T) {
	const ms = time.Millisecond
	p := policyLike("default")
	p.WriteStall = 7 * time.Second
	for name, tt := range map[string]struct {
		happens func(w *world, after func(time.Duration))
		killed  time.Duration // after the ping was ordered
		cause   Cause
	}{
		"handed over at once": {func(*world, func(time.Duration)) {}, 3000 * ms, HalfOpen},
		"a driver that does not look": {
			func(w *world, _ func(time.Duration)) { w.blind = true }, 3000 * ms, HalfOpen,
		},
		"handed over late": {func(w *world, after func(time.Duration)) {
			w.live().stuck, w.live().evidence.Handed = true, 0
			after(5 * time.Second)
			w.unclog()
		}, 8000 * ms, HalfOpen},
		"handed over long before it would be a stall": {func(w *world, after func(time.Duration)) {
			w.live().stuck, w.live().evidence.Handed = true, 0
			after(3500 * ms)
			w.unclog()
		}, 6500 * ms, HalfOpen},
		"never handed over": {func(w *world, _ func(time.Duration)) {
			w.live().stuck, w.live().evidence.Handed = true, 0
		}, 7000 * ms, WriteStall},
		"never handed over, but bytes move for a while": {func(w *world, after func(time.Duration)) {
			w.live().stuck, w.live().evidence.Handed = true, 0
			for range 4 {
				after(6 * time.Second)
				w.writes()
			}
		}, 31000 * ms, WriteStall},
		"the peer takes what had to wait": {func(w *world, after func(time.Duration)) {
			for range 20 {
				after(2 * time.Second)
				w.drains()
			}
		}, 43000 * ms, HalfOpen},
		"messages go on, and the kernel takes them": {func(w *world, after func(time.Duration)) {
			for range 5 {
				after(500 * ms)
				w.writes()
			}
		}, 3000 * ms, HalfOpen},
		"frozen": {func(w *world, _ func(time.Duration)) { w.live().evidence.Path = PathFrozen }, 3000 * ms, Frozen},
		"dead":   {func(w *world, _ func(time.Duration)) { w.live().evidence.Path = PathDead }, 3000 * ms, HalfOpen},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, p).reach(Suspect)
			pinged := w.now
			tt.happens(w, func(d time.Duration) {
				until := w.now.Add(d)
				for w.due <= until {
					w.fire()
					require.Equal(t, Suspect, w.s.Phase)
				}
				w.now = until
			})
			for w.s.Phase == Suspect {
				w.fire()
			}
			assert.Equal(t, tt.killed, w.now.Sub(pinged))
			assert.Equal(t, tt.cause, w.s.Cause)
		})
	}
}

// A WriteStall of 0 is 10 s.
func TestInvariant17DefaultStall(t *testing.T) {
	w := newWorld(t, policyLike("default")).reach(Stable)
	w.clog()
	w.reach(Suspect)
	pinged := w.now
	for w.s.Phase == Suspect {
		w.fire()
	}
	assert.Equal(t, WriteStall, w.s.Cause)
	assert.Equal(t, 10*time.Second, w.now.Sub(pinged))
}

// The numbers of RFC 6298 section 2, worked out by hand.
func TestInvariant17MeasuredTimeout(t *testing.T) {
	p := Policy{PingTimeout: 3 * time.Second, PingTimeoutMin: 200 * time.Millisecond}
	var s State
	assert.Equal(t, 3*time.Second, p.PongTimeout(&s), "nothing is known")
	for _, tt := range []struct {
		rtt, timeout time.Duration
	}{
		{100 * time.Millisecond, 300 * time.Millisecond},    // srtt 100, rttvar 50
		{180 * time.Millisecond, 340 * time.Millisecond},    // rttvar 37.5+20 = 57.5, srtt 87.5+22.5 = 110
		{110 * time.Millisecond, 282500 * time.Microsecond}, // rttvar 43.125, srtt 110
		{0, 282500 * time.Microsecond},                      // none was measured
		{-time.Second, 282500 * time.Microsecond},
	} {
		s.sample(tt.rtt)
		assert.InDelta(t, tt.timeout, p.PongTimeout(&s), float64(5*time.Microsecond), "after %v", tt.rtt)
	}
	for range 100 {
		s.sample(time.Microsecond)
	}
	assert.Equal(t, p.PingTimeoutMin, p.PongTimeout(&s), "no shorter")
	for range 100 {
		s.sample(24 * time.Hour)
	}
	assert.Equal(t, p.PingTimeout, p.PongTimeout(&s), "no longer")
	p.PingTimeoutMin = 0
	s = State{SRTT: 1}
	assert.Equal(t, p.PingTimeout, p.PongTimeout(&s), "a policy that wants it fixed")
}

// What was measured outlives the connection, not the endpoint.
func TestInvariant17MeasuredPerEndpoint(t *testing.T) {
	p := everything()
	p.Shared, p.Endpoints = true, make([]Endpoint, 2)
	w := newWorld(t, p).reach(Proving)
	w.step(Event{Kind: Proved, Gen: 1, RTT: 40 * time.Millisecond})
	measured := w.s.SRTT
	require.Equal(t, uint32(40_000), measured)
	w.loses(Reset, 0)
	w.reach(Ready)
	assert.Equal(t, measured, w.s.SRTT, "the same endpoint again")

	w.reach(Moving)
	w.admits(1)
	w.step(Event{Kind: Proved, Gen: w.s.Live, RTT: 40 * time.Millisecond})
	assert.Equal(t, measured, w.s.SRTT, "still on the old connection")
	w.opens()
	w.step(Event{Kind: Proved, Gen: w.s.Gen, RTT: 2 * time.Millisecond})
	assert.Equal(t, uint32(2_000), w.s.SRTT, "another endpoint begins anew")

	w.reach(Moving)
	w.admits(0)
	w.fails(Refused, 0, 0)
	assert.Equal(t, uint32(2_000), w.s.SRTT, "it has not moved")
	assert.Equal(t, uint8(1), w.s.Endpoint)
	w.reach(Moving)
	w.admits(0)
	w.loses(Reset, 0)
	require.Equal(t, Dialing, w.s.Phase)
	assert.Zero(t, w.s.SRTT, "the reconnect goes elsewhere")
}

// Checks: each at least half of CheckEvery after the last, at most all of it.
func TestChecksAreSpaced(t *testing.T) {
	p := policyLike("default")
	p.CheckEvery = 8 * time.Second
	w := newWorld(t, p).reach(Ready)
	last := w.now
	for range 50 {
		for w.s.Phase != Checking {
			w.busy()
			w.fire()
		}
		assert.GreaterOrEqual(t, w.now.Sub(last), p.CheckEvery/2)
		assert.LessOrEqual(t, w.now.Sub(last), p.CheckEvery+time.Millisecond)
		w.pass(30 * time.Millisecond)
		w.checks()
		last = w.now
	}
}

func TestMoments(t *testing.T) {
	const day = Instant(24 * time.Hour)
	for _, now := range []Instant{0, 1, day, 49 * day, 50 * day, 1000 * day} {
		for _, ahead := range []time.Duration{0, 1, time.Millisecond, time.Second, 24 * time.Hour} {
			at := now.Add(ahead)
			got := momentOf(at).after(now)
			assert.True(t, at <= got && got < at.Add(time.Millisecond), "%v seen from %v: %v", at, now, got)
			assert.LessOrEqual(t, momentOf(at).after(at.Add(time.Hour)), at.Add(time.Hour), "passed an hour ago")
			assert.LessOrEqual(t, momentOf(at).after(at.Add(40*24*time.Hour)), at.Add(40*24*time.Hour), "passed long ago")
		}
	}
}
