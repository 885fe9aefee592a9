package consumer_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/consumer"
	"github.com/wsheal/wsheal/chaos/proc"
)

// TestWhoIsNotCounted: a canary is held up as clients are, and is none of them; nor is
// whoever has closed before.
func TestWhoIsNotCounted(t *testing.T) {
	i := consumer.NewInjector(proc.Monotonic)
	f := chaos.Fault{Name: "full", On: "blue", Share: 1, Effect: chaos.SlowConsumer{}}
	gone, _ := pair(t, i)
	require.NoError(t, gone.Close())
	raw, server := net.Pipe()
	defer server.Close()
	number, ok := chaos.CanaryFor(f, true, nil)
	require.True(t, ok)
	canary := i.Wrap(number, "blue", raw)
	require.NoError(t, i.Inject(t.Context(), f))
	read := make(chan error, 1)
	go func() {
		_, err := canary.Read(make([]byte, 10))
		read <- err
	}()
	_, err := server.Write([]byte("x"))
	require.NoError(t, err)
	require.NoError(t, i.Clear(t.Context(), f.Name))
	require.NoError(t, <-read)
	require.NoError(t, canary.Close())
	e, err := i.Evidence(t.Context(), f.Name)
	require.NoError(t, err)
	assert.Equal(t, []int64{0, 0, 0, 0}, []int64{int64(e.Targeted), int64(e.Hit), e.HeldChunks, e.HeldBytes})
}
