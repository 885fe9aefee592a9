package driver

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNamesThatAreNotUsedAreForgotten: a list that changes for ever fills no memory.
func TestNamesThatAreNotUsedAreForgotten(t *testing.T) {
	book := &phonebook{hosts: map[string][]string{"chat.test": {"10.0.0.1"}}}
	inWorld(t, func(o *Options) { named(o, book) }, func(w *world) {
		w.listen("10.0.0.1:80")
		w.starts(time.Minute)
		for i := range 5 {
			host := fmt.Sprintf("pod%d.test", i)
			book.set(func(b *phonebook) { b.hosts[host] = []string{"10.0.0.1"} })
			require.NoError(w, w.fleet.SetEndpoints([]Endpoint{
				{Name: "chat", URL: "ws://chat.test/chat"}, {Name: "pod", URL: "ws://" + host + "/chat"},
			}))
			time.Sleep(2 * resolveGap)
			synctest.Wait()
			assert.Contains(w, w.spread(), "pod@10.0.0.1:80")
		}
		n := &w.fleet.crowd.names
		n.mu.Lock()
		defer n.mu.Unlock()
		assert.Len(w, n.known, 2)
		assert.Contains(w, n.known, "chat.test")
		assert.Contains(w, n.known, "pod4.test")
	})
}
