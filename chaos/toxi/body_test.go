package toxi_test

import (
	"strings"
	"testing"

	stockclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos/toxi"
)

// A list of many proxies is read, also when it is megabytes, and what no list of proxies is
// is refused before it fills the memory.
func TestLargeBodies(t *testing.T) {
	c := stockclient.NewClient(serve(t, toxi.NewServer(toxi.Options{})))
	many := make([]stockclient.Proxy, 3)
	for i := range many {
		many[i] = stockclient.Proxy{Name: strings.Repeat("x", i+1), Upstream: "127.0.0.1:" + strings.Repeat("0", 1<<20) + "1"}
	}
	list, err := c.Populate(many)
	require.NoError(t, err)
	assert.Len(t, list, len(many))
	_, err = c.CreateProxy(strings.Repeat("x", 16<<20), "", "127.0.0.1:1")
	require.EqualError(t, err, "Create: HTTP 400: bad request body: http: request body too large")
}
