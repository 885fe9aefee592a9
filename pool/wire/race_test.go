package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/memnet"
	"github.com/wsheal/wsheal/pool/heal"
)

// road is what happens to whoever dials an address.
type road struct {
	takes time.Duration // before it answers
	err   error         // nil: it connects
	deaf  bool          // it does not hear that it was given up
}

// roads is a network of them, with a log.
type roads struct {
	to     map[string]road
	net    memnet.Network
	start  time.Time
	mu     sync.Mutex
	begun  []string
	at     []time.Duration
	opened []net.Conn
}

func (r *roads) dial(ctx context.Context, _, address string) (net.Conn, error) {
	way := r.to[address]
	r.mu.Lock()
	r.begun, r.at = append(r.begun, address), append(r.at, time.Since(r.start))
	r.mu.Unlock()
	if way.deaf {
		ctx = context.Background()
	}
	select {
	case <-time.After(way.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if way.err != nil {
		return nil, way.err
	}
	c, err := r.net.DialContext(ctx, "tcp", "server:80")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened = append(r.opened, c)
	return c, err
}

const never = time.Hour

func TestRace(t *testing.T) {
	refusal := errors.New("refused")
	for name, test := range map[string]struct {
		addresses []string
		to        map[string]road
		begun     []string
		at        []time.Duration
		took      time.Duration
		err       error
	}{
		"one address": {
			addresses: []string{"10.0.0.1"}, to: map[string]road{"10.0.0.1:80": {takes: time.Second}},
			begun: []string{"10.0.0.1:80"}, at: []time.Duration{0}, took: time.Second,
		},
		"the first swallows everything": {
			addresses: []string{"10.0.0.1", "10.0.0.2"},
			to:        map[string]road{"10.0.0.1:80": {takes: never}, "10.0.0.2:80": {takes: 10 * time.Millisecond}},
			begun:     []string{"10.0.0.1:80", "10.0.0.2:80"}, at: []time.Duration{0, 250 * time.Millisecond}, took: 260 * time.Millisecond,
		},
		"the first refuses": {
			addresses: []string{"10.0.0.1", "10.0.0.2"},
			to:        map[string]road{"10.0.0.1:80": {takes: 10 * time.Millisecond, err: refusal}, "10.0.0.2:80": {}},
			begun:     []string{"10.0.0.1:80", "10.0.0.2:80"}, at: []time.Duration{0, 10 * time.Millisecond}, took: 10 * time.Millisecond,
		},
		"the first is slow and still wins": {
			addresses: []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"},
			to:        map[string]road{"10.0.0.1:80": {takes: 300 * time.Millisecond}, "10.0.0.2:80": {takes: never}},
			begun:     []string{"10.0.0.1:80", "10.0.0.2:80"}, at: []time.Duration{0, 250 * time.Millisecond}, took: 300 * time.Millisecond,
		},
		"a loser that is deaf is closed": {
			addresses: []string{"10.0.0.1", "10.0.0.2"},
			to:        map[string]road{"10.0.0.1:80": {takes: time.Minute, deaf: true}, "10.0.0.2:80": {}},
			begun:     []string{"10.0.0.1:80", "10.0.0.2:80"}, at: []time.Duration{0, 250 * time.Millisecond}, took: 250 * time.Millisecond,
		},
		"families take turns": {
			addresses: []string{"::1", "::2", "::ffff:10.0.0.1", "10.0.0.1", "::2"},
			to:        map[string]road{"[::1]:80": {takes: never}, "10.0.0.1:80": {takes: never}, "[::2]:80": {}},
			begun:     []string{"[::1]:80", "10.0.0.1:80", "[::2]:80"}, at: []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond},
			took: 500 * time.Millisecond,
		},
		"all refuse": {
			addresses: []string{"10.0.0.1", "10.0.0.2"},
			to:        map[string]road{"10.0.0.1:80": {err: refusal}, "10.0.0.2:80": {takes: time.Second, err: errors.New("another")}},
			begun:     []string{"10.0.0.1:80", "10.0.0.2:80"}, at: []time.Duration{0, 0}, took: time.Second, err: refusal,
		},
		"all swallow": {
			addresses: []string{"10.0.0.1", "10.0.0.2"},
			to:        map[string]road{"10.0.0.1:80": {takes: never, deaf: true}, "10.0.0.2:80": {takes: never}},
			begun:     []string{"10.0.0.1:80", "10.0.0.2:80"}, at: []time.Duration{0, 250 * time.Millisecond},
			took: time.Minute, err: context.DeadlineExceeded,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &roads{to: test.to, start: time.Now()}
				l, err := r.net.Listen("server:80")
				require.NoError(t, err)
				defer l.Close()
				var addresses []netip.Addr
				for _, a := range test.addresses {
					addresses = append(addresses, netip.MustParseAddr(a))
				}
				d := &Dialer{DialContext: r.dial, Resolve: func(_ context.Context, host string) ([]netip.Addr, error) {
					assert.Equal(t, "service.test", host)
					return addresses, nil
				}}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				c, err := d.connect(ctx, "service.test:80")
				assert.Equal(t, test.took, time.Since(r.start))
				if test.err != nil {
					assert.ErrorIs(t, err, test.err)
				} else if assert.NoError(t, err) {
					_, err = c.Write([]byte("it is open"))
					assert.NoError(t, err)
					c.Close()
				}
				time.Sleep(2 * never) // until the losers have ended
				r.mu.Lock()
				defer r.mu.Unlock()
				assert.Equal(t, test.begun, r.begun)
				assert.Equal(t, test.at, r.at)
				for _, c := range r.opened {
					_, err := c.Write([]byte("x"))
					assert.ErrorIs(t, err, net.ErrClosed, "losers are closed")
				}
			})
		})
	}
}

func TestNamesThatDoNotResolve(t *testing.T) {
	for name, d := range map[string]*Dialer{
		"no addresses": {Resolve: func(context.Context, string) ([]netip.Addr, error) { return nil, nil }},
		"an error": {Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return nil, &net.DNSError{Err: "server misbehaving", Name: "nowhere.test"}
		}},
		"by whoever dials": {DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}
		}},
	} {
		assert.Equal(t, heal.DNS, refused(t, t.Context(), d, Request{URL: "ws://nowhere.test"}).Cause, name)
	}
}
