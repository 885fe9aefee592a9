package pool

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// both makes a the better of two endpoints.
func both(c *Config) {
	c.Endpoints = []Endpoint{{Name: "a", URL: "ws://a:80/chat"}, {Name: "b", URL: "ws://b:80/chat", Priority: 1}}
}

func TestFailoverAndBack(t *testing.T) {
	inWorld(t, both, func(w *world) {
		assert.Len(w, w.a.open(), 2)
		w.a.down()
		_, err := w.pool.Request(w.within(30*time.Second), text("req 1"))
		require.NoError(w, err)
		time.Sleep(30 * time.Second)
		assert.Len(w, w.b.open(), 2)
		changed := of(EndpointChanged, w.events()) // that a was healthy at first may be among them
		ejected := slices.IndexFunc(changed, func(ev Event) bool { return ev.Health == crowd.Ejected })
		require.GreaterOrEqual(w, ejected, 0)
		assert.Equal(w, "a@10.0.0.1:80", changed[ejected].Endpoint)
		w.a.up(w.net, "10.0.0.1:80")
		for range 30 {
			time.Sleep(time.Minute)
			_, err := w.pool.Request(w.within(time.Second), text("req 2"))
			require.NoError(w, err, "nobody notices")
		}
		assert.Len(w, w.a.open(), 2, "the better one is used again")
		assert.Empty(w, w.b.open())
		assert.Empty(w, of(Lost, w.events()), "the move back loses nothing")
	})
}

// TestAccepted101IsNotAConnection: a server that upgrades and then says nothing never
// counts as ready.
func TestAccepted101IsNotAConnection(t *testing.T) {
	inQuietWorld(t, nil, func(w *world) {
		w.a.behave(mute)
		_, err := Open(w.within(time.Minute), w.config)
		require.ErrorIs(w, err, ErrNoConnection)
		var f *Failure
		require.ErrorAs(w, err, &f)
		assert.Equal(w, heal.Unproved, f.Cause)
	})
}

// mute upgrades, and answers nothing then, not even pings.
func mute(c *served) {
	if _, err := ws.Upgrade(c.Conn); err == nil {
		_, _ = io.Copy(io.Discard, c.Conn)
	}
}

func TestA101AloneNeitherResetsTheBackoffNorCountsAsHealth(t *testing.T) {
	inQuietWorld(t, both, func(w *world) {
		w.a.behave(mute)
		w.config.Min, w.config.Max, w.config.MinReady = 1, 1, -1
		w.config.Endpoints = w.config.Endpoints[:1]
		w.open()
		time.Sleep(5 * time.Minute)
		attempts := of(Attempted, w.events())
		require.Greater(w, len(attempts), 6)
		for i, ev := range attempts {
			assert.Equal(w, heal.Unproved, ev.Failure.Cause)
			if i > 5 { // ProveTimeout, and the upper half of Backoff.Cap
				assert.GreaterOrEqual(w, ev.At.Sub(attempts[i-1].At), w.config.Policy.ProveTimeout+w.config.Policy.Backoff.Cap/2)
			}
		}
		assert.Empty(w, of(Lost, w.events()))
	})
	inQuietWorld(t, both, func(w *world) {
		w.a.behave(mute)
		w.config.MinReady = -1
		w.open()
		time.Sleep(30 * time.Second)
		assert.Empty(w, w.a.open())
		assert.Equal(w, 2, w.pool.Snapshot().Usable)
		var ejected []string
		for _, ev := range of(EndpointChanged, w.events()) {
			if ev.Health == crowd.Ejected {
				ejected = append(ejected, ev.Endpoint)
			}
		}
		assert.Equal(w, []string{"a@10.0.0.1:80"}, ejected)
	})
}

func TestValidateRefusesTheWrongServer(t *testing.T) {
	inWorld(t, func(c *Config) {
		both(c)
		c.Policy.CheckEvery = time.Minute
		c.Validate = func(ctx context.Context, x Exchange) error {
			if err := x.Send(ctx, text("req who")); err != nil {
				return err
			}
			m, err := x.Receive(ctx, func(m Message) bool { return string(m.Payload) == "res who" || string(m.Payload) == "not me" })
			if err == nil && string(m.Payload) == "not me" {
				err = errors.New("the wrong server")
			}
			return err
		}
	}, func(w *world) {
		w.a.first(func(c *served, _ string) bool { c.say("not me"); return true })
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		assert.Len(w, w.b.open(), 2, "found by the check, and left")
		lost := of(Lost, w.events())
		require.NotEmpty(w, lost)
		assert.Equal(w, heal.Invalid, lost[0].Cause())
		assert.ErrorContains(w, lost[0].Failure, "the wrong server")
	})
}

