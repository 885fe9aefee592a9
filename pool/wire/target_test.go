package wire

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTargets(t *testing.T) {
	var all targets
	first, err := all.of("ws://user:pass@a.test/path?q=1#no")
	require.NoError(t, err)
	assert.Equal(t, "ws://user:xxxxx@a.test/path?q=1#no", first.shown)
	assert.Equal(t, "a.test:80", first.where)
	assert.Equal(t, "/path?q=1", first.uri)
	assert.False(t, first.literal)
	plain := first.plainly()
	assert.Equal(t, "http", plain.Scheme)
	plain.Host = "changed.test" // by who finds proxies
	again, err := all.of("ws://user:pass@a.test/path?q=1#no")
	require.NoError(t, err)
	assert.Same(t, first, again)
	assert.Equal(t, "a.test", again.url.Host)

	six, err := all.of("ws://[::1]:81")
	require.NoError(t, err)
	assert.Equal(t, "[::1]:81", six.where)
	assert.Equal(t, "/", six.uri)
	assert.True(t, six.literal)
	_, err = all.of("http://a.test")
	require.Error(t, err)
	for i := range 3 * mostTargets {
		to, err := all.of(fmt.Sprintf("wss://a.test/%d", i))
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("/%d", i), to.uri)
		assert.LessOrEqual(t, len(*all.known.Load()), mostTargets)
	}
}
