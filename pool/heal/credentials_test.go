package heal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Refreshed once per rejection, then given up; the world holds which dials are fresh.
func TestInvariant18RefreshedOnce(t *testing.T) {
	for _, shared := range []bool{false, true} {
		p := policyLike("default")
		p.Refreshable, p.Shared = true, shared
		for _, code := range []uint16{401, 403} {
			w := newWorld(t, p).reach(Dialing)
			w.fails(Status, code, 0)
			require.Equal(t, Waiting, w.s.Phase, "a first time")
			w.stepTo(Stable)
			if shared {
				w.stepTo(Stable)
			}
			for range 5 { // the server is away meanwhile
				require.Equal(t, Dialing, w.s.Phase)
				w.fails(Refused, 0, 0)
				w.stepTo(Dialing)
				if shared {
					w.stepTo(Dialing)
				}
			}
			w.fails(Status, code, 0)
			require.Equal(t, GaveUp, w.s.Phase, "new ones, rejected as well")
		}
		for _, code := range []uint16{4401, 4403} {
			w := newWorld(t, p)
			for range 5 { // each time a connection was ready in between
				w.reach(Ready)
				w.loses(CloseFrame, code)
				require.Equal(t, Waiting, w.s.Phase)
			}
			w.reach(Proving)
			w.loses(CloseFrame, code)
			require.Equal(t, GaveUp, w.s.Phase)
		}
	}
}

// Without credentials that could be refreshed, a rejection is final.
func TestInvariant18NothingToRefresh(t *testing.T) {
	w := newWorld(t, policyLike("default")).reach(Dialing)
	w.fails(Status, 401, 0)
	assert.Equal(t, GaveUp, w.s.Phase)
	assert.False(t, one(w.start(), Dial).Fresh, "there are none")
}

// A service that gives no credentials is asked again and again, for new ones where the old
// ones were rejected.
func TestInvariant18NoneToBeHad(t *testing.T) {
	p := policyLike("default")
	p.Refreshable = true
	w := newWorld(t, p).reach(Dialing)
	for range 5 {
		w.fails(Credentials, 0, 0)
		require.False(t, one(w.fire(), Dial).Fresh)
	}
	w.fails(Status, 401, 0)
	for range 20 {
		require.True(t, one(w.fire(), Dial).Fresh)
		w.fails(Credentials, 0, 0)
		require.Equal(t, Waiting, w.s.Phase)
	}
	assert.GreaterOrEqual(t, w.s.Delay, 15*time.Second, "at the top of the backoff")
}

// The table of causes, cause by cause and code by code.
func TestTable(t *testing.T) {
	lone, many := policyLike("default"), policyLike("default")
	many.Endpoints, many.Refreshable = make([]Endpoint, 2), true
	for cause := None; int(cause) < len(causeNames); cause++ {
		for code := range uint16(5000) {
			e := end{cause: cause, code: code}
			ev := Event{Kind: Lost, Cause: cause, Code: code}
			for _, p := range []*Policy{&lone, &many} {
				v, wait := p.asks(ev)
				got := p.judge(e)
				if got.verdict != v || got.wait != wait {
					t.Fatalf("%v %d: %v, waits %v; not %v, %v", cause, code, got.verdict, got.wait, v, wait)
				}
			}
			if unheeding := (&Policy{}).judge(e); unheeding != (ruling{verdict: Retry}) {
				t.Fatalf("%v %d, not heeded: %+v", cause, code, unheeding)
			}
		}
	}
	assert.Equal(t, Reauth, many.judge(end{cause: Status, code: 401}).verdict)
	assert.Equal(t, Pointless, lone.judge(end{cause: Status, code: 401}).verdict)
	assert.Equal(t, Elsewhere, many.judge(end{cause: TLS}).verdict)
	assert.Equal(t, Pointless, lone.judge(end{cause: TLS}).verdict)
	assert.Equal(t, Elsewhere, many.judge(end{cause: Invalid}).verdict)
	assert.Equal(t, Retry, lone.judge(end{cause: Invalid}).verdict)
	pool := Policy{Heed: true, Shared: true}
	for _, only := range []bool{false, true} {
		assert.Equal(t, map[bool]Verdict{false: Elsewhere, true: Pointless}[only], pool.judge(end{cause: TLS, only: only}).verdict)
		assert.Equal(t, map[bool]Verdict{false: Elsewhere, true: Retry}[only], pool.judge(end{cause: Invalid, only: only}).verdict)
	}
	assert.Equal(t, stern, lone.judge(end{cause: CloseFrame, code: 1002}).pace)
	assert.Equal(t, slow, lone.judge(end{cause: DNS}).pace)
}