func TestCredentialsAreRefreshedOnceForAll(t *testing.T) {
	version, refreshes := uint64(1), 0
	inWorld(t, func(c *Config) {
		c.Min, c.Max, c.MinReady = 8, 8, 8
		c.Header = http.Header{"X-App": {"test"}}
		c.Credentials = func(_ context.Context, _ Attempt, rejected *Credentials) (Credentials, error) {
			if rejected != nil {
				refreshes++
				version = rejected.Version + 1
			}
			return Credentials{Header: http.Header{"Authorization": {string(rune('0' + version))}}, Version: version}, nil
		}
	}, func(w *world) {
		w.a.behave(func(c *served) {
			ok := 0
			u := ws.Upgrader{
				OnHeader: func(key, value []byte) error {
					if string(key) == "Authorization" && string(value) == "2" || string(key) == "X-App" && string(value) == "test" {
						ok++
					}
					return nil
				},
				OnBeforeUpgrade: func() (ws.HandshakeHeader, error) {
					if ok < 2 {
						return nil, ws.RejectConnectionError(ws.RejectionStatus(401))
					}
					return nil, nil
				},
			}
			if _, err := u.Upgrade(c.Conn); err == nil {
				c.listen()
			}
		})
		for _, c := range w.a.open() {
			c.reset()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(w, 8, w.pool.Snapshot().Usable)
		assert.Equal(w, 1, refreshes)
		assert.Empty(w, of(GaveUp, w.events()))
	})
}

// TestServerGoesAway as planned: the connections come back, and what was queued is sent.
func TestServerGoesAway(t *testing.T) {
	for _, code := range []ws.StatusCode{1001, 1012} {
		inWorld(t, nil, func(w *world) {
			for _, c := range w.a.open() {
				c.write(ws.NewCloseFrame(ws.NewCloseFrameBody(code, "")))
			}
			synctest.Wait()
			r, err := w.pool.Send(w.within(time.Minute), text("req 1"))
			require.NoError(w, err)
			assert.Equal(w, Acked, w.outcome(r))
			time.Sleep(time.Minute)
			assert.Equal(w, 2, w.pool.Snapshot().Usable)
			lost := of(Lost, w.events())
			require.Len(w, lost, 2)
			assert.Equal(w, uint16(code), lost[0].Failure.Code)
		})
	}
}

func TestSetEndpoints(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		require.Error(w, w.pool.SetEndpoints([]Endpoint{{URL: "http://x"}}))
		require.NoError(w, w.pool.SetEndpoints([]Endpoint{{Name: "b", URL: "ws://10.0.0.2:80/chat"}}))
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		assert.Empty(w, w.a.open())
		assert.Len(w, w.b.open(), 2)
		assert.Empty(w, of(Lost, w.events()))
	})
}

func TestRenewReplacesEveryConnection(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.pool.Renew()
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Len(w, w.a.all(), 4)
		assert.Len(w, w.a.open(), 2)
		events := w.events()
		assert.Len(w, of(Moved, events), 2)
		assert.Empty(w, of(Lost, events))
		assert.Equal(w, uint64(2), w.pool.Snapshot().Totals.Moved)
	})
}

// TestRenewFinishesWhatIsInFlight on the old connection.
func TestRenewFinishesWhatIsInFlight(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.mute()
		r, err := w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		synctest.Wait()
		old := w.a.heard("req 1")
		w.a.first(nil)
		w.pool.Renew()
		time.Sleep(5 * time.Second)
		assert.Len(w, of(Moved, w.events()), 2)
		assert.Len(w, w.a.open(), 3, "it is waited for")
		old.say("res 1")
		time.Sleep(time.Second)
		assert.Equal(w, Acked, r.Outcome())
		assert.Len(w, w.a.open(), 2)
	})
}

// TestSlowEndpointsGetLess: a connection to a degraded endpoint is taken half as often.
func TestSlowEndpointsGetLess(t *testing.T) {
	p := &Pool{health: map[string]crowd.Health{"slow": crowd.Degraded}}
	p.picker.Balance = crowd.LeastConnections
	for _, name := range []string{"fast", "slow"} {
		s := newSlot(0)
		s.endpoint = name
		p.fit = append(p.fit, s)
	}
	got := map[string]int{}
	for range 300 {
		s := p.pick()
		s.flights.add(new(flight))
		got[s.endpoint]++
	}
	assert.InDelta(t, 200, got["fast"], 1)
}

func TestABadCertificateAndNowhereElseToGoGivesUp(t *testing.T) {
	forged := func(context.Context, string, string) (net.Conn, error) {
		return nil, &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	}
	inQuietWorld(t, nil, func(w *world) {
		w.config.DialContext = forged
		began := time.Now()
		_, err := Open(w.within(time.Minute), w.config)
		require.ErrorIs(w, err, ErrGaveUp)
		var f *Failure
		require.ErrorAs(w, err, &f)
		assert.Equal(w, heal.TLS, f.Cause)
		assert.Zero(w, time.Since(began))
	})
	inQuietWorld(t, both, func(w *world) {
		w.config.DialContext, w.config.MinReady = forged, -1
		w.open()
		require.NoError(w, w.pool.SetEndpoints(w.config.Endpoints[:1]))
		time.Sleep(time.Minute)
		assert.NotEmpty(w, of(GaveUp, w.events()), "there was another one")
	})
	inQuietWorld(t, both, func(w *world) {
		w.config.DialContext = forged
		_, err := Open(w.within(time.Minute), w.config)
		require.ErrorIs(w, err, ErrNoConnection, "the other one may have a good one")
		assert.NotErrorIs(w, err, ErrGaveUp)
	})
}
