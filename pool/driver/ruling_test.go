package driver

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// issuer is a server's list of credentials, and the fetching of them.
type issuer struct {
	mu       sync.Mutex
	accepted string // the token that is accepted
	calls    list[uint64]
	rejected list[uint64]
	fail     error
}

func (x *issuer) accept(token string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.accepted = token
}

// fetch hands out token vN, N counting up with each rejection.
func (x *issuer) fetch(_ context.Context, a Attempt, rejected *Credentials) (Credentials, error) {
	version := uint64(1)
	if rejected != nil {
		time.Sleep(time.Second)
		version = rejected.Version + 1
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if rejected != nil {
		x.rejected.add(rejected.Version)
	}
	x.calls.add(version)
	return Credentials{Version: version, Header: http.Header{"Token": {"v" + string(rune('0'+version))}}}, x.fail
}

// guard upgrades who has the right token, and echoes.
func (x *issuer) guard(c *served) {
	token := ""
	u := ws.Upgrader{
		OnHeader: func(key, value []byte) error {
			if string(key) == "Token" {
				token = string(value)
			}
			return nil
		},
		OnBeforeUpgrade: func() (ws.HandshakeHeader, error) {
			x.mu.Lock()
			defer x.mu.Unlock()
			if token != x.accepted {
				return nil, ws.RejectConnectionError(ws.RejectionStatus(401))
			}
			return nil, nil
		},
	}
	if _, err := u.Upgrade(c.Conn); err == nil {
		c.echo()
	}
}

// TestRejectedCredentialsAreRefreshedOnce for all who were rejected with them.
func TestRejectedCredentialsAreRefreshedOnce(t *testing.T) {
	x := issuer{accepted: "v2"}
	inWorld(t, func(o *Options) {
		o.Shared = &Shared{ResolveEvery: -1}
		o.Clients, o.Credentials = 20, x.fetch
		o.Policy.Backoff = heal.Backoff{Base: 10 * time.Second, Jitter: heal.Full} // some while it is fetched, some after
	}, func(w *world) {
		w.server.behave(x.guard)
		for i := range 20 {
			w.fleet.Start(i)
		}
		time.Sleep(time.Minute)
		assert.Equal(w, 20, w.fleet.Snapshot().Usable())
		assert.Equal(w, []uint64{1}, x.rejected.all(), "one refresh for twenty rejections")
		assert.EqualValues(w, 40, w.fleet.Snapshot().Dials)
	})
}

// TestAloneRefreshesItsOwn: what others were given is not theirs.
func TestAloneRefreshesItsOwn(t *testing.T) {
	x := issuer{accepted: "v2"}
	inWorld(t, func(o *Options) { o.Clients, o.Credentials = 20, x.fetch }, func(w *world) {
		w.server.behave(x.guard)
		for i := range 20 {
			w.fleet.Start(i)
		}
		time.Sleep(time.Minute)
		assert.Equal(w, 20, w.fleet.Snapshot().Usable())
		assert.Equal(w, slices.Repeat([]uint64{1}, 20), x.rejected.all())
	})
}

func TestNewCredentialsThatAreRejectedAreTheEnd(t *testing.T) {
	x := issuer{accepted: "none"}
	inWorld(t, func(o *Options) { o.Credentials = x.fetch }, func(w *world) {
		w.server.behave(x.guard)
		w.fleet.Start(0)
		time.Sleep(time.Hour)
		assert.Equal(w, heal.GaveUp, w.fleet.Client(0).Phase)
		assert.Equal(w, []uint64{1, 2}, x.calls.all())
		x.accept("v3")
		w.fleet.Start(0)
		time.Sleep(time.Minute)
		assert.Equal(w, 1, w.fleet.Snapshot().Usable(), "the way back: with yet newer ones")
	})
}

func TestNoCredentialsNoDial(t *testing.T) {
	none := errors.New("the issuer is down")
	x := issuer{fail: none}
	inWorld(t, func(o *Options) { o.Credentials = x.fetch }, func(w *world) {
		w.fleet.Start(0)
		synctest.Wait()
		failed := w.log.steps(heal.Failed)
		require.Len(w, failed, 1)
		assert.Equal(w, heal.Credentials, failed[0].Step.Cause)
		require.ErrorIs(w, failed[0].Err, none)
		assert.Empty(w, w.server.conns())
	})
}

// TestCredentialsAreBoundByTheAttempt, even if their source is deaf to its context.
func TestCredentialsAreBoundByTheAttempt(t *testing.T) {
	var gate chan struct{}
	inWorld(t, func(o *Options) {
		gate = make(chan struct{})
		o.Credentials = func(context.Context, Attempt, *Credentials) (Credentials, error) {
			<-gate
			return Credentials{}, nil
		}
	}, func(w *world) {
		w.fleet.Start(0)
		time.Sleep(patient().HandshakeTimeout)
		synctest.Wait()
		failed := w.log.steps(heal.Failed)
		require.Len(w, failed, 1)
		assert.Equal(w, heal.Credentials, failed[0].Step.Cause)
		close(gate)
	})
}

// TestTheUserHasASay in what ends ask for.
func TestTheUserHasASay(t *testing.T) {
	var ends list[End]
	inWorld(t, func(o *Options) {
		o.Judge = func(e End) Ruling {
			ends.add(e)
			if e.Opened {
				return Ruling{Verdict: heal.Pointless}
			}
			return Ruling{Verdict: heal.Throttled, RetryAfter: time.Minute}
		}
	}, func(w *world) {
		w.server.behave(func(c *served) {
			_, _ = ws.Upgrader{OnRequest: func([]byte) error {
				return ws.RejectConnectionError(ws.RejectionStatus(404))
			}}.Upgrade(c.Conn)
		})
		w.fleet.Start(0)
		synctest.Wait()
		require.Len(w, ends.all(), 1)
		assert.Equal(w, heal.Status, ends.all()[0].Cause)
		assert.Equal(w, uint16(404), ends.all()[0].Code)
		assert.Equal(w, "a", ends.all()[0].Endpoint.Name)
		require.Error(w, ends.all()[0].Err)
		w.server.behave(nil)
		time.Sleep(time.Minute - time.Millisecond)
		assert.Len(w, w.log.dials(), 1, "not before a minute")
		time.Sleep(time.Minute)
		require.Equal(w, 1, w.fleet.Snapshot().Usable())

		w.server.last().write(ws.NewCloseFrame(ws.NewCloseFrameBody(4999, "go away")))
		synctest.Wait()
		require.Len(w, ends.all(), 2)
		assert.Equal(w, End{
			Gen: 2, Endpoint: w.opt.Endpoints[0], Opened: true,
			Cause: heal.CloseFrame, Code: 4999, Reason: "go away",
		}, ends.all()[1])
		assert.Equal(w, heal.GaveUp, w.fleet.Client(0).Phase)
	})
}

// TestJudgeIsNotAskedAboutWhatWeEnd ourselves.
func TestJudgeIsNotAskedAboutWhatWeEnd(t *testing.T) {
	inWorld(t, func(o *Options) {
		o.Judge = func(e End) Ruling {
			t.Errorf("asked about %+v", e)
			return Ruling{}
		}
	}, func(w *world) {
		w.settled()
		w.fleet.Move(0)
		time.Sleep(time.Minute)
		w.fleet.Remove(0)
		synctest.Wait()
	})
}

// TestAWindowOfTheServersIsKept: the client does not come back before its draw from it.
func TestAWindowOfTheServersIsKept(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.settled()
		w.fleet.Window(0, 2*time.Minute)
		w.server.last().mem().Reset()
		synctest.Wait()
		lost := w.log.steps(heal.Lost)
		require.Len(w, lost, 1)
		assert.Equal(w, 2*time.Minute, lost[0].Step.Within)
		time.Sleep(3 * time.Minute)
		require.Equal(w, 1, w.fleet.Snapshot().Usable())
		w.server.last().mem().Reset()
		synctest.Wait()
		assert.Zero(w, w.log.steps(heal.Lost)[1].Step.Within, "once")
	})
}