// The hook before the rules, the rules before the table, the first that fits; a hook also
// where nothing else is heeded.
func TestWhoSaysIt(t *testing.T) {
	p := policyLike("default")
	p.Rules = []Rule{{CloseFrame, 4000, 4009, Pointless}, {CloseFrame, 4000, 4999, Throttled}, {TLS, 0, 0, Retry}}
	for _, tt := range []struct {
		e    end
		want Verdict
	}{
		{end{cause: CloseFrame, code: 4000}, Pointless},
		{end{cause: CloseFrame, code: 4009}, Pointless},
		{end{cause: CloseFrame, code: 4010}, Throttled},
		{end{cause: CloseFrame, code: 4401}, Throttled},
		{end{cause: CloseFrame, code: 3999}, Retry},
		{end{cause: Status, code: 4000}, Retry},
		{end{cause: TLS}, Retry},
		{end{cause: TLS, code: 7}, Retry},
		{end{cause: TLS, hook: Planned}, Planned},
		{end{cause: CloseFrame, code: 4000, hook: Retry}, Retry},
	} {
		assert.Equal(t, tt.want, p.judge(tt.e).verdict, "%+v", tt.e)
	}
	p.Heed = false
	assert.Equal(t, Retry, p.judge(end{cause: CloseFrame, code: 4000}).verdict)
	assert.Equal(t, ruling{verdict: Planned, wait: true}, p.judge(end{cause: TLS, hook: Planned, within: 1}))
}

// Alone, the endpoint that will not do is left out of the next dial, and only of that.
func TestElsewhere(t *testing.T) {
	p := policyLike("default")
	p.Endpoints = []Endpoint{{0, 1}, {0, 1}, {0, 1}}
	again := 0
	for client := range uint64(300) {
		w := newWorld(t, p)
		w.r.Client = client
		w.reach(Dialing)
		bad := w.s.Endpoint
		w.fails(TLS, 0, 0)
		w.fire()
		require.NotEqual(t, bad, w.s.Endpoint)
		w.fails(Refused, 0, 0)
		w.fire()
		if w.s.Endpoint == bad {
			again++
		}
	}
	assert.InDelta(t, 100, again, 50)
}

// Fresh credentials that a move brought nobody answered to, for the server wanted to be left
// alone: they have not been rejected.
func TestInvariant18NobodyAnswered(t *testing.T) {
	p := policyLike("default")
	p.First, p.Refreshable = First{}, true
	for _, phase := range []Phase{Moving, Joining} {
		w := newWorld(t, p).reach(Moving)
		w.fails(Status, 401, 0)
		w.reach(phase)
		require.True(t, w.told.fresh)
		w.step(Event{Kind: Lost, Gen: w.s.Live, Cause: CloseFrame, Code: 4401, RetryAfter: time.Second})
		require.Equal(t, Waiting, w.s.Phase)
		assert.True(t, one(w.fire(), Dial).Fresh)
	}
}

// Nor have those that a move could not even get: the next loss is a first rejection.
func TestInvariant18NoneForAMove(t *testing.T) {
	p := policyLike("default")
	p.First, p.Refreshable = First{}, true
	w := newWorld(t, p).reach(Moving)
	w.fails(Status, 401, 0)
	w.reach(Moving)
	require.True(t, w.told.fresh)
	w.fails(Credentials, 0, 0)
	w.loses(CloseFrame, 4401)
	require.Equal(t, Waiting, w.s.Phase)
	assert.True(t, one(w.fire(), Dial).Fresh)
}
