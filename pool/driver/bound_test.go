package driver

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestABoundIsAContext like those of package context, to whom it is given.
func TestABoundIsAContext(t *testing.T) {
	for name, x := range map[string]struct {
		end  func(*bound)
		want error
	}{
		"its time is over":   {func(*bound) { time.Sleep(time.Second) }, context.DeadlineExceeded},
		"it is not wanted":   {(*bound).cancel, context.Canceled},
		"it ends once":       {func(b *bound) { b.cancel(); time.Sleep(time.Minute); b.cancel() }, context.Canceled},
		"not before it does": {func(*bound) { time.Sleep(time.Second - 1) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				b := new(bound)
				b.limit(time.Second)
				defer b.cancel()
				at, ok := b.Deadline()
				assert.True(t, ok)
				assert.Equal(t, began.Add(time.Second), at)
				assert.Nil(t, b.Value("anything"))
				derived, cancel := context.WithCancel(b)
				defer cancel()
				var called atomic.Int64
				for range 3 { // more than it has room for
					context.AfterFunc(b, func() { called.Add(1) })
				}
				back := context.AfterFunc(b, func() { called.Add(10) })
				assert.True(t, back())
				assert.False(t, back())
				again := context.AfterFunc(b, func() { called.Add(1) })

				x.end(b)
				synctest.Wait()
				assert.Equal(t, x.want, b.Err())
				assert.Equal(t, x.want, derived.Err())
				assert.Equal(t, x.want == nil, again(), "what was called cannot be taken back")
				if x.want == nil {
					assert.Zero(t, called.Load())
					return
				}
				<-b.Done()
				assert.Equal(t, int64(4), called.Load())
				assert.False(t, b.AfterFunc(func() { called.Add(1) })(), "it is called at once")
				synctest.Wait()
				assert.Equal(t, int64(5), called.Load())
			})
		})
	}
}

// TestAHookIsItsUsersAlone until he takes it back, which he can do once.
func TestAHookIsItsUsersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := new(bound)
		b.limit(time.Second)
		first := b.AfterFunc(func() { t.Error("it was taken back") })
		assert.True(t, first())
		second := b.AfterFunc(func() {})
		assert.False(t, first(), "its place is another's now")
		assert.True(t, second())
		b.cancel()
		synctest.Wait()
	})
}
