package toxi_test

import (
	"errors"
	"net"
	"sync"
	"testing"

	stock "github.com/Shopify/toxiproxy/v2"
	stockclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos/toxi"
)

// A request that found a proxy just before it was deleted brings nothing of it back: a
// listener that no name leads to could never be closed.
func TestADeletedProxyStaysGone(t *testing.T) {
	s := toxi.NewServer(toxi.Options{})
	p, err := stockclient.NewClient(serve(t, s)).CreateProxy("blue", "127.0.0.1:0", "127.0.0.1:1")
	require.NoError(t, err)
	found, err := s.Find("blue")
	require.NoError(t, err)
	require.NoError(t, p.Delete())
	for what, err := range map[string]error{
		"reset": found.Enable(), "update": found.Update(true), "toxic": found.Post(`{"type":"partition"}`),
	} {
		require.ErrorIs(t, err, stock.ErrProxyNotFound, what)
	}
	l, err := net.Listen("tcp", p.Listen)
	require.NoError(t, err, "nobody listens there")
	require.NoError(t, l.Close())
}

// Whoever edits one proxy at the same time as others leaves it whole or gone.
func TestEditsOfOneProxyAtOnce(t *testing.T) {
	c := stockclient.NewClient(serve(t, toxi.NewServer(toxi.Options{})))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	listen := l.Addr().String()
	require.NoError(t, l.Close())
	var all sync.WaitGroup
	var mu sync.Mutex
	var bad []error
	for range 8 {
		all.Go(func() {
			for range 15 {
				_, err := c.Populate([]stockclient.Proxy{{Name: "blue", Listen: listen, Upstream: "127.0.0.1:1", Enabled: true}})
				if p, e := c.Proxy("blue"); e == nil {
					_ = p.Disable()
					_ = p.Enable()
					_ = p.Delete()
				}
				if e := c.ResetState(); e != nil {
					err = errors.Join(err, e)
				}
				if api, ok := errors.AsType[*stockclient.ApiError](err); ok && api.Status == 404 {
					mu.Lock()
					bad = append(bad, err)
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	assert.Empty(t, bad)
	if p, err := c.Proxy("blue"); err == nil {
		require.NoError(t, p.Delete())
	}
	l, err = net.Listen("tcp", listen)
	require.NoError(t, err, "nobody listens there")
	require.NoError(t, l.Close())
}
